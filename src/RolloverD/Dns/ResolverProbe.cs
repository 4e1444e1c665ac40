using System.Collections.Immutable;
using System.Net;
using DnsClient;
using DnsClient.Protocol;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Dns.Messages;
using RolloverD.Dns.Transport;

namespace RolloverD.Dns;

/// <summary>
/// Asks the local resolver as any program on this host would, and looks at the AD bit: does it validate, and what does
/// it hold of a name at the moment?
/// </summary>
/// <remarks>
/// RFC 4035 §3.2.3 for the AD bit. TCP, no cache, and one server a query, so that a reply is that server's. One probe
/// lives as long as the process and asks two questions at most at once: it keeps a TCP connection open for each, and a
/// resolver takes few of them (Unbound: ten).
/// </remarks>
internal sealed class ResolverProbe
{
    private static readonly SemaphoreSlim Places = new(2);

    private readonly ImmutableArray<IPEndPoint> servers;
    private readonly LookupClient client;
    private readonly DnsPatience patience;

    public ResolverProbe(ResolverSettings settings, DnsPatience patience)
    {
        this.patience = patience;
        servers = [.. settings.Servers.Select(Round.ParseServer)];
        client = new(new LookupClientOptions([.. servers])
        {
            UseTcpOnly = true,
            UseCache = false,
            RequestDnsSecRecords = true,
            Timeout = patience.Question,
            // It keeps its TCP connections for the next question; one that the server closed meanwhile fails once.
            Retries = 1,
            ContinueOnDnsError = false,
            ThrowDnsErrors = false,
            AutoResolveNameServers = false,
        });
    }

    /// <summary>What the first server that answers says.</summary>
    public async Task<ResolverView> LookAsync(Name name, DnsRecordType type, CancellationToken cancellation)
    {
        ResolverView view = new ResolverView.Failed("no resolver is configured");
        await Places.WaitAsync(cancellation);
        try
        {
            foreach (IPEndPoint server in servers)
            {
                view = await LookAsync(server, name, type, cancellation);
                if (view is not ResolverView.Failed)
                    break;
            }
        }
        finally
        {
            Places.Release();
        }

        return view;
    }

    private async Task<ResolverView> LookAsync(
        IPEndPoint server, Name name, DnsRecordType type, CancellationToken cancellation)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(patience.Round);
        try
        {
            QueryType wanted = type == DnsRecordType.Tlsa ? QueryType.TLSA : QueryType.TXT;
            IDnsQueryResponse reply = await AskAsync(server, name.ToString(), wanted, late.Token);
            DnsHeaderResponseCode code = reply.Header.ResponseCode;
            if (code is not (DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain))
                return new ResolverView.Failed($"{server} answers {code} for {name}");
            DnsRecordSet set = ReadSet(reply, name, type);
            if (reply.Header.IsAuthenticData
                || (set.Values.IsEmpty && await LiesInSecureZonesAsync(server, reply, late.Token)))
            {
                return new ResolverView.Validated(set);
            }

            // The root is signed: a resolver that validates says so of it.
            IDnsQueryResponse root = await AskAsync(server, ".", QueryType.SOA, late.Token);
            return new ResolverView.NotValidated(root.Header.IsAuthenticData
                ? $"{server} validates, and finds {name} in a zone that is not signed"
                : $"{server} does not validate: even its answer for the root has no AD bit");
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            // Whatever the library makes of a reply that it cannot read: it is no view.
            string reason = failure.InnerException?.Message ?? failure.Message;
            return new ResolverView.Failed($"{server} does not answer: {reason}");
        }
    }

    // RFC 5155 §9.2: what is absent from an opt-out span comes without the AD bit, though the zone is signed. So its
    // SOA record is asked for instead, and each alias on the way.
    private async Task<bool> LiesInSecureZonesAsync(
        IPEndPoint server, IDnsQueryResponse absence, CancellationToken cancellation)
    {
        if (absence.Authorities.OfType<SoaRecord>().FirstOrDefault() is not { } soa)
            return false;
        IEnumerable<(DnsString Name, QueryType Type)> questions = absence.Answers.OfType<CNameRecord>()
            .Select(a => (a.DomainName, QueryType.CNAME))
            .Append((soa.DomainName, QueryType.SOA));
        foreach ((DnsString asked, QueryType type) in questions)
        {
            IDnsQueryResponse reply = await AskAsync(server, asked.Value, type, cancellation);
            if (!reply.Header.IsAuthenticData || reply.Answers.Count == 0)
                return false;
        }

        return true;
    }

    private async Task<IDnsQueryResponse> AskAsync(
        IPEndPoint server, string name, QueryType type, CancellationToken cancellation)
    {
        var question = new DnsQuestion(name, type);
        IDnsQueryResponse reply = await client.QueryServerAsync([new NameServer(server)], question, cancellation);
        bool isOurs = reply.Questions.Count == 1
            && reply.Questions[0].QuestionType == type
            && IsSame(reply.Questions[0].QueryName.Value, question.QueryName.Value);
        return isOurs ? reply : throw new DnsResponseException("the reply is for another question");
    }

    private static DnsRecordSet ReadSet(IDnsQueryResponse reply, Name name, DnsRecordType type)
    {
        string owner = FollowAliases(reply, name.ToString() + ".");
        DnsResourceRecord[] records =
        [
            .. reply.Answers
                .Where(r => IsSame(r.DomainName, owner))
                .Where(r => r is DnsClient.Protocol.TlsaRecord or TxtRecord),
        ];
        return new(
            owner.TrimEnd('.').ToLowerInvariant(),
            type,
            TimeSpan.FromSeconds(records.Length > 0 ? records.Min(r => r.InitialTimeToLive) : 0),
            [.. records.Select(Text).Distinct().Order(StringComparer.Ordinal)]);
    }

    private static string FollowAliases(IDnsQueryResponse reply, string name)
    {
        string at = name;
        for (int i = 0; i < reply.Answers.Count; i++)
        {
            if (reply.Answers.OfType<CNameRecord>().FirstOrDefault(c => IsSame(c.DomainName, at)) is not { } alias)
                break;
            at = alias.CanonicalName;
        }

        return at;
    }

    private static string Text(DnsResourceRecord record) => record switch
    {
        DnsClient.Protocol.TlsaRecord tlsa => new Core.Dane.TlsaRecord(
            new((CertificateUsage)tlsa.CertificateUsage, (Selector)tlsa.Selector, (MatchingType)tlsa.MatchingType),
            Convert.ToHexStringLower(tlsa.CertificateAssociationData.ToArray())).ToString(),
        TxtRecord txt => string.Concat(txt.Text),
        _ => "",
    };

    private static bool IsSame(string one, string other) =>
        string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}

using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using RolloverD.Core.Ports;
using RolloverD.Dns.Messages;
using RolloverD.Dns.Transport;
using RolloverD.Dns.Validation;

namespace RolloverD.Dns;

/// <summary>What one server's answer about a name comes to.</summary>
internal abstract record Sight
{
    private Sight()
    {
    }

    internal sealed record Content(AnswerContent Answer) : Sight;

    internal sealed record Alias(Name Target, TimeSpan Ttl, DateTimeOffset? Expires) : Sight;
}

/// <summary>What every server of a zone says of one name.</summary>
internal sealed record ZoneSight(
    Name? Zone,
    ZoneSecurity Security,
    TimeSpan NegativeTtl,
    ImmutableArray<(AuthoritativeServer Server, Sight Sight)> Servers,
    TimeSpan ServersTtl);

/// <summary>
/// Asks every address of every server of the zone that holds a name, and judges each answer by itself. The servers are
/// those that the parent delegates to and those that the zone itself lists: a resolver may go to any of them. Former
/// ones are asked besides: a resolver that has cached where the zone is may go there, too.
/// </summary>
internal sealed class ZoneExaminer(Round round, int port, ImmutableArray<FormerServer> former)
{
    // The zone's own servers may list more servers, which may list more: honest zones are done after two rounds.
    private const int MostWaves = 4;
    private const int SoaNumbersLength = 20;

    private readonly ServerFinder finder = new(round, port);

    public async Task<ZoneSight> ExamineAsync(Name name, DnsRecordType type)
    {
        (Name? zone, string problem) = await finder.FindZoneAsync(name);
        if (zone is null)
            return new(null, new ZoneSecurity.Unknown(problem), TimeSpan.Zero, [], TimeSpan.Zero);

        Task<Delegation> delegating = finder.FindDelegationAsync(zone);
        Trust trust = await TrustOfAsync(zone);
        Delegation delegation = await delegating;

        var question = new Question(name, type == DnsRecordType.Tlsa ? RecordType.Tlsa : RecordType.Txt);
        var seen = new List<ServerSight>();
        var known = new HashSet<Name>();
        ImmutableArray<Name> servers = delegation.Servers;
        for (int wave = 0; wave < MostWaves && servers.Any(s => !known.Contains(s)); wave++)
        {
            AuthoritativeServer[][] addresses = await Task.WhenAll(
                servers.Where(known.Add).Select(s => finder.FindAddressesAsync(s, delegation.Glue[s])));
            ServerSight[] sights =
                await Task.WhenAll(addresses.SelectMany(a => a).Select(s => AskAsync(s, question, zone, trust)));
            seen.AddRange(sights);
            servers = [.. sights.SelectMany(s => s.Listed).Distinct()];
        }

        seen.AddRange(await Task.WhenAll(FormerServers(seen).Select(s => AskAsync(s, question, zone, trust))));

        // Some server may be missing here; that must be seen, or the rest would pass for all.
        if (delegation.Problem.Length > 0)
            seen.Add(ServerSight.Without(AuthoritativeServer.Unreachable(zone, delegation.Problem)));
        if (servers.FirstOrDefault(s => !known.Contains(s)) is { } unasked)
            seen.Add(ServerSight.Without(AuthoritativeServer.Unasked(zone, unasked)));
        return new(
            zone,
            SecurityOf(trust),
            Longest(seen.Select(s => s.NegativeTtl)),
            [.. seen.OrderBy(s => s.Server.Name).SelectMany(s => s.All)],
            Longest(seen.SelectMany(s => new[] { s.ListedTtl, s.Server.Ttl }).Append(delegation.Ttl)));
    }

    private AuthoritativeServer[] FormerServers(List<ServerSight> seen) =>
    [
        .. former
            .Where(f => !seen.Any(s => s.Server.Name.ToString() == f.Server && s.Server.AddressText == f.Address))
            .Select(f =>
                Name.TryParse(f.Server, out Name? name) && IPAddress.TryParse(f.Address, out IPAddress? address)
                    ? new AuthoritativeServer(name, address, null, IsListed: false)
                    : null)
            .OfType<AuthoritativeServer>(),
    ];

    private static TimeSpan Longest(IEnumerable<TimeSpan> times) => times.Append(TimeSpan.Zero).Max();

    private async Task<Trust> TrustOfAsync(Name zone)
    {
        Trust trust = await round.Chain.OfAsync(zone);
        return trust is Trust.Secure(var keys) && !keys.Zone.Equals(zone)
            ? new Trust.Bogus($"{keys.Zone} proves that it does not delegate {zone}, whose SOA the resolver shows")
            : trust;
    }

    private async Task<ServerSight> AskAsync(AuthoritativeServer server, Question question, Name zone, Trust trust)
    {
        if (server.Address is null)
            return ServerSight.Without(server);
        var endpoint = new IPEndPoint(server.Address, port);
        Question soa = new(zone, RecordType.Soa);
        Question ns = new(zone, RecordType.Ns);
        Reply[] replies = await Task.WhenAll(
            round.Exchange.AskAsync(endpoint, question, QueryKind.Authoritative),
            round.Exchange.AskAsync(endpoint, soa, QueryKind.Authoritative),
            round.Exchange.AskAsync(endpoint, ns, QueryKind.Authoritative));
        (ImmutableArray<Name> listed, string? unlisted, TimeSpan ttl) = List(replies[2], ns, trust);
        return new(
            server,
            Look(replies[0], question, trust),
            listed,
            ttl,
            unlisted,
            Judge(replies[1], soa, trust) is Judgement.Positive found ? NegativeTtl(found) : TimeSpan.Zero);
    }

    // A server that only the zone itself lists is known from nowhere else.
    private (ImmutableArray<Name> Servers, string? Problem, TimeSpan Ttl) List(Reply reply, Question ns, Trust trust)
    {
        if (Unusable(reply, ns) is { } unusable)
            return ([], unusable, TimeSpan.Zero);
        return Judge(reply, ns, trust) switch
        {
            Judgement.Positive listed => (Targets(listed), null, listed.Ttl),
            // Where nothing is signed this proves no less than a list: servers made for a few names have none.
            Judgement.Absent { IsSigned: false } => ([], null, TimeSpan.Zero),
            Judgement.Bogus bogus => ([], bogus.Reason, TimeSpan.Zero),
            // Nothing that it says can be judged; its other answer tells why.
            null => ([], null, TimeSpan.Zero),
            _ => ([], "it answers that there are none", TimeSpan.Zero),
        };
    }

    private Sight Look(Reply reply, Question question, Trust trust)
    {
        if (reply is Reply.Unreachable unreachable)
            return new Sight.Content(new AnswerContent.Unreachable(unreachable.Reason));
        if (Unusable(reply, question) is { } unusable)
            return new Sight.Content(new AnswerContent.Failed(unusable));

        return Judge(reply, question, trust) switch
        {
            Judgement.Alias alias => new Sight.Alias(alias.Target, alias.Ttl, alias.Expires),
            { } judgement => new Sight.Content(Content(judgement, question)),
            null => new Sight.Content(Unjudged(trust)),
        };
    }

    private static string? Unusable(Reply reply, Question question) => reply switch
    {
        Reply.Answered { Message: { Code: not (ResponseCode.NoError or ResponseCode.NxDomain) } message } =>
            $"it answers {LocalResolver.Describe(message.Code)} for {question}",
        Reply.Answered { Message.Authoritative: false } => $"it does not answer {question} with authority",
        Reply.Answered => null,
        _ => reply.Problem,
    };

    private Judgement? Judge(Reply reply, Question question, Trust trust) => (reply, trust) switch
    {
        (Reply.Answered { Message.Authoritative: true } answered, Trust.Secure(var keys)) =>
            Judgement.Signed(answered.Message, question, keys, round.Clock.GetUtcNow()),
        (Reply.Answered { Message.Authoritative: true } answered, Trust.Insecure) =>
            Judgement.Unsigned(answered.Message, question),
        _ => null,
    };

    private static AnswerContent Content(Judgement judgement, Question question)
    {
        try
        {
            return judgement switch
            {
                Judgement.Positive { Expires: { } expires } signed =>
                    new AnswerContent.Serves(SetOf(question, signed.Records, signed.Ttl), expires),
                Judgement.Positive unsigned =>
                    new AnswerContent.Unsigned(SetOf(question, unsigned.Records, unsigned.Ttl)),
                // An unsigned delegation may be hidden here. The search for the zone would have found it; if somebody
                // keeps it from us, there is still no record that a sender takes for signed, and that is what is said.
                Judgement.AbsentInsecurely { DeniesSigned: true } open => new AnswerContent.Absent(open.NameExists),
                Judgement.Absent { IsSigned: false } or Judgement.AbsentInsecurely =>
                    new AnswerContent.Unsigned(SetOf(question, [], TimeSpan.Zero)),
                Judgement.Absent absent => new AnswerContent.Absent(absent.NameExists),
                Judgement.Bogus bogus => new AnswerContent.Bogus(bogus.Reason),
                _ => throw new InvalidOperationException("an alias is no content"),
            };
        }
        catch (FormatException malformed)
        {
            return new AnswerContent.Bogus($"a record of {question} is malformed: {malformed.Message}");
        }
    }

    private static DnsRecordSet SetOf(Question question, ImmutableArray<ResourceRecord> records, TimeSpan ttl) => new(
        question.Name.ToString(),
        question.Type == RecordType.Tlsa ? DnsRecordType.Tlsa : DnsRecordType.Txt,
        ttl,
        [.. records.Select(RecordText.Of).Distinct().Order(StringComparer.Ordinal)]);

    private static AnswerContent Unjudged(Trust trust) => trust switch
    {
        Trust.Bogus bogus => new AnswerContent.Bogus($"nothing can verify in this zone: {bogus.Reason}"),
        Trust.Unknown unknown => new AnswerContent.Failed($"its answer cannot be judged: {unknown.Reason}"),
        _ => throw new InvalidOperationException("the answer can be judged"),
    };

    private static ZoneSecurity SecurityOf(Trust trust) => trust switch
    {
        Trust.Secure => new ZoneSecurity.Secure(),
        Trust.Insecure insecure => new ZoneSecurity.Insecure(insecure.Reason),
        Trust.Bogus bogus => new ZoneSecurity.Bogus(bogus.Reason),
        Trust.Unknown unknown => new ZoneSecurity.Unknown(unknown.Reason),
        _ => throw new InvalidOperationException("a trust of an unknown kind"),
    };

    private static ImmutableArray<Name> Targets(Judgement.Positive listed) => [.. listed.Records.Select(r => r.Target)];

    // RFC 2308 §5: the smaller of the SOA record's own TTL and its last field.
    private static TimeSpan NegativeTtl(Judgement.Positive soa)
    {
        byte[] data = soa.Records[0].Data;
        if (data.Length < SoaNumbersLength)
            return TimeSpan.Zero;
        var minimum = TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(data.Length - 4)));
        return soa.Ttl < minimum ? soa.Ttl : minimum;
    }

    private sealed record ServerSight(
        AuthoritativeServer Server,
        Sight Sight,
        ImmutableArray<Name> Listed,
        TimeSpan ListedTtl,
        string? Unlisted,
        TimeSpan NegativeTtl)
    {
        /// <summary>
        /// What it says; and, where that is good but the servers of the zone are not told, that this is missing. What
        /// it serves counts all the same.
        /// </summary>
        public IEnumerable<(AuthoritativeServer Server, Sight Sight)> All =>
            Unlisted is null || !IsGood || !Server.IsListed
                ? [(Server, Sight)]
                : [(Server, Sight), (Server, Incomplete(Unlisted))];

        private bool IsGood => Sight is Sight.Alias
            || Sight is Sight.Content(AnswerContent.Serves or AnswerContent.Absent or AnswerContent.Unsigned);

        public static ServerSight Without(AuthoritativeServer server) =>
            new(server, new Sight.Content(server.Missing!), [], TimeSpan.Zero, null, TimeSpan.Zero);

        private static Sight.Content Incomplete(string reason) =>
            new(new AnswerContent.Failed($"it does not tell which servers the zone has: {reason}"));
    }
}

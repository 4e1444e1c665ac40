using System.Collections.Immutable;
using System.Net;
using RolloverD.Core.Policy;
using RolloverD.Dns.Messages;
using RolloverD.Dns.Transport;
using RolloverD.Dns.Validation;

namespace RolloverD.Dns;

/// <summary>
/// Looks names up through the local resolver and validates the answers itself, from the trust anchor. A resolver's AD
/// bit alone cannot tell insecure from bogus, and DANE needs the two apart.
/// </summary>
/// <remarks>RFC 7672 §2.1 for why.</remarks>
public sealed class ValidatingResolver(ResolverSettings settings, TimeProvider clock, DnsPatience? patience = null)
{
    private const int LongestAliasChain = 8;

    /// <summary>Looks one name up. Failures of the network are values; only cancellation is thrown.</summary>
    /// <exception cref="InvalidDataException">The resolver's address or the trust anchor cannot be used.</exception>
    public async Task<LookupAnswer> LookupAsync(string name, RecordType type, CancellationToken cancellation)
    {
        await using Round round =
            await Round.BeginAsync(settings, clock, patience ?? DnsPatience.Usual, cancellation);
        return await LookupAsync(round, name, type);
    }

    /// <summary>Every address of a host. One that cannot be looked up is told, even when others were found.</summary>
    /// <exception cref="InvalidDataException">The resolver's address or the trust anchor cannot be used.</exception>
    public async Task<HostAddresses> FindAddressesAsync(string host, CancellationToken cancellation)
    {
        await using Round round =
            await Round.BeginAsync(settings, clock, patience ?? DnsPatience.Usual, cancellation);
        LookupAnswer[] answers = await Task.WhenAll(
            LookupAsync(round, host, RecordType.Aaaa), LookupAsync(round, host, RecordType.A));
        ImmutableArray<IPAddress> addresses = [.. answers.SelectMany(a => a.Values).Select(IPAddress.Parse)];
        string? problem = answers.Select(a => a.Content.Problem).FirstOrDefault(p => p is not null);
        IEnumerable<TimeSpan> ttls = answers
            .SelectMany(a => a.Aliases.Select(alias => alias.Ttl))
            .Concat(answers.Select(a => a.Content).OfType<LookupContent.Found>().Select(found => found.Ttl));
        return new(
            addresses, problem ?? (addresses.IsEmpty ? $"{host} has no address" : null),
            ttls.Append(TimeSpan.Zero).Max());
    }

    internal static async Task<LookupAnswer> LookupAsync(Round round, string name, RecordType type)
    {
        if (!Name.TryParse(name, out Name? at))
            return new(name, type, name, [], new LookupContent.Failed($"'{name}' is not a domain name"));
        var aliases = ImmutableArray.CreateBuilder<LookupAlias>();
        while (true)
        {
            (Judgement? judgement, LookupContent? content, Standing standing) = await StepAsync(round, new(at, type));
            if (judgement is not Judgement.Alias alias)
                return new(name, type, at.ToString(), aliases.ToImmutable(), content!);

            aliases.Add(new(at.ToString(), alias.Target.ToString(), alias.Ttl, standing));
            at = alias.Target;
            string target = at.ToString();
            if (aliases.Count > LongestAliasChain || aliases.Any(a => a.From == target))
            {
                var endless = new LookupContent.Failed($"the CNAMEs from {name} loop or lead too far, at {target}");
                return new(name, type, target, aliases.ToImmutable(), endless);
            }
        }
    }

    private static async Task<(Judgement? Judgement, LookupContent? Content, Standing Standing)> StepAsync(
        Round round, Question question)
    {
        Reply reply = await round.Resolver.AskAsync(question.Name, question.Type);
        if (reply is not Reply.Answered(var message))
            return (null, new LookupContent.Failed(reply.Problem), Standing.Indeterminate);

        Name? signer = SignerOf(message, question);
        Trust trust = await round.Chain.OfAsync(signer ?? question.Name);
        Judgement judgement;
        Standing standing = Standing.Secure;
        switch (trust)
        {
            case Trust.Secure(var keys):
                judgement = Judgement.Signed(message, question, keys, round.Clock.GetUtcNow());
                break;
            case Trust.Insecure:
                judgement = Judgement.Unsigned(message, question);
                standing = Standing.Insecure;
                break;
            case Trust.Bogus bogus:
                return (null, new LookupContent.Bogus(bogus.Reason), Standing.Indeterminate);
            default:
                string reason = ((Trust.Unknown)trust).Reason;
                return (null, new LookupContent.Failed(reason), Standing.Indeterminate);
        }

        return (judgement, Content(judgement, standing), standing);
    }

    private static LookupContent? Content(Judgement judgement, Standing standing)
    {
        try
        {
            return judgement switch
            {
                Judgement.Positive positive => new LookupContent.Found(
                    [.. positive.Records.Select(RecordText.Of).Distinct().Order(StringComparer.Ordinal)], positive.Ttl)
                {
                    Standing = standing,
                },
                Judgement.Absent { NameExists: true } => new LookupContent.NoData { Standing = standing },
                Judgement.Absent => new LookupContent.NoName { Standing = standing },
                Judgement.AbsentInsecurely { NameExists: true } =>
                    new LookupContent.NoData { Standing = Standing.Insecure },
                Judgement.AbsentInsecurely => new LookupContent.NoName { Standing = Standing.Insecure },
                Judgement.Bogus bogus => new LookupContent.Bogus(bogus.Reason),
                _ => null,
            };
        }
        catch (FormatException malformed)
        {
            return new LookupContent.Bogus($"a record in the answer is malformed: {malformed.Message}");
        }
    }

    // Which zone signed: only names above the one that was asked for count, and what lies below an insecure zone is
    // insecure, so that a made-up signature can point nowhere that would help a forger.
    private static Name? SignerOf(Message message, Question question)
    {
        bool isNegative = message.Answer.IsEmpty;
        ImmutableArray<ResourceRecord> section = isNegative ? message.Authority : message.Answer;
        try
        {
            return section.Where(r => r.Type == RecordType.Rrsig)
                .Select(r => (r.Owner, Signature: Signature.Read(r.Data)))
                .Where(s => isNegative || Answers(s.Owner, s.Signature.Covered, question))
                .Select(s => s.Signature.Signer)
                .Where(s => question.Type == RecordType.Ds ? question.Name.IsBelow(s) : question.Name.IsAtOrBelow(s))
                .MaxBy(s => s.LabelCount);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool Answers(Name owner, RecordType type, Question question) =>
        type == RecordType.Dname
            ? question.Name.IsBelow(owner)
            : owner.Equals(question.Name) && (type == question.Type || type == RecordType.Cname);
}

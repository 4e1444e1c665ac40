using System.Collections.Immutable;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Dns.Messages;
using RolloverD.Dns.Transport;

namespace RolloverD.Dns;

/// <summary>
/// Sees what every authoritative server of a name really answers. Follows the name's CNAMEs one by one: each must be
/// the same at every server of its own zone before the next name is looked at.
/// </summary>
/// <param name="settings">The local resolver and the trust anchor.</param>
/// <param name="clock">Judges signatures and bounds waits.</param>
/// <param name="patience">How long answers are waited for; usually 2 s for one and 5 s for all.</param>
/// <param name="port">The port of authoritative servers.</param>
public sealed class Authority(
    ResolverSettings settings, TimeProvider clock, DnsPatience? patience = null, int port = 53) : IAuthority
{
    private const int LongestAliasChain = 8;

    private readonly Lazy<ResolverProbe> probe = new(() => new(settings, patience ?? DnsPatience.Usual));

    /// <inheritdoc/>
    public async Task<OwnerObservation> ObserveAsync(
        string name, DnsRecordType type, ImmutableArray<FormerServer> former, CancellationToken cancellation)
    {
        DateTimeOffset startedAt = clock.GetUtcNow();
        var unseen = new ResolverView.Failed("nothing was asked");
        var empty = new OwnerObservation(
            name, name, null, type, startedAt, startedAt, [], new ZoneSecurity.Secure(), TimeSpan.Zero, [], unseen);
        if (!Name.TryParse(name, out Name? first))
            return empty with { Security = new ZoneSecurity.Unknown($"'{name}' is not a domain name") };
        try
        {
            await using Round round =
                await Round.BeginAsync(settings, clock, patience ?? DnsPatience.Usual, cancellation);
            Task<ResolverView> viewing = probe.Value.LookAsync(first, type, cancellation);
            OwnerObservation seen = await FollowAsync(new(round, port, former), empty, first);
            ResolverView resolver = await viewing;
            return seen with { FinishedAt = clock.GetUtcNow(), Resolver = resolver };
        }
        catch (InvalidDataException unusable)
        {
            return empty with { Security = new ZoneSecurity.Unknown(unusable.Message) };
        }
    }

    private static async Task<OwnerObservation> FollowAsync(ZoneExaminer examiner, OwnerObservation seen, Name at)
    {
        var troubled = new List<ServerAnswer>();
        DateTimeOffset? aliasesExpire = null;
        while (true)
        {
            ZoneSight sight = await examiner.ExamineAsync(at, seen.Type);
            seen = seen with
            {
                Owner = at.ToString(),
                Zone = sight.Zone?.ToString(),
                Security = Weaker(seen.Security, sight.Security),
                NegativeTtl = sight.NegativeTtl,
                ServersTtl = sight.ServersTtl,
            };
            (AuthoritativeServer Server, Sight Sight)[] listed = [.. sight.Servers.Where(s => s.Server.IsListed)];
            ImmutableArray<Sight.Alias> aliases = [.. listed.Select(s => s.Sight).OfType<Sight.Alias>()];
            Name? target = AgreedTarget(listed, aliases);
            string? refusal = target is null ? null : WhyNotFollow(seen, target);
            if (target is null || refusal is not null)
                return seen with { Servers = Answers(sight, refusal, troubled, aliasesExpire) };

            seen = seen with
            {
                Aliases = seen.Aliases.Add(new(at.ToString(), target.ToString(), aliases.Max(a => a.Ttl))),
            };
            aliasesExpire = Earlier(aliasesExpire, aliases.Min(a => a.Expires));
            troubled.AddRange(listed
                .Where(s => s.Sight is Sight.Content)
                .Select(s => Answer(s.Server, s.Sight, null)));
            at = target;
        }
    }

    // A server that cannot be heard does not stop the others from being followed; one that says something else does.
    private static Name? AgreedTarget(
        (AuthoritativeServer Server, Sight Sight)[] servers, ImmutableArray<Sight.Alias> aliases)
    {
        bool isContradicted = servers.Any(s => s.Sight is Sight.Content
        {
            Answer: AnswerContent.Serves or AnswerContent.Absent or AnswerContent.Unsigned,
        });
        return isContradicted || aliases.Select(a => a.Target).Distinct().Count() != 1 ? null : aliases[0].Target;
    }

    private static string? WhyNotFollow(OwnerObservation seen, Name target)
    {
        string next = target.ToString();
        if (seen.Owner == next || seen.Aliases.Any(a => a.From == next))
            return $"the CNAMEs of {seen.Name} lead in a circle, back to {next}";
        return seen.Aliases.Length >= LongestAliasChain
            ? $"more than {LongestAliasChain} CNAMEs lead on from {seen.Name}"
            : null;
    }

    private static ImmutableArray<ServerAnswer> Answers(
        ZoneSight sight, string? refusal, List<ServerAnswer> troubled, DateTimeOffset? aliasesExpire)
    {
        // What a server of an alias's zone did not say counts as an answer that is missing, whatever it says of the
        // owner; and what it serves there counts, too, for who asks later may be led to it.
        ImmutableArray<ServerAnswer> missing =
        [
            .. troubled.DistinctBy(t => (t.Server, t.Address)).Select(t => t with { IsOfZone = IsListed(sight, t) }),
        ];
        IEnumerable<ServerAnswer> others = sight.Servers
            .Select(s => Answer(s.Server, s.Sight, refusal))
            .Where(a => IsHeard(a) || !missing.Any(m => (m.Server, m.Address) == (a.Server, a.Address)))
            .Select(a => Limit(a, aliasesExpire));
        return [.. others.Concat(missing).OrderBy(a => a.Server, StringComparer.Ordinal)];
    }

    private static bool IsListed(ZoneSight sight, ServerAnswer answer) => sight.Servers.Any(s =>
        s.Server.IsListed && (s.Server.Name.ToString(), s.Server.AddressText) == (answer.Server, answer.Address));

    private static bool IsHeard(ServerAnswer answer) =>
        answer.Content is AnswerContent.Serves or AnswerContent.Absent or AnswerContent.Unsigned;

    private static ServerAnswer Answer(AuthoritativeServer server, Sight sight, string? refusal) => new(
        server.Name.ToString(),
        server.AddressText,
        sight switch
        {
            Sight.Content content => content.Answer,
            Sight.Alias alias => new AnswerContent.LeadsElsewhere(
                refusal ?? $"it answers with a CNAME to {alias.Target}, on which the servers do not agree"),
            _ => throw new InvalidOperationException("a sight of an unknown kind"),
        },
        server.IsListed);

    // The signatures of the aliases must last as long as that of the records.
    private static ServerAnswer Limit(ServerAnswer answer, DateTimeOffset? aliasesExpire) =>
        answer.Content is AnswerContent.Serves serves && aliasesExpire < serves.SignatureExpires
            ? answer with { Content = serves with { SignatureExpires = aliasesExpire.Value } }
            : answer;

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null || other < one ? other ?? one : one;

    // A chain of names is worth what its weakest zone is.
    private static ZoneSecurity Weaker(ZoneSecurity one, ZoneSecurity other) => Rank(other) > Rank(one) ? other : one;

    private static int Rank(ZoneSecurity security) => security switch
    {
        ZoneSecurity.Secure => 0,
        ZoneSecurity.Insecure => 1,
        ZoneSecurity.Unknown => 2,
        _ => 3,
    };
}

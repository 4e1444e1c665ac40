using System.Collections.Immutable;
using System.Text.Json.Serialization;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>
/// An address of a name server that a zone has or had. Resolvers that have cached where the zone is go on asking one
/// that was taken out of it, and keep what they get there.
/// </summary>
/// <param name="Server">The server's name.</param>
/// <param name="Address">The address.</param>
/// <param name="Ttl">
/// The longest time that a resolver may know it: see <see cref="OwnerObservation.ServersTtl"/>.
/// </param>
/// <param name="LeftAt">When a look first found the zone without it; null while the zone has it.</param>
public sealed record KnownServer(string Server, string Address, TimeSpan Ttl, DateTimeOffset? LeftAt = null)
{
    /// <summary>So long resolvers keep anything, whatever its TTL: a week is the most that is in common use.</summary>
    private static readonly TimeSpan LongestTtl = TimeSpan.FromDays(7);

    /// <summary>When the last resolver has forgotten it, but for the margin; null while the zone has it.</summary>
    [JsonIgnore]
    public DateTimeOffset? ForgottenAt => LeftAt + Ttl;

    private bool IsSame(KnownServer other) => other.Address == Address && other.Server == Server;

    private bool IsAt(ServerAnswer answer) => answer.Address == Address && answer.Server == Server;

    /// <summary>What it answered in a round; null when it was not asked.</summary>
    public ServerAnswer? AnswerIn(OwnerObservation round)
    {
        foreach (ServerAnswer answer in round.Servers)
        {
            if (IsAt(answer))
                return answer;
        }

        return null;
    }

    /// <summary>
    /// The servers that are known of a zone: an owner's own, and those that were taken out and that other owners of the
    /// zone know, as from before this one was first looked at: by the one that knows it for longest.
    /// </summary>
    internal static ImmutableArray<KnownServer> OfZone(
        string? zone, ImmutableArray<KnownServer> known, IEnumerable<OwnerLedger> others)
    {
        List<KnownServer>? left = null;
        foreach (OwnerLedger other in others)
        {
            if (zone is null || other.Zone != zone)
                continue;

            foreach (KnownServer server in other.Servers)
            {
                if (server.LeftAt is not null && !known.Any(k => k.IsSame(server)))
                    (left ??= []).Add(server);
            }
        }

        return left is null
            ? known
            :
            [
                .. known,
                .. left.OrderBy(s => s.Address, StringComparer.Ordinal).ThenBy(s => s.Server, StringComparer.Ordinal)
                    .ThenByDescending(s => s.ForgottenAt).DistinctBy(s => (s.Server, s.Address)),
            ];
    }

    /// <summary>The servers that are known after a round.</summary>
    /// <param name="known">Those that were known before.</param>
    /// <param name="round">The round. One of the zone's servers is missed only where every other one was heard.</param>
    /// <param name="margin">How much longer than a TTL a server counts.</param>
    /// <returns>The same array when nothing is new.</returns>
    internal static ImmutableArray<KnownServer> After(
        ImmutableArray<KnownServer> known, OwnerObservation round, TimeSpan margin)
    {
        TimeSpan ttl = Bounded(round.ServersTtl);
        if (AreAll(known, round, ttl))
            return known;

        ServerAnswer[] listed = [.. round.Servers.Where(s => IsListed(s) && s.Address.Length > 0)];
        if (listed.Length == 0)
            return known;

        bool isComplete = round.Servers.Where(s => s.IsListed).All(Evidence.IsHeard);
        ImmutableArray<KnownServer> after =
        [
            .. known.Select(k => listed.Any(k.IsAt) ? k with { Ttl = Longer(k.Ttl, ttl), LeftAt = null }
                    : k.LeftAt is null && isComplete ? k with { LeftAt = round.FinishedAt }
                    : k)
                .Where(k => !(k.ForgottenAt + margin <= round.StartedAt)),
            .. Fresh(known, round),
        ];
        return after.AsSpan().SequenceEqual(known.AsSpan()) ? known : after;
    }

    /// <summary>
    /// The servers that are known, and those that a round found beside the look that counts: none leaves.
    /// </summary>
    /// <returns>The same array when nothing is new.</returns>
    internal static ImmutableArray<KnownServer> With(ImmutableArray<KnownServer> known, OwnerObservation round)
    {
        TimeSpan ttl = Bounded(round.ServersTtl);
        ImmutableArray<KnownServer> with =
        [
            .. known.Select(k => round.Servers.Any(s => IsListed(s) && k.IsAt(s))
                ? k with { Ttl = Longer(k.Ttl, ttl), LeftAt = null }
                : k),
            .. Fresh(known, round),
        ];
        return with.AsSpan().SequenceEqual(known.AsSpan()) ? known : with;
    }

    /// <summary>
    /// The servers that are known of a zone one of whose names has become an alias. A round that follows it tells the
    /// servers of the zone that it leads to: the others may be gone, and go on giving out what the name held.
    /// </summary>
    /// <param name="known">Those that were known before.</param>
    /// <param name="round">The round.</param>
    /// <param name="margin">How much longer than a TTL a server counts.</param>
    /// <returns>The same array when nothing is new.</returns>
    internal static ImmutableArray<KnownServer> LeftBehind(
        ImmutableArray<KnownServer> known, OwnerObservation round, TimeSpan margin)
    {
        ImmutableArray<KnownServer> after =
        [
            .. known
                .Select(k => k.LeftAt is null && k.AnswerIn(round) is null ? k with { LeftAt = round.FinishedAt } : k)
                .Where(k => !(k.ForgottenAt + margin <= round.StartedAt)),
        ];
        return after.AsSpan().SequenceEqual(known.AsSpan()) ? known : after;
    }

    private static ImmutableArray<KnownServer> Fresh(ImmutableArray<KnownServer> known, OwnerObservation round)
    {
        TimeSpan ttl = Bounded(round.ServersTtl);
        return
        [
            .. round.Servers.Where(s => IsListed(s) && s.Address.Length > 0 && !IsKnown(known, s))
                .DistinctBy(s => (s.Server, s.Address))
                .Select(s => new KnownServer(s.Server, s.Address, ttl)),
        ];
    }

    private static TimeSpan Bounded(TimeSpan ttl) => ttl < LongestTtl ? ttl : LongestTtl;

    // As nearly always: each server is known, none has left, and no TTL is longer than before.
    private static bool AreAll(ImmutableArray<KnownServer> known, OwnerObservation round, TimeSpan ttl)
    {
        foreach (KnownServer server in known)
        {
            if (server.LeftAt is not null || server.Ttl < ttl
                || server.AnswerIn(round) is not { } answer || !IsListed(answer))
            {
                return false;
            }
        }

        foreach (ServerAnswer answer in round.Servers)
        {
            if (answer.IsOfZone && answer.Address.Length > 0 && !IsKnown(known, answer))
                return false;
        }

        return true;
    }

    // One of an alias's zone alone is none of the owner's.
    private static bool IsListed(ServerAnswer answer) => answer is { IsListed: true, IsOfZone: true };

    private static bool IsKnown(ImmutableArray<KnownServer> known, ServerAnswer answer)
    {
        foreach (KnownServer server in known)
        {
            if (server.IsAt(answer))
                return true;
        }

        return false;
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}

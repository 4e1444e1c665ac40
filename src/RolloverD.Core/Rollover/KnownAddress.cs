using System.Collections.Immutable;
using System.Text.Json.Serialization;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>
/// An address that a host has or had. Senders that have cached the host's addresses go on using one that was taken out
/// of DNS, and meet what is shown there.
/// </summary>
/// <param name="Address">The IP address.</param>
/// <param name="Ttl">The longest time that a sender may know it.</param>
/// <param name="Leaves">
/// SHA-256 of the leaves that may be shown there, sorted: those of the last look, and while it does not answer whatever
/// is shown at the endpoint.
/// </param>
/// <param name="LeftAt">When a look first found the host without it; null while it has it.</param>
/// <param name="BrokenSince">Since when handshakes fail there; null where none did when it last answered.</param>
public sealed record KnownAddress(
    string Address, TimeSpan Ttl, ImmutableArray<string> Leaves, DateTimeOffset? LeftAt = null,
    DateTimeOffset? BrokenSince = null)
{
    /// <summary>So long anybody keeps an address, whatever its TTL.</summary>
    private static readonly TimeSpan LongestTtl = TimeSpan.FromDays(7);

    /// <summary>When the last sender has forgotten it, but for the margin; null while the host has it.</summary>
    [JsonIgnore]
    public DateTimeOffset? ForgottenAt => LeftAt + Ttl;

    /// <summary>Whether the chain may be shown there.</summary>
    public bool MayShow(Chain chain) => Leaves.Contains(chain.Leaf.Sha256);

    /// <summary>Whether a handshake of the round showed what it serves.</summary>
    public bool IsHeardIn(EndpointObservation? round) =>
        round?.Former.FirstOrDefault(a => a.Address == Address) is { } answer && IsHeard(answer);

    /// <summary>
    /// The addresses that are known of a host: an endpoint's own, and those that were taken out and that others of the
    /// host know, as from before this one was first looked at: by the one that knows it for longest. What they show
    /// here has to be met first.
    /// </summary>
    internal static ImmutableArray<KnownAddress> OfHost(
        string host, ImmutableArray<KnownAddress> known, IEnumerable<EndpointFacts> others)
    {
        List<KnownAddress>? left = null;
        foreach (EndpointFacts other in others)
        {
            if (other.Endpoint.Host != host)
                continue;

            foreach (KnownAddress address in other.Addresses)
            {
                if (address.LeftAt is not null && !known.Any(k => k.Address == address.Address))
                    (left ??= []).Add(address with { Leaves = [] });
            }
        }

        return left is null
            ? known
            :
            [
                .. known,
                .. left.OrderBy(a => a.Address, StringComparer.Ordinal).ThenByDescending(a => a.ForgottenAt)
                    .DistinctBy(a => a.Address),
            ];
    }

    /// <summary>The addresses that are known after a round.</summary>
    /// <param name="known">Those that were known before.</param>
    /// <param name="round">The round.</param>
    /// <param name="seen">The chains that some address may show, as far as was known before.</param>
    /// <param name="margin">How much longer than its TTL an address counts.</param>
    /// <returns>The same array when nothing is new.</returns>
    internal static ImmutableArray<KnownAddress> After(
        ImmutableArray<KnownAddress> known, EndpointObservation round, ImmutableArray<Chain> seen, TimeSpan margin)
    {
        TimeSpan ttl = Bounded(round.AddressesTtl);
        if (round.AddressProblem is not null || round.Addresses.IsEmpty || AreAll(known, round, ttl))
            return known;

        ImmutableArray<KnownAddress> after =
        [
            .. known.Select(k => In(round.Addresses, k) is { } listed
                    ? k.Met(listed, seen) with
                    {
                        Ttl = k.Ttl > ttl ? k.Ttl : ttl,
                        LeftAt = null,
                        BrokenSince = listed.IsBroken ? k.BrokenSince ?? round.FinishedAt
                            : IsHeard(listed) ? null
                            : k.BrokenSince,
                    }
                    : k.Met(In(round.Former, k), seen) with { LeftAt = k.LeftAt ?? round.FinishedAt })
                .Where(k => !(k.ForgottenAt + margin <= round.StartedAt)),
            .. Fresh(known, round, seen),
        ];
        return after.AsSpan().SequenceEqual(known.AsSpan()) ? known : after;
    }

    /// <summary>
    /// The addresses that are known, and those that a round found beside the look that counts: none leaves.
    /// </summary>
    /// <param name="known">Those that were known before.</param>
    /// <param name="round">The round.</param>
    /// <param name="seen">The chains that some address may show, as far as was known before.</param>
    /// <returns>The same array when nothing is new.</returns>
    internal static ImmutableArray<KnownAddress> With(
        ImmutableArray<KnownAddress> known, EndpointObservation round, ImmutableArray<Chain> seen)
    {
        TimeSpan ttl = Bounded(round.AddressesTtl);
        ImmutableArray<KnownAddress> with =
        [
            .. known.Select(k => In(round.Addresses, k) is not null
                ? k with { Ttl = k.Ttl > ttl ? k.Ttl : ttl, LeftAt = null }
                : k),
            .. Fresh(known, round, seen),
        ];
        return with.AsSpan().SequenceEqual(known.AsSpan()) ? known : with;
    }

    private static ImmutableArray<KnownAddress> Fresh(
        ImmutableArray<KnownAddress> known, EndpointObservation round, ImmutableArray<Chain> seen)
    {
        TimeSpan ttl = Bounded(round.AddressesTtl);
        return
        [
            .. round.Addresses.Where(a => !known.Any(k => k.Address == a.Address))
                .DistinctBy(a => a.Address)
                .Select(a => new KnownAddress(
                    a.Address, ttl, [], null, a.IsBroken ? round.FinishedAt : null).Met(a, seen)),
        ];
    }

    private static TimeSpan Bounded(TimeSpan ttl) => ttl < LongestTtl ? ttl : LongestTtl;

    // As nearly always: each address is known, none has left, no TTL is longer than before, and the same is shown.
    private static bool AreAll(ImmutableArray<KnownAddress> known, EndpointObservation round, TimeSpan ttl)
    {
        if (known.Length != round.Addresses.Length)
            return false;

        foreach (KnownAddress address in known)
        {
            if (address.LeftAt is not null || address.BrokenSince is not null || address.Ttl < ttl
                || In(round.Addresses, address) is not { Presented: [Presented.Shows shows] }
                || address.Leaves.Length != 1 || address.Leaves[0] != shows.Chain.Leaf.Sha256)
            {
                return false;
            }
        }

        return true;
    }

    private static AddressObservation? In(ImmutableArray<AddressObservation> addresses, KnownAddress known)
    {
        foreach (AddressObservation address in addresses)
        {
            if (address.Address == known.Address)
                return address;
        }

        return null;
    }

    private static bool IsHeard(AddressObservation answer) =>
        !answer.Presented.IsEmpty && answer.Presented.All(p => p is Presented.Shows);

    // What it shows now; where it does not say, whatever it or another address may have shown by now.
    private KnownAddress Met(AddressObservation? answer, ImmutableArray<Chain> seen)
    {
        IEnumerable<string> shown =
            (answer?.Presented ?? []).OfType<Presented.Shows>().Select(p => p.Chain.Leaf.Sha256);
        IEnumerable<string> leaves = answer is not null && IsHeard(answer)
            ? shown
            : shown.Concat(Leaves).Concat(seen.Select(c => c.Leaf.Sha256));
        ImmutableArray<string> sorted = [.. leaves.Distinct().Order(StringComparer.Ordinal)];
        return sorted.AsSpan().SequenceEqual(Leaves.AsSpan()) ? this : this with { Leaves = sorted };
    }

    public bool Equals(KnownAddress? other) =>
        other is not null
        && (Address, Ttl, LeftAt, BrokenSince) == (other.Address, other.Ttl, other.LeftAt, other.BrokenSince)
        && Leaves.AsSpan().SequenceEqual(other.Leaves.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Address, Ttl, LeftAt, Leaves.Length);
}

using System.Collections.Immutable;
using System.Text.Json.Serialization;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>What an endpoint was seen to serve.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="TlsaOwner">
/// The owner of its TLSA records after CNAMEs, as last seen; null before the first look.
/// </param>
/// <param name="Seen">The chains that some address may still present, by the rounds of handshakes so far.</param>
/// <param name="CompleteAt">When every address last answered; null when that never happened.</param>
/// <param name="Problem">What was wrong in the last round, or null.</param>
/// <param name="Local">Those of the chains that only addresses of this host have shown.</param>
/// <param name="Adopted">The chains that the operator adopted, though RolloverD did not deploy them.</param>
/// <param name="TakenOverAt">
/// When a chain of a generation was first seen here; null: what is served was there before RolloverD.
/// </param>
/// <param name="LookedAt">When it was last looked at, whatever came of it; null before the first look.</param>
/// <param name="Lingering">
/// The chains that the last complete rounds met no more, though a process that they did not meet may still show them.
/// </param>
/// <param name="Former">The owners before, to which caches may still be led.</param>
public sealed record EndpointFacts(
    Endpoint Endpoint,
    string? TlsaOwner,
    ImmutableArray<Chain> Seen,
    DateTimeOffset? CompleteAt,
    string? Problem,
    ImmutableArray<Chain> Local = default,
    ImmutableArray<AdoptedChain> Adopted = default,
    DateTimeOffset? TakenOverAt = null,
    DateTimeOffset? LookedAt = null,
    ImmutableArray<LingeringChain> Lingering = default,
    ImmutableArray<FormerOwner> Former = default)
{
    /// <summary>How long a chain stays adopted that no address shows any more.</summary>
    private static readonly TimeSpan AdoptedFor = TimeSpan.FromDays(7);

    /// <summary>How long a chain that is not shown any more is remembered: longer than any drain.</summary>
    private static readonly TimeSpan LingersFor = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How far two rounds may lie apart and still tell what was there in between: more than twice any drain, and than
    /// the daemon ever rests.
    /// </summary>
    private static readonly TimeSpan Together = TimeSpan.FromMinutes(5);

    public static EndpointFacts Unseen(Endpoint endpoint) => new(endpoint, null, [], null, null);

    /// <summary>Those of the chains that only addresses of this host have shown.</summary>
    public ImmutableArray<Chain> Local { get; init; } = Local.IsDefault ? [] : Local;

    /// <summary>The chains that the operator adopted.</summary>
    public ImmutableArray<AdoptedChain> Adopted { get; init; } = Adopted.IsDefault ? [] : Adopted;

    /// <summary>The chains that were shown until a short while ago.</summary>
    public ImmutableArray<LingeringChain> Lingering { get; init; } = Lingering.IsDefault ? [] : Lingering;

    /// <summary>The owners before.</summary>
    public ImmutableArray<FormerOwner> Former { get; init; } = Former.IsDefault ? [] : Former;

    /// <summary>
    /// The chains that some process may show: those that were seen, and for the time that a process of a mail server
    /// may live on unmet also those that no round meets any more.
    /// </summary>
    public IEnumerable<Chain> ShownAt(DateTimeOffset now, TimeSpan drain) =>
        Lingering.IsEmpty ? Seen : Seen.Concat(Lingering.Where(l => now < l.GoneAt + drain).Select(l => l.Chain));

    /// <summary>
    /// Takes in what a round met beside the one that counts: chains come, and none goes, nor is anything verified.
    /// </summary>
    public EndpointFacts Meet(EndpointObservation round)
    {
        Chain[] met =
        [
            .. round.Addresses.SelectMany(a => a.Presented).OfType<Presented.Shows>().Select(p => p.Chain)
                .Distinct().Except(Seen),
        ];
        return met.Length == 0 ? this : this with { Seen = [.. Seen, .. met] };
    }

    /// <summary>The owner whose record set is managed for this endpoint.</summary>
    public string Owner => TlsaOwner ?? Endpoint.TlsaName;

    /// <summary>Whether the name leads to this owner, or did as far as some cache knows.</summary>
    public bool IsLedTo(string owner, DateTimeOffset now) =>
        Owner == owner || Former.Any(f => f.Owner == owner && (f.IsDoubted || now < f.Until));

    /// <summary>
    /// Some server did not say where the name leads, so it may go on leading caches to the owners before.
    /// </summary>
    /// <param name="aliasTtl">The longest TTL of the aliases that led to an owner.</param>
    /// <param name="now">The time.</param>
    public EndpointFacts MayStillLead(Func<string, TimeSpan> aliasTtl, DateTimeOffset now) =>
        Former.Any(f => f.IsDoubted || now < f.Until)
            ? this with
            {
                Former =
                [
                    .. Former.Select(f => (f.IsDoubted || now < f.Until)
                        && now + (2 * aliasTtl(f.Owner)) is var until && f.Until < until
                            ? f with { Until = until }
                            : f),
                ],
            }
            : this;

    /// <summary>Every server said where the name leads: to none of the owners before.</summary>
    public EndpointFacts LeadsThereNoMore() => Former.Any(f => f.IsDoubted)
        ? this with { Former = [.. Former.Select(f => f.IsDoubted ? f with { IsDoubted = false } : f)] }
        : this;

    /// <summary>The name leads to this owner now; caches that still hold the alias go on to the one before.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="before">The ledger of the owner before.</param>
    /// <param name="now">The time.</param>
    public EndpointFacts LeadTo(string owner, OwnerLedger before, DateTimeOffset now)
    {
        if (owner == TlsaOwner)
            return this;

        ImmutableArray<FormerOwner> former = Former.RemoveAll(f => f.Owner == owner || f.Owner == Owner);
        return this with
        {
            TlsaOwner = owner,
            Former = TlsaOwner is null
                ? former
                : former.Add(new(TlsaOwner, now + (2 * before.AliasTtl), IsDoubted: true)), // RFC 7671 §8.1
        };
    }

    /// <summary>
    /// The facts after a round of handshakes. Only a round in which every address answered ends a chain.
    /// </summary>
    /// <param name="round">What was seen.</param>
    /// <param name="own">The certificate's generations.</param>
    public EndpointFacts Observe(EndpointObservation round, ImmutableArray<Generation> own)
    {
        if (round.FinishedAt < CompleteAt || round.FinishedAt < LookedAt)
            return this; // somebody else has looked since

        bool complete = round.IsComplete;

        // Whoever was not met just before a long pause may have been shown all the time, and be missed by luck again.
        // Not who was missed in rounds that lie further apart than any drain: a process lives no longer on.
        bool isBlind = complete && round.StartedAt - CompleteAt > Together;
        ImmutableArray<Chain> shown = ShownIn(round, remoteOnly: false);
        ImmutableArray<Chain> remote = ShownIn(round, remoteOnly: true);
        ImmutableArray<Chain> seen = complete ? shown : [.. Seen.Union(shown)];
        return this with
        {
            Seen = seen,
            CompleteAt = complete ? round.FinishedAt : CompleteAt,
            Problem = round.Problem,
            Local = seen.RemoveAll(c => remote.Contains(c) || !(complete || !Seen.Contains(c) || Local.Contains(c))),
            Adopted =
            [
                .. Adopted
                    .Select(a => shown.Any(a.Is) ? a with { ShownAt = round.FinishedAt } : a)
                    .Where(a => round.FinishedAt < a.ShownAt + AdoptedFor),
            ],
            LookedAt = round.FinishedAt,
            Lingering =
            [
                .. Lingering
                    .Select(l => isBlind && CompleteAt < l.MissedFrom + LingersFor ? l.Renew(round.FinishedAt) : l)
                    .Where(l => !shown.Contains(l.Chain) && round.FinishedAt < l.GoneAt + LingersFor),
                .. (complete ? Seen : []).Where(c => !shown.Contains(c) && Lingering.All(l => !l.Chain.Equals(c)))
                    .Select(c => new LingeringChain(c, round.FinishedAt, round.FinishedAt)),
            ],
            TakenOverAt = TakenOverAt ?? (shown.Any(c => own.Any(g => c.Leaf.Equals(g.Chain?.Leaf)))
                ? round.FinishedAt
                : null),
        };
    }

    /// <summary>Whether the same was seen at another time: all but the times of the looks is the same.</summary>
    public bool DiffersInLookOnly(EndpointFacts other) =>
        (Endpoint, TlsaOwner, Problem, TakenOverAt)
            == (other.Endpoint, other.TlsaOwner, other.Problem, other.TakenOverAt)
        && Same(Seen, other.Seen) && Same(Local, other.Local) && Same(Adopted, other.Adopted)
        && Same(Lingering, other.Lingering) && Same(Former, other.Former);

    private static bool Same<T>(ImmutableArray<T> some, ImmutableArray<T> others) =>
        some.AsSpan().SequenceEqual(others.AsSpan());

    private static ImmutableArray<Chain> ShownIn(EndpointObservation round, bool remoteOnly)
    {
        var chains = ImmutableArray.CreateBuilder<Chain>();
        foreach (AddressObservation address in round.Addresses)
        {
            if (remoteOnly && address.IsLocal)
                continue;

            foreach (Presented presented in address.Presented)
            {
                if (presented is Presented.Shows { Chain: var chain } && !chains.Contains(chain))
                    chains.Add(chain);
            }
        }

        return chains.DrainToImmutable();
    }
}

/// <summary>A chain that the operator adopted: it may get records though RolloverD did not deploy it.</summary>
/// <param name="Leaf">SHA-256 of its leaf, in hexadecimal digits.</param>
/// <param name="ShownAt">When it was adopted, or last shown.</param>
public sealed record AdoptedChain(string Leaf, DateTimeOffset ShownAt)
{
    /// <summary>Whether this is the chain.</summary>
    public bool Is(Chain chain) => chain.Leaf.Sha256 == Leaf;
}

/// <summary>A chain that a complete round of handshakes met no more.</summary>
/// <param name="Chain">The chain.</param>
/// <param name="GoneAt">When the first such round ended, or the first after a pause that counts.</param>
/// <param name="MissedAt">When the first such round of all ended; null: the same.</param>
public sealed record LingeringChain(Chain Chain, DateTimeOffset GoneAt, DateTimeOffset? MissedAt = null)
{
    [JsonIgnore]
    public DateTimeOffset MissedFrom => MissedAt ?? GoneAt;

    public LingeringChain Renew(DateTimeOffset goneAt) => new(Chain, goneAt, MissedFrom);
}

/// <summary>An owner to which a TLSA name led before.</summary>
/// <param name="Owner">The owner.</param>
/// <param name="Until">How long a cache may hold the alias that led there.</param>
/// <param name="IsDoubted">
/// Some server has never said since that the name leads elsewhere, and may go on leading senders there.
/// </param>
public sealed record FormerOwner(string Owner, DateTimeOffset Until, bool IsDoubted = false);

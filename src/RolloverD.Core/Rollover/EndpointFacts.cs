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
/// <param name="Met">The chains that were met anew a short while ago.</param>
/// <param name="Addresses">The addresses that the host has, and those that senders may still take for such.</param>
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
    ImmutableArray<FormerOwner> Former = default,
    ImmutableArray<MetChain> Met = default,
    ImmutableArray<KnownAddress> Addresses = default)
{
    /// <summary>How long a chain stays adopted that no address shows any more.</summary>
    private static readonly TimeSpan AdoptedFor = TimeSpan.FromDays(7);

    /// <summary>
    /// How long it is remembered that a chain came, and one that is not shown any more: longer than any drain.
    /// </summary>
    private static readonly TimeSpan LingersFor = TimeSpan.FromMinutes(10);

    public static EndpointFacts Unseen(Endpoint endpoint) => new(endpoint, null, [], null, null);

    /// <summary>Those of the chains that only addresses of this host have shown.</summary>
    public ImmutableArray<Chain> Local { get; init; } = Local.IsDefault ? [] : Local;

    /// <summary>The chains that the operator adopted.</summary>
    public ImmutableArray<AdoptedChain> Adopted { get; init; } = Adopted.IsDefault ? [] : Adopted;

    /// <summary>The chains that were shown until a short while ago.</summary>
    public ImmutableArray<LingeringChain> Lingering { get; init; } = Lingering.IsDefault ? [] : Lingering;

    /// <summary>The owners before.</summary>
    public ImmutableArray<FormerOwner> Former { get; init; } = Former.IsDefault ? [] : Former;

    /// <summary>The chains that were met anew a short while ago.</summary>
    public ImmutableArray<MetChain> Met { get; init; } = Met.IsDefault ? [] : Met;

    /// <summary>The addresses that the host has, and those that senders may still take for such.</summary>
    public ImmutableArray<KnownAddress> Addresses { get; init; } = Addresses.IsDefault ? [] : Addresses;

    /// <summary>The addresses that were taken out of DNS, and that some sender may still use.</summary>
    [JsonIgnore]
    public IEnumerable<KnownAddress> FormerAddresses => Addresses.Where(a => a.LeftAt is not null);

    /// <summary>
    /// When senders have forgotten every address that may show the chain, where only such may that were taken out of
    /// DNS; null otherwise.
    /// </summary>
    public DateTimeOffset? ForgottenAt(Chain chain) =>
        Addresses.Any(a => a.LeftAt is null && a.MayShow(chain))
            ? null
            : FormerAddresses.Where(a => a.MayShow(chain)).Max(a => a.ForgottenAt);

    /// <summary>
    /// The chains that some process may show: those that were seen, and for the time that a process of a mail server
    /// may live on unmet also those that no round meets any more.
    /// </summary>
    public IEnumerable<Chain> ShownAt(DateTimeOffset now, TimeSpan drain) =>
        Lingering.IsEmpty
            ? Seen
            : Seen.Concat(Lingering.Where(l => !(l.GoneAt + drain <= now)).Select(l => l.Chain));

    /// <summary>
    /// Takes in what a round met beside the one that counts: chains come, and none goes, nor is anything verified.
    /// </summary>
    /// <param name="round">What was seen.</param>
    /// <param name="now">The time; the round may bear times of a clock that was set since.</param>
    public EndpointFacts Meet(EndpointObservation round, DateTimeOffset now)
    {
        ImmutableArray<Chain> shown = ShownIn(round, remoteOnly: false);
        ImmutableArray<KnownAddress> addresses = KnownAddress.With(Addresses, round, Seen);
        return shown.All(Seen.Contains) && addresses == Addresses
            ? this
            : this with
            {
                Seen = [.. Seen.Union(shown)],
                Lingering = Lingering.RemoveAll(l => shown.Contains(l.Chain)),
                Met = MetWith(shown, now),
                Addresses = addresses,
            };
    }

    /// <summary>
    /// The name was seen to lead to an owner beside the look that counts: some caches may be led there.
    /// </summary>
    /// <param name="owner">The ledger of the owner.</param>
    /// <param name="now">The time.</param>
    public EndpointFacts MeetLead(OwnerLedger owner, DateTimeOffset now) =>
        owner.Owner == TlsaOwner ? this
        : TlsaOwner is null ? this with { TlsaOwner = owner.Owner }
        : this with
        {
            Former =
            [
                .. Former.Where(f => f.Owner != owner.Owner),
                new(owner.Owner, now + (2 * owner.AliasTtl), IsDoubted: true),
            ],
        };

    // One that is met again after it was missed came anew: others may have been shown in between.
    private ImmutableArray<MetChain> MetWith(ImmutableArray<Chain> shown, DateTimeOffset now)
    {
        Chain[] met = [.. shown.Where(c => !Seen.Contains(c))];
        return met.Length == 0 && Met.All(m => now < m.At + LingersFor)
            ? Met
            :
            [
                .. Met.Where(m => now < m.At + LingersFor && !met.Any(m.Is)),
                .. met.Select(c => new MetChain(c.Leaf.Sha256, now)),
            ];
    }

    // A round that began so early may have met processes from before the chain came, and tells nothing of it.
    private static LingeringChain Miss(LingeringChain chain, EndpointObservation round, TimeSpan drain) =>
        chain.GoneAt is null && !(round.StartedAt < chain.MetAt + drain)
            ? chain with { GoneAt = round.FinishedAt }
            : chain;

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

    /// <summary>
    /// Every server said where the name leads: to none of the owners before. One that could not be heard until now may
    /// have led caches there until just before.
    /// </summary>
    /// <param name="aliasTtl">The longest TTL of the aliases that led to an owner.</param>
    /// <param name="now">The time.</param>
    public EndpointFacts LeadsThereNoMore(Func<string, TimeSpan> aliasTtl, DateTimeOffset now) =>
        Former.Any(f => f.IsDoubted)
            ? this with
            {
                Former =
                [
                    .. Former.Select(f => !f.IsDoubted ? f
                        : f with { IsDoubted = false, Until = Later(f.Until, now + (2 * aliasTtl(f.Owner))) }),
                ],
            }
            : this;

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    /// <summary>
    /// The name leads to this owner now; caches that still hold the alias go on to the one before, and so do those that
    /// ask a server that was taken out of its zone.
    /// </summary>
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
                : former.Add(new(TlsaOwner, LastLedTo(before, now), IsDoubted: true)),
        };
    }

    // RFC 7671 §8.1
    private static DateTimeOffset LastLedTo(OwnerLedger before, DateTimeOffset now)
    {
        DateTimeOffset byAlias = now + (2 * before.AliasTtl);
        return before.FormerServers.Max(s => s.ForgottenAt) is { } byServer ? Later(byAlias, byServer) : byAlias;
    }

    /// <summary>
    /// The facts after a round of handshakes. Only a round in which every address answered ends a chain.
    /// </summary>
    /// <param name="round">What was seen.</param>
    /// <param name="own">The certificate's generations.</param>
    /// <param name="drain">How long a process lives on that handshakes may not meet.</param>
    /// <param name="margin">How much longer than its TTL an address counts that was taken out of DNS.</param>
    /// <param name="others">
    /// All endpoints: addresses are the host's, and one that was taken out may be known from another alone.
    /// </param>
    public EndpointFacts Observe(
        EndpointObservation round,
        ImmutableArray<Generation> own,
        TimeSpan drain,
        TimeSpan margin,
        IEnumerable<EndpointFacts> others)
    {
        if (round.FinishedAt < CompleteAt || round.FinishedAt < LookedAt)
            return Meet(round, round.FinishedAt); // somebody else has looked since: chains come, none goes

        ImmutableArray<KnownAddress> addresses = KnownAddress.After(
            KnownAddress.OfHost(Endpoint.Host, Addresses, others), round, Seen, margin);
        if (!round.Former.IsEmpty)
        {
            round = round with
            {
                Former =
                [
                    .. round.Former.Where(a => addresses.Any(k => k.LeftAt is not null && k.Address == a.Address)),
                ],
            };
        }

        bool complete = round.IsComplete;
        ImmutableArray<Chain> shown = ShownIn(round, remoteOnly: false);
        ImmutableArray<Chain> remote = ShownIn(round, remoteOnly: true);
        ImmutableArray<Chain> seen = !complete ? [.. Seen.Union(shown)]
            : addresses.All(a => a.LeftAt is null) ? shown
            : [.. shown.Union(Seen.Where(c => addresses.Any(a => a.LeftAt is not null && a.MayShow(c))))];
        return this with
        {
            Seen = seen,
            CompleteAt = complete ? round.FinishedAt : CompleteAt,
            Problem = round.Problem,
            Local = seen.RemoveAll(c =>
                remote.Contains(c) || !((complete && shown.Contains(c)) || !Seen.Contains(c) || Local.Contains(c))),
            Adopted =
            [
                .. Adopted
                    .Select(a => shown.Any(a.Is) ? a with { ShownAt = round.FinishedAt } : a)
                    .Where(a => round.FinishedAt < a.ShownAt + AdoptedFor),
            ],
            LookedAt = round.FinishedAt,
            Met = MetWith(shown, round.FinishedAt),
            Lingering =
            [
                .. Lingering
                    .Where(l => !shown.Contains(l.Chain) && !(l.GoneAt + LingersFor <= round.FinishedAt))
                    .Select(l => complete ? Miss(l, round, drain) : l),
                .. (complete ? Seen : []).Where(c => !seen.Contains(c) && Lingering.All(l => !l.Chain.Equals(c)))
                    .Select(c => Miss(new(c, null, Met.FirstOrDefault(m => m.Is(c))?.At), round, drain)),
            ],
            TakenOverAt = TakenOverAt ?? (shown.Any(c => own.Any(g => c.Leaf.Equals(g.Chain?.Leaf)))
                ? round.FinishedAt
                : null),
            Addresses = addresses,
        };
    }

    /// <summary>Whether the same was seen at another time: all but the times of the looks is the same.</summary>
    public bool DiffersInLookOnly(EndpointFacts other) =>
        (Endpoint, TlsaOwner, Problem, TakenOverAt)
            == (other.Endpoint, other.TlsaOwner, other.Problem, other.TakenOverAt)
        && Same(Seen, other.Seen) && Same(Local, other.Local) && Same(Adopted, other.Adopted)
        && Same(Lingering, other.Lingering) && Same(Former, other.Former) && Same(Met, other.Met)
        && Same(Addresses, other.Addresses);

    private static bool Same<T>(ImmutableArray<T> some, ImmutableArray<T> others) =>
        some.AsSpan().SequenceEqual(others.AsSpan());

    private static ImmutableArray<Chain> ShownIn(EndpointObservation round, bool remoteOnly)
    {
        var chains = ImmutableArray.CreateBuilder<Chain>();
        foreach (AddressObservation address in round.Addresses.Concat(round.Former))
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
/// <param name="GoneAt">
/// When the first such round ended that began when no process from before the chain was left; null: none has.
/// </param>
/// <param name="MetAt">When it was met anew; null: long ago.</param>
public sealed record LingeringChain(Chain Chain, DateTimeOffset? GoneAt, DateTimeOffset? MetAt = null);

/// <summary>A chain that was met anew: processes from before it may be met for a while yet.</summary>
/// <param name="Leaf">SHA-256 of its leaf, in hexadecimal digits.</param>
/// <param name="At">When.</param>
public sealed record MetChain(string Leaf, DateTimeOffset At)
{
    /// <summary>Whether this is the chain.</summary>
    public bool Is(Chain chain) => chain.Leaf.Sha256 == Leaf;
}

/// <summary>An owner to which a TLSA name led before.</summary>
/// <param name="Owner">The owner.</param>
/// <param name="Until">How long a cache may hold the alias that led there.</param>
/// <param name="IsDoubted">
/// Some server has never said since that the name leads elsewhere, and may go on leading senders there.
/// </param>
public sealed record FormerOwner(string Owner, DateTimeOffset Until, bool IsDoubted = false);

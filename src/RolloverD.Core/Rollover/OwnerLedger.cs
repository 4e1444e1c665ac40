using System.Collections.Immutable;
using System.Text.Json.Serialization;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>
/// Every record set that an owner was seen to publish or was meant to publish, with the evidence for each. What is
/// visible to senders is computed from it and never stored.
/// </summary>
/// <param name="Owner">The owner name, after CNAMEs.</param>
/// <param name="Sets">Oldest publication first.</param>
/// <param name="Ours">
/// The records that RolloverD published here itself; all others are foreign and never touched.
/// </param>
/// <param name="AliasTtl">The largest TTL of the CNAMEs that lead here; zero without any.</param>
/// <param name="AskedTtl">The TTL that the provider was last asked for; it may have given another one.</param>
/// <param name="Servers">
/// The servers that the owner's zone has, and those that resolvers may still take for such.
/// </param>
/// <param name="Zone">The zone that holds the owner, as last seen; null before the first look.</param>
public sealed record OwnerLedger(
    string Owner,
    ImmutableArray<PublishedSet> Sets,
    ImmutableArray<TlsaRecord> Ours,
    TimeSpan AliasTtl,
    TimeSpan? AskedTtl = null,
    ImmutableArray<KnownServer> Servers = default,
    string? Zone = null)
{
    /// <summary>The servers that the owner's zone has, and those that resolvers may still take for such.</summary>
    public ImmutableArray<KnownServer> Servers { get; init; } = Servers.IsDefault ? [] : Servers;

    /// <summary>The servers that were taken out of the zone, and that some resolver may still ask.</summary>
    [JsonIgnore]
    public IEnumerable<KnownServer> FormerServers => Servers.Where(s => s.LeftAt is not null);

    private static readonly TimeSpan ShortestRepeat = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestRepeat = TimeSpan.FromHours(1);

    public static OwnerLedger New(string owner) => new(owner, [], [], TimeSpan.Zero);

    /// <summary>
    /// The set that was published last, as far as known: what a change starts from. Null before the first look.
    /// </summary>
    [JsonIgnore]
    public RecordSet? Latest => Last(static s => s.State is not SetState.Gone);

    /// <summary>
    /// The last set that the provider confirmed or a server showed: what senders get if nothing is done.
    /// </summary>
    [JsonIgnore]
    public RecordSet? InPlace =>
        Last(static s => s.State is SetState.Seen or SetState.Intended { AppliedAt: not null });

    /// <summary>
    /// What senders get if nothing is done: the set in place and the one that the next change starts from; and when no
    /// change is on its way, whatever some server of the zone shows: what one that was taken out gives no change takes
    /// away. Empty before the first look.
    /// </summary>
    public ImmutableArray<RecordSet> GivenAt(DateTimeOffset now)
    {
        IEnumerable<RecordSet> ends = new[] { InPlace, BaseAt(now) }.OfType<RecordSet>();
        IEnumerable<PublishedSet> shown = Sets.Where(s => s.State is SetState.Seen { Elsewhere: false });
        return [.. Sets.Any(s => IsOnItsWay(s, now)) ? ends.Distinct() : ends.Union(shown.Select(s => s.Records))];
    }

    /// <summary>
    /// Whether every authoritative server was seen to serve one set and nothing else, and no change that the provider
    /// confirmed is on its way. A server that was taken out of the zone is none of them: what it gives out is visible,
    /// and no change ever reaches it.
    /// </summary>
    [JsonIgnore]
    public bool IsSettled =>
        AllServersAgree && !Sets.Any(s => s.State is SetState.Intended { AppliedAt: not null });

    /// <summary>
    /// Whether the next change may be made: the last one arrived, or the provider confirmed it long ago and no server
    /// shows it, so that it is made again.
    /// </summary>
    public bool IsSettledAt(DateTimeOffset now) => AllServersAgree && !Sets.Any(s => IsOnItsWay(s, now));

    private bool AllServersAgree => Sets.Count(s => s.State is SetState.Seen { Elsewhere: false }) == 1;

    /// <summary>
    /// The set that the next change starts from: the latest one, but an intended set that the provider never
    /// confirmed, or that it confirmed long ago and no server shows, counts as not published, so that it is published
    /// again.
    /// </summary>
    public RecordSet? BaseAt(DateTimeOffset now) =>
        Last(s => s.State is SetState.Seen || IsOnItsWay(s, now));

    private static bool IsOnItsWay(PublishedSet set, DateTimeOffset now) =>
        set.State is SetState.Intended { AppliedAt: { } at, Tries: var tries }
        && now < at + RepeatAfter(set.Records, tries);

    private RecordSet? Last(Func<PublishedSet, bool> fits) =>
        Sets.FindLastIndex(fits) is >= 0 and var index ? Sets[index].Records : null;

    /// <summary>
    /// Writes down, before it is done, that a set will be published; again, when it was tried before.
    /// </summary>
    public OwnerLedger Intend(RecordSet set, IEnumerable<TlsaRecord> added, DateTimeOffset now)
    {
        int latest = Sets.FindLastIndex(s => s.State is not SetState.Gone);
        ImmutableArray<PublishedSet> sets = latest < 0 || !Sets[latest].Records.Equals(set)
            ? IntendedLast(set, null, now)
            : Sets[latest].State is SetState.Intended before
                ? Sets.SetItem(latest, new(set, now, before.SentAgain()))
                : Sets;
        return (this with { Sets = sets, Ours = [.. Ours.Union(added)] }).WithPartsOf(this, now, new SetState.Seen());
    }

    /// <summary>
    /// Takes an intended set back because the provider said for certain that it did not publish it. It said so of this
    /// try alone: after an earlier one, whose outcome may be unknown, the set stays until servers prove it gone.
    /// </summary>
    public OwnerLedger Renounce(RecordSet set) => this with
    {
        Sets = Sets.RemoveAll(s =>
            s.State is SetState.Intended { AppliedAt: null, Tries: 1 } && s.Records.Equals(set)),
    };

    /// <summary>
    /// Writes down that the provider confirmed a change and what it holds now, with the TTL that it gave it. It said so
    /// of this try alone: until servers show the set, what an earlier one left in parts may still come.
    /// </summary>
    /// <param name="set">What it holds.</param>
    /// <param name="now">The time.</param>
    /// <param name="inParts">Whether it made the change record by record, and gave out what lies in between.</param>
    public OwnerLedger Applied(RecordSet set, DateTimeOffset now, bool inParts = false)
    {
        int index = Sets.FindLastIndex(s => s.State is SetState.Intended && s.Records.HasSameRecords(set));
        if (index < 0)
        {
            return Sets.Any(s => s.State is SetState.Seen { Elsewhere: false } && s.Records.HasSameRecords(set))
                ? this
                : Found(set, now);
        }

        var intended = (SetState.Intended)Sets[index].State;
        int unheard = inParts ? intended.Unheard : intended.Unheard - 1;
        SetState.Intended told = intended.AppliedAt is null
            ? intended with { Tries = unheard }
            : intended with { Again = unheard };

        // Earlier tries may have begun with other sets than this one.
        OwnerLedger lasting = Lasting(set);
        OwnerLedger earlier = lasting with
        {
            Sets = lasting.Sets.SetItem(index, lasting.Sets[index] with { State = told }),
        };
        return lasting.Confirmed(index, set, new(now, intended.Tries, unheard))
            .WithPartsOf(earlier, now, new SetState.Seen());
    }

    /// <summary>
    /// With the TTL that the provider gave to what was intended, where that is longer: parts have it, too, and what
    /// nobody saw of other changes.
    /// </summary>
    public OwnerLedger Lasting(RecordSet given) =>
        Sets.Any(s => IsShorter(s, given))
            ? (this with { Sets = [.. Sets.Select(s => IsShorter(s, given) ? s with { Records = given } : s)] })
                .Lasting(given.Ttl)
            : this;

    // Of what is over it is not kept whether any server showed it, as of parts, nor whether the provider gave it a TTL
    // of its own: it counts for the longer one. What is served says itself how long it lasts.
    private OwnerLedger Lasting(TimeSpan given) => this with
    {
        Sets =
        [
            .. Sets.Select(s => s is { State: SetState.Gone or SetState.Intended { Unheard: > 0 } }
                && !s.Records.IsAbsent && s.Records.Ttl < given
                    ? s with { Records = new(s.Records.Records, given) }
                    : s),
        ],
    };

    /// <summary>
    /// With the TTL of what a server shows, where that is longer and a part of a change: the provider gave it that TTL,
    /// and gives it to the rest, too.
    /// </summary>
    public OwnerLedger LastingAsPart(RecordSet shown)
    {
        if (shown.IsAbsent || Sets.Any(s => s.Records.Equals(shown) && s.State is not SetState.Gone))
            return this;

        ImmutableArray<PublishedSet> sets =
            [.. Sets.Select((s, i) => IsLastingPart(i) ? s with { Records = new(s.Records.Records, shown.Ttl) } : s)];
        return sets.AsSpan().SequenceEqual(Sets.AsSpan()) ? this : (this with { Sets = sets }).Lasting(shown.Ttl);

        bool IsLastingPart(int index) =>
            Sets[index] is { State: SetState.Intended { Unheard: > 0 }, Records: var after }
            && after.Ttl < shown.Ttl && !after.HasSameRecords(shown)
            && this.Before(index).Any(before => before.Ttl < shown.Ttl
                && shown.Records.All(r => before.Contains(r) || after.Contains(r)));
    }

    private static bool IsShorter(PublishedSet set, RecordSet given) =>
        set.State is SetState.Intended && set.Records.Ttl < given.Ttl && set.Records.HasSameRecords(given);

    /// <summary>
    /// With the parts of what was unfinished before and is not now: whatever came of the change, servers may have given
    /// out a part of it for a while.
    /// </summary>
    /// <param name="before">The ledger before.</param>
    /// <param name="now">The time.</param>
    /// <param name="state">How far the parts are.</param>
    public OwnerLedger WithPartsOf(OwnerLedger before, DateTimeOffset now, SetState state)
    {
        RecordSet[] parts =
        [
            .. before.PartsOfUnfinished().Except(this.PartsOfUnfinished())
                .Where(p => !Sets.Any(s => s.Records.Equals(p) && s.State is not SetState.Gone)),
        ];
        return parts.Length == 0
            ? this
            : this with
            {
                Sets =
                [
                    .. parts.Select(p => new PublishedSet(p, now, state)),
                    .. Sets.Where(s => !parts.Contains(s.Records)),
                ],
            };
    }

    /// <summary>
    /// Writes down that the provider itself holds this set, whatever was meant. Servers that get it from a hidden
    /// primary may show it only later, so it counts as confirmed, not as seen.
    /// </summary>
    public OwnerLedger Found(RecordSet set, DateTimeOffset now)
    {
        OwnerLedger lasting = Lasting(set).LastingAsPart(set);
        return lasting.WithFound(set, now).WithPartsOf(lasting, now, new SetState.Seen());
    }

    private OwnerLedger WithFound(RecordSet set, DateTimeOffset now)
    {
        int latest = Sets.FindLastIndex(s => s.State is not SetState.Gone);
        if (latest < 0 || !Sets[latest].Records.Equals(set))
            return this with { Sets = IntendedLast(set, now, now) };

        return Sets[latest].State is SetState.Intended found
            ? Confirmed(latest, set, new(now, found.Tries + 1, found.Unheard))
            : this;
    }

    // A set that was intended before is remembered once, as the last: while no server answers, the same changes come
    // again and again. How often it was sent is kept, for an earlier try may still have been carried out; and what the
    // provider confirmed is not forgotten for a try that it did not.
    private ImmutableArray<PublishedSet> IntendedLast(RecordSet set, DateTimeOffset? appliedAt, DateTimeOffset now)
    {
        SetState.Intended[] earlier = [.. Sets.Where(IsSame).Select(s => (SetState.Intended)s.State)];
        int unheard = appliedAt is null ? 0 : earlier.Sum(e => e.Unheard);
        var intended = new SetState.Intended(appliedAt, 1 + earlier.Sum(e => e.Tries), unheard);
        return [.. Sets.Where(s => !IsSame(s)), new(set, now, intended)];

        bool IsSame(PublishedSet other) =>
            other.State is SetState.Intended before && other.Records.Equals(set)
            && (before.AppliedAt is null || appliedAt is not null);
    }

    // A provider with a TTL of its own makes the same set of what was asked for each time: it is remembered once, with
    // all tries.
    private OwnerLedger Confirmed(int index, RecordSet set, SetState.Intended state)
    {
        SetState.Intended[] earlier =
            [.. Sets.Take(index).Where(IsSame).Select(s => (SetState.Intended)s.State)];
        SetState.Intended all = state with
        {
            Tries = state.Tries + earlier.Sum(e => e.Tries),
            Again = state.Again + earlier.Sum(e => e.Unheard),
        };
        return this with
        {
            Sets =
            [
                .. Sets.Take(index).Where(s => !IsSame(s)),
                .. Sets[index].LongerThan(set),
                Sets[index] with { Records = set, State = all },
                .. Sets.Skip(index + 1),
            ],
        };

        bool IsSame(PublishedSet other) => other.State is SetState.Intended && other.Records.Equals(set);
    }

    // A TTL, or a minute when that is longer; twice as long after each time, up to an hour: while the servers are away
    // for days, nobody is helped by a change a minute.
    private static TimeSpan RepeatAfter(RecordSet set, int tries)
    {
        TimeSpan first = set.Ttl > ShortestRepeat ? set.Ttl : ShortestRepeat;
        TimeSpan later = first * Math.Pow(2, Math.Min(tries - 1, 10));
        return later < LongestRepeat ? later
            : first > LongestRepeat ? first
            : LongestRepeat;
    }
}

/// <summary>A record set of an owner and what is known of its publication.</summary>
/// <param name="Records">The set, with the TTL that it was served with.</param>
/// <param name="Since">When it was last intended, or first seen, or seen again after it was gone.</param>
/// <param name="State">How far it came.</param>
public sealed record PublishedSet(RecordSet Records, DateTimeOffset Since, SetState State)
{
    /// <summary>
    /// What was sent to the provider with a longer TTL than it has now: servers may have given it out with that, until
    /// somebody changed it. Else nothing.
    /// </summary>
    internal IEnumerable<PublishedSet> LongerThan(RecordSet now) =>
        State is SetState.Intended && Records.Ttl > now.Ttl
            ? [this with { State = new SetState.Seen() }]
            : [];
}

/// <summary>The evidence for a published set.</summary>
[JsonDerivedType(typeof(Intended), "intended")]
[JsonDerivedType(typeof(Seen), "seen")]
[JsonDerivedType(typeof(Gone), "gone")]
public abstract record SetState
{
    private SetState()
    {
    }

    /// <summary>The intent is saved; no server was seen to serve it yet, any may.</summary>
    /// <param name="AppliedAt">When the provider last confirmed that it holds it; null while it did not.</param>
    /// <param name="Tries">How often it was sent to the provider.</param>
    /// <param name="Again">
    /// How many of these may have left parts though the provider confirmed it: what came of them, nobody said, or the
    /// change was made record by record.
    /// </param>
    public sealed record Intended(DateTimeOffset? AppliedAt, int Tries = 1, int Again = 0) : SetState
    {
        /// <summary>How many tries may have left parts that servers give out before they show the whole.</summary>
        [JsonIgnore]
        public int Unheard => AppliedAt is null ? Tries : Again;

        /// <summary>The same, sent once more.</summary>
        public Intended SentAgain() => this with { Tries = Tries + 1, Again = AppliedAt is null ? 0 : Again + 1 };
    }

    /// <summary>Some server serves it, or did when it was last asked.</summary>
    /// <param name="Elsewhere">Only servers that were taken out of the zone do, or may.</param>
    public sealed record Seen(bool Elsewhere = false) : SetState;

    /// <summary>In one round every server answered and none served it.</summary>
    /// <param name="LastServed">When that round ended: no server gave it out later than this.</param>
    /// <param name="SuccessorSince">When the set that took its place was published.</param>
    /// <param name="WasShown">Whether any server ever served it.</param>
    public sealed record Gone(DateTimeOffset LastServed, DateTimeOffset SuccessorSince, bool WasShown = true)
        : SetState;
}

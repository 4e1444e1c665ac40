using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>
/// Turns answers of authoritative servers into an owner's ledger: which sets are served, and which are no more.
/// </summary>
public static class LedgerEvidence
{
    /// <summary>
    /// After this long an intended set that nobody confirmed and no server showed was never published.
    /// </summary>
    private static readonly TimeSpan NeverCame = TimeSpan.FromMinutes(10);

    /// <summary>
    /// After this long a set that the provider confirmed and no server ever showed was replaced unseen.
    /// </summary>
    private static readonly TimeSpan NeverShown = TimeSpan.FromDays(1);

    /// <summary>How long a set that is gone stays in the ledger, for people who read it.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(7);

    /// <summary>
    /// How long one stays that no server ever showed: it may still come, and its records are then known for RolloverD's
    /// own. Servers that have stood still for longer have no valid signature left.
    /// </summary>
    private static readonly TimeSpan MayStillCome = TimeSpan.FromDays(90);

    /// <summary>The ledger after one round of questions to every authoritative server.</summary>
    /// <param name="ledger">The ledger before.</param>
    /// <param name="round">The round.</param>
    /// <param name="margin">How much longer than a TTL a server counts that was taken out of the zone.</param>
    /// <param name="others">
    /// The ledgers of all owners: servers are the zone's, and one that was taken out may be known from another alone.
    /// </param>
    /// <remarks>
    /// Only a round in which every address answered, validly signed, can end a set: an error or a time-out is never
    /// "not served any more". So with a server that was taken out of the zone, for as long as resolvers may ask it.
    /// </remarks>
    public static OwnerLedger Observe(
        this OwnerLedger ledger, OwnerObservation round, TimeSpan margin, IEnumerable<OwnerLedger> others)
    {
        if (round.Servers.IsEmpty)
            return ledger;
        if (round.Security is not ZoneSecurity.Secure)
            return round.Security is ZoneSecurity.Insecure
                ? ledger.ObserveInsecure(round, margin, others)
                : ledger;

        // Where the name was an alias, the servers are those of another zone.
        bool isItsOwn = round.Owner == ledger.Owner;
        string? zone = isItsOwn ? round.Zone ?? ledger.Zone : ledger.Zone;
        ImmutableArray<KnownServer> servers = isItsOwn
            ? KnownServer.After(KnownServer.OfZone(zone, ledger.Servers, others), round, margin)
            : ledger.Servers;
        RecordSet?[] former = servers.All(s => s.LeftAt is null)
            ? []
            :
            [
                .. servers.Where(s => s.LeftAt is not null)
                    .Select(s => s.AnswerIn(round) is { } answer ? Evidence.SetOf(answer.Content) : null),
            ];
        ImmutableArray<RecordSet?> answers = AnswersOf(round);
        ImmutableArray<RecordSet> served = Distinct(answers);
        OwnerLedger asItWas = ledger;
        ledger = served.Concat(former.OfType<RecordSet>())
            .Aggregate(ledger, (known, set) => known.LastingAsPart(set).Lasting(set));
        ImmutableArray<PublishedSet> sets = ledger.Sets;
        TimeSpan? askedTtl = ledger.AskedTtl;
        foreach (RecordSet set in served)
        {
            if (IsSeen(sets, set) || IsSeenAsBefore(sets, set))
                continue;

            if (!IsExpected(asItWas, set))
                askedTtl = null;
            sets = Seen(sets, set, round.StartedAt);
        }

        bool isWhole = answers.All(a => a is not null);
        RecordSet[] elsewhere = former.Length == 0
            ? []
            : [.. former.OfType<RecordSet>().Concat(Unheard()).Distinct().Where(set => !served.Contains(set))];
        if (elsewhere.Length > 0)
            sets = SeenElsewhere(sets, elsewhere, isWhole, round.StartedAt);

        SetState past = new SetState.Seen();
        if (isWhole && former.All(a => a is not null))
        {
            // What is served now may be a part of a later change, though the same set was meant before and lost.
            DateTimeOffset successor = sets.Where(s => s.State is not SetState.Gone).Max(s => s.Since);
            var gone = new SetState.Gone(round.FinishedAt, successor);
            past = gone;
            OwnerLedger before = ledger with { Sets = sets };
            int oldest = served
                .Select(set => sets.FindLastIndex(s => s.State is SetState.Seen && s.Records.Equals(set)))
                .DefaultIfEmpty(-1).Min();
            DateTimeOffset latest = sets.Where(s => s.State is SetState.Seen && served.Contains(s.Records))
                .Select(s => s.Since).DefaultIfEmpty(successor).Max();
            for (int i = 0; i < sets.Length; i++)
            {
                if (IsOver(sets[i], i))
                    sets = sets.SetItem(i, Lasting(i) with { State = Ended(sets[i]) });
            }

            // Where servers are back at what was there before it, that came anew after it.
            SetState Ended(PublishedSet set) => gone with
            {
                WasShown = set.State is SetState.Seen,
                SuccessorSince = set.State is SetState.Seen && set.Since > latest && round.StartedAt > successor
                    ? round.StartedAt
                    : successor,
            };

            // Nobody saw its TTL. A provider that gave what was there before one of its own gave it to this, too.
            PublishedSet Lasting(int index)
            {
                PublishedSet set = sets[index];
                if (set.Records.IsAbsent || set.State is not SetState.Intended { Unheard: > 0 })
                    return set;

                TimeSpan ttl = before.Before(index).Max(b => b.Ttl);
                return ttl > set.Records.Ttl ? set with { Records = new(set.Records.Records, ttl) } : set;
            }

            // A round that began before it came, as that of another certificate's turn, says nothing of it.
            bool IsOver(PublishedSet s, int index) =>
                !IsServed(s.Records) && s.Since <= round.StartedAt && s.State switch
                {
                    SetState.Seen => true,
                    SetState.Intended intended => index < oldest
                        || (intended.AppliedAt + NeverShown ?? s.Since + NeverCame) < round.StartedAt,
                    _ => false,
                };

            bool IsServed(RecordSet set) => served.Contains(set) || elsewhere.Contains(set);
        }

        if (sets != ledger.Sets)
        {
            OwnerLedger tried = served.Aggregate(ledger, (known, set) => known.Lasting(set));
            sets = (ledger with { Sets = sets }).WithPartsOf(tried, round.StartedAt, past).Sets;
        }

        sets = sets.RemoveAll(s => s.State is SetState.Gone old
            && old.LastServed + (old.WasShown ? Remembered : MayStillCome) + (4 * s.Records.Ttl) < round.StartedAt);
        ImmutableArray<TlsaRecord> ours = ledger.Ours.RemoveAll(r => !sets.Any(s => s.Records.Contains(r)));
        TimeSpan aliasTtl = AliasTtlOf(round);

        // What did not change stays the same object: it is neither compared in full again nor written.
        return aliasTtl <= ledger.AliasTtl && askedTtl == ledger.AskedTtl && servers == ledger.Servers
            && zone == ledger.Zone && ours.Length == ledger.Ours.Length && sets.SequenceEqual(asItWas.Sets)
            ? asItWas
            : ledger with
            {
                Sets = sets,
                Ours = ours,
                AliasTtl = aliasTtl > ledger.AliasTtl ? aliasTtl : ledger.AliasTtl,
                AskedTtl = askedTtl,
                Servers = servers,
                Zone = zone,
            };

        // What the zone's own servers give no more, one that was taken out and does not answer may give out still.
        IEnumerable<RecordSet> Unheard() => isWhole && former.Any(a => a is null)
            ? sets.Where(s => s.State is SetState.Seen).Select(s => s.Records)
            : [];
    }

    // What servers of an insecure zone give out proves nothing; but what none of them gives out, signed or not, no
    // cache gets any more.
    private static OwnerLedger ObserveInsecure(
        this OwnerLedger ledger, OwnerObservation round, TimeSpan margin, IEnumerable<OwnerLedger> others)
    {
        if (round.Owner != ledger.Owner || !ledger.Sets.Any(IsShown))
            return ledger;

        ImmutableArray<KnownServer> servers = KnownServer.After(
            KnownServer.OfZone(round.Zone ?? ledger.Zone, ledger.Servers, others), round, margin);
        bool isGone = round.Servers.All(GivesNothing)
            && servers.All(s => s.LeftAt is null || (s.AnswerIn(round) is { } answer && GivesNothing(answer)));
        ImmutableArray<PublishedSet> sets = !isGone
            ? ledger.Sets
            :
            [
                .. ledger.Sets.Select(s => IsShown(s)
                    ? s with { State = new SetState.Gone(round.FinishedAt, round.StartedAt) }
                    : s),
            ];
        return !isGone && servers == ledger.Servers ? ledger : ledger with { Sets = sets, Servers = servers };

        static bool IsShown(PublishedSet set) => set.State is SetState.Seen && !set.Records.IsAbsent;

        static bool GivesNothing(ServerAnswer answer) =>
            answer.Content is AnswerContent.Unsigned { Set.Values.IsEmpty: true };
    }

    // A server that was taken out of the zone may be the last to give out a set, or the only one that ever did. No
    // change starts from that, so it stands before what the zone's own servers give; but what is on its way stays so.
    private static ImmutableArray<PublishedSet> SeenElsewhere(
        ImmutableArray<PublishedSet> sets, RecordSet[] elsewhere, bool isNowhereElse, DateTimeOffset now)
    {
        var seen = new SetState.Seen(isNowhereElse);
        PublishedSet[] known = [.. sets.Where(s => elsewhere.Contains(s.Records) && s.State is SetState.Seen)];
        RecordSet[] fresh =
        [
            .. elsewhere.Where(set => !sets.Any(s => s.Records.Equals(set) && s.State is not SetState.Gone)),
        ];
        return
        [
            .. fresh.Select(set => new PublishedSet(set, now, seen)),
            .. known.Select(s => s with { State = seen }),
            .. sets.Where(s => !known.Contains(s) && !fresh.Contains(s.Records)),
        ];
    }

    // A provider that insists on a TTL of its own says so when it confirms the change. Another one that servers show
    // came from elsewhere, as by a change that was long on its way: it is asked for anew.
    private static bool IsExpected(OwnerLedger ledger, RecordSet set) =>
        set.IsAbsent || ledger.Sets.Any(s => s.State is not SetState.Gone && s.Records.Equals(set));

    private static TimeSpan AliasTtlOf(OwnerObservation round) =>
        round.Aliases.IsEmpty ? TimeSpan.Zero : round.Aliases.Max(a => a.Ttl);

    private static ImmutableArray<RecordSet?> AnswersOf(OwnerObservation round) =>
        [.. round.Servers.Where(s => s.IsListed).Select(s => Evidence.SetOf(s.Content))];

    private static ImmutableArray<RecordSet> Distinct(ImmutableArray<RecordSet?> answers)
    {
        var distinct = ImmutableArray.CreateBuilder<RecordSet>();
        foreach (RecordSet? answer in answers)
        {
            if (answer is not null && !distinct.Contains(answer))
                distinct.Add(answer);
        }

        return distinct.DrainToImmutable();
    }

    // The name leads to another owner now: what the former one published may still be in caches under the same name.
    internal static OwnerLedger Inherit(this OwnerLedger ledger, OwnerLedger former) => ledger with
    {
        Sets =
        [
            .. former.Sets
                .Where(f => !ledger.Sets.Any(s => s.Records.Equals(f.Records) && s.State is not SetState.Gone))
                .Select(f => f.State is SetState.Gone ? f : f with { State = new SetState.Seen() }),
            .. ledger.Sets,
        ],
        AliasTtl = former.AliasTtl > ledger.AliasTtl ? former.AliasTtl : ledger.AliasTtl,
    };

    // It was published before whatever is meant now.
    internal static OwnerLedger Meet(this OwnerLedger ledger, OwnerObservation round, DateTimeOffset now)
    {
        if (round.Security is not ZoneSecurity.Secure)
            return ledger;

        RecordSet[] met =
        [
            .. Distinct([.. round.Servers.Select(s => Evidence.SetOf(s.Content))])
                .Where(set => !ledger.Sets.Any(s => s.Records.Equals(set) && s.State is not SetState.Gone)),
        ];
        ledger = met.Aggregate(ledger, (known, set) => known.LastingAsPart(set));
        TimeSpan aliasTtl = AliasTtlOf(round);
        ImmutableArray<KnownServer> servers = KnownServer.With(ledger.Servers, round);
        return met.Length == 0 && aliasTtl <= ledger.AliasTtl && servers == ledger.Servers
            ? ledger
            : ledger with
            {
                Sets =
                [
                    .. met.Select(set => new PublishedSet(set, now, new SetState.Seen())),
                    .. ledger.Sets.RemoveAll(s => met.Contains(s.Records)),
                ],
                AliasTtl = aliasTtl > ledger.AliasTtl ? aliasTtl : ledger.AliasTtl,
                Servers = servers,
            };
    }

    // As it was seen before, once.
    private static bool IsSeen(ImmutableArray<PublishedSet> sets, RecordSet set)
    {
        bool found = false;
        foreach (PublishedSet known in sets)
        {
            if (!known.Records.Equals(set))
                continue;
            if (found || known.State is not SetState.Seen { Elsewhere: false })
                return false;
            found = true;
        }

        return found;
    }

    // As it was before a change that no server shows, while nobody knows whether another one back to it was made: that
    // one has not come by this.
    private static bool IsSeenAsBefore(ImmutableArray<PublishedSet> sets, RecordSet set)
    {
        int last = sets.FindLastIndex(s => s.Records.Equals(set));
        if (last < 0 || sets[last].State is not SetState.Intended { AppliedAt: null })
            return false;

        int before = sets.FindLastIndex(s => s.Records.Equals(set) && s.State is SetState.Seen { Elsewhere: false });
        return before >= 0
            && sets.Skip(before).Take(last - before).Any(s => s.State is SetState.Intended && !s.Records.Equals(set));
    }

    private static ImmutableArray<PublishedSet> Seen(
        ImmutableArray<PublishedSet> sets, RecordSet set, DateTimeOffset now)
    {
        int known = sets.FindLastIndex(s => s.Records.Equals(set));
        if (known < 0)
        {
            // A provider may give the set that was intended another TTL: it is the same publication.
            known = sets.FindLastIndex(s => s.State is SetState.Intended && s.Records.HasSameRecords(set));
        }

        if (known < 0)
            return sets.Add(new(set, now, new SetState.Seen()));

        PublishedSet before = sets[known];
        return
        [
            .. sets.Where((s, i) => i < known && !s.Records.Equals(set)),
            .. before.LongerThan(set),
            new(set, before.State is SetState.Gone ? now : before.Since, new SetState.Seen()),
            .. sets.Skip(known + 1),
        ];
    }
}

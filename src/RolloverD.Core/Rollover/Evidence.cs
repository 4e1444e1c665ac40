using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>
/// Turns what was seen into facts: the ledgers of the owners, the chains of the endpoints, the verification.
/// </summary>
public static class Evidence
{
    /// <summary>
    /// Rounds of handshakes in a row that must see only the new chain: workers that run on end one by one.
    /// </summary>
    public const int CleanRoundsWanted = 3;

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

    // An answer never changes, and several rules ask what it holds: it is read once.
    private static readonly ConditionalWeakTable<DnsRecordSet, RecordSet> Read = [];

    /// <summary>The facts after a look at the world on behalf of a certificate.</summary>
    /// <param name="facts">The facts before.</param>
    /// <param name="certificate">The certificate.</param>
    /// <param name="observation">What was seen.</param>
    /// <param name="timing">
    /// How long a process of the mail server lives on that handshakes may not meet, and the margin.
    /// </param>
    public static Facts Observe(
        this Facts facts, DesiredCertificate certificate, Observation observation, Timing timing)
    {
        ImmutableArray<Generation> generations = facts.Certificate(certificate.Name).Generations;
        foreach (Endpoint endpoint in certificate.Endpoints)
            facts = facts.Observe(endpoint, generations, observation, timing);
        facts = facts.ObserveOthers(observation, timing);
        foreach ((string name, OwnerObservation round) in observation.Owners)
        {
            if (!certificate.Endpoints.Concat(observation.Others).Any(e => e.TlsaName == name))
                facts = facts.ObserveOrphan(name, round, timing.SafetyMargin);
        }

        CertificateFacts known = Verify(facts.Certificate(certificate.Name), certificate, observation);
        bool wasReloaded = known.SetbackOf(StepKind.Reload) is not null;
        return facts.With(wasReloaded && Unserved.IsTakenOn(known, certificate, observation)
            ? known.WithoutSetback(StepKind.Reload)
            : known);
    }

    /// <summary>Takes in what a look brought of endpoints that other certificates look after.</summary>
    public static Facts ObserveOthers(this Facts facts, Observation observation, Timing timing) =>
        observation.Others.Aggregate(facts, (known, other) => known.Observe(other, [], observation, timing));

    /// <summary>Whether a server of the zone said something of the name, signed or not.</summary>
    public static bool IsHeard(this OwnerObservation round) =>
        round.Servers.Any(s => s.IsListed && IsHeard(s));

    internal static bool IsHeard(ServerAnswer answer) =>
        answer.Content is AnswerContent.Unsigned || SetOf(answer.Content) is not null;

    // While no server of the name's own zone is heard, or they do not agree on an alias, it leads where it did.
    private static bool SaysWhereItLeads(OwnerObservation round) => !round.Aliases.IsEmpty || round.IsHeard();

    private static Facts Observe(
        this Facts facts, Endpoint endpoint, ImmutableArray<Generation> generations, Observation observation,
        Timing timing)
    {
        EndpointFacts seen = facts.EndpointOf(endpoint);
        if (observation.Owners.TryGetValue(endpoint.TlsaName, out OwnerObservation? owner)
            && owner.Zone is not null
            && (owner.Owner == seen.Owner || SaysWhereItLeads(owner)))
        {
            OwnerLedger ledger = facts.Owner(owner.Owner);
            if (seen.Owner != owner.Owner)
                ledger = ledger.Inherit(facts.Owner(seen.Owner));

            seen = seen.LeadTo(owner.Owner, facts.Owner(seen.Owner), owner.FinishedAt);
            Facts known = facts;
            seen = owner.Servers.All(IsHeard)
                ? seen.LeadsThereNoMore(f => known.Owner(f).AliasTtl, owner.FinishedAt)
                : seen.MayStillLead(f => known.Owner(f).AliasTtl, owner.FinishedAt);

            facts = facts.With(ledger.Observe(owner, timing.SafetyMargin));
            if (owner.Owner != endpoint.TlsaName)
                facts = facts.ObserveOrphan(endpoint.TlsaName, owner, timing.SafetyMargin);
        }

        if (observation.Endpoints.TryGetValue(endpoint, out EndpointObservation? handshakes))
            seen = seen.Observe(handshakes, generations, timing.Drain, timing.SafetyMargin);
        return facts.With(seen);
    }

    /// <summary>
    /// Takes in what was met just before a step, or in a look that does not count otherwise: chains and record sets
    /// come, and none goes. A process that shows such a chain may be missed by the rounds after; such a set may be gone
    /// from every server when they are asked again, and still be in caches.
    /// </summary>
    public static Facts Meet(this Facts facts, Observation beside, DateTimeOffset now)
    {
        foreach (EndpointObservation round in beside.Endpoints.Values)
            facts = facts.With(facts.EndpointOf(round.Endpoint).Meet(round, now));
        foreach (OwnerObservation round in beside.Owners.Values)
        {
            OwnerLedger ledger = facts.Owner(round.Owner);
            OwnerLedger met = ledger.Meet(round, now);
            if (met != ledger)
                facts = facts.With(met);
        }

        return facts;
    }

    // It was published before whatever is meant now.
    private static OwnerLedger Meet(this OwnerLedger ledger, OwnerObservation round, DateTimeOffset now)
    {
        if (round.Security is not ZoneSecurity.Secure)
            return ledger;

        RecordSet[] met =
        [
            .. Distinct([.. round.Servers.Select(s => SetOf(s.Content))])
                .Where(set => !ledger.Sets.Any(s => s.Records.Equals(set) && s.State is not SetState.Gone)),
        ];
        return met.Length == 0 ? ledger : ledger with
        {
            Sets =
            [
                .. met.Select(set => new PublishedSet(set, now, new SetState.Seen())),
                .. ledger.Sets.RemoveAll(s => met.Contains(s.Records)),
            ],
        };
    }

    // Where the name is an alias now, no server holds records under it.
    private static Facts ObserveOrphan(
        this Facts facts, string name, OwnerObservation round, TimeSpan margin)
    {
        if (round.Zone is null || !facts.Owners.TryGetValue(name, out OwnerLedger? ledger))
            return facts;

        return facts.With(ledger.Observe(round.Owner == name ? round : round with
        {
            Servers =
            [
                .. round.Servers.Select(s => SetOf(s.Content) is null ? s : s with
                {
                    Content = new AnswerContent.Absent(true),
                }),
            ],
        }, margin));
    }

    /// <summary>The ledger after one round of questions to every authoritative server.</summary>
    /// <param name="ledger">The ledger before.</param>
    /// <param name="round">The round.</param>
    /// <param name="margin">How much longer than a TTL a server counts that was taken out of the zone.</param>
    /// <remarks>
    /// Only a round in which every address answered, validly signed, can end a set: an error or a time-out is never
    /// "not served any more". So with a server that was taken out of the zone, for as long as resolvers may ask it.
    /// </remarks>
    public static OwnerLedger Observe(this OwnerLedger ledger, OwnerObservation round, TimeSpan margin)
    {
        if (round.Security is not ZoneSecurity.Secure || round.Servers.IsEmpty)
            return ledger;

        // Where the name was an alias, the servers are those of another zone.
        ImmutableArray<KnownServer> servers =
            round.Owner == ledger.Owner ? KnownServer.After(ledger.Servers, round, margin) : ledger.Servers;
        RecordSet?[] former = servers.All(s => s.LeftAt is null)
            ? []
            :
            [
                .. servers.Where(s => s.LeftAt is not null)
                    .Select(s => s.AnswerIn(round) is { } answer ? SetOf(answer.Content) : null),
            ];
        ImmutableArray<RecordSet?> answers = AnswersOf(round);
        ImmutableArray<RecordSet> served = Distinct(answers);
        ImmutableArray<PublishedSet> sets = ledger.Sets;
        TimeSpan? askedTtl = ledger.AskedTtl;
        foreach (RecordSet set in served)
        {
            if (IsSeen(sets, set))
                continue;

            if (!IsExpected(ledger, set))
                askedTtl = null;
            sets = Seen(sets, set, round.StartedAt);
        }

        RecordSet[] elsewhere = former.Length == 0
            ? []
            : [.. former.OfType<RecordSet>().Distinct().Where(set => !served.Contains(set))];
        if (elsewhere.Length > 0)
            sets = SeenElsewhere(sets, elsewhere, answers.All(a => a is not null), round.StartedAt);

        SetState past = new SetState.Seen();
        if (answers.All(a => a is not null) && former.All(a => a is not null))
        {
            // What is served now may be a part of a later change, though the same set was meant before and lost.
            DateTimeOffset successor = sets.Where(s => s.State is not SetState.Gone).Max(s => s.Since);
            var gone = new SetState.Gone(round.FinishedAt, successor);
            past = gone;
            int newest = sets.FindLastIndex(s => served.Contains(s.Records));
            for (int i = 0; i < sets.Length; i++)
            {
                if (IsOver(sets[i], i))
                    sets = sets.SetItem(i, sets[i] with { State = Ended(sets[i].State) });
            }

            SetState Ended(SetState state) => gone with { WasShown = state is SetState.Seen };

            bool IsOver(PublishedSet s, int index) => !IsServed(s.Records) && s.State switch
            {
                SetState.Seen => true,
                SetState.Intended intended => index < newest
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
        TimeSpan aliasTtl = round.Aliases.IsEmpty ? TimeSpan.Zero : round.Aliases.Max(a => a.Ttl);

        // What did not change stays the same object: it is neither compared in full again nor written.
        return aliasTtl <= ledger.AliasTtl && askedTtl == ledger.AskedTtl && servers == ledger.Servers
            && ours.Length == ledger.Ours.Length && sets.SequenceEqual(ledger.Sets)
            ? ledger
            : ledger with
            {
                Sets = sets,
                Ours = ours,
                AliasTtl = aliasTtl > ledger.AliasTtl ? aliasTtl : ledger.AliasTtl,
                AskedTtl = askedTtl,
                Servers = servers,
            };
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

    private static ImmutableArray<RecordSet?> AnswersOf(OwnerObservation round) =>
        [.. round.Servers.Where(s => s.IsListed).Select(s => SetOf(s.Content))];

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
    private static OwnerLedger Inherit(this OwnerLedger ledger, OwnerLedger former) => ledger with
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

    /// <summary>The record set of an answer; null when the answer proves nothing.</summary>
    public static RecordSet? SetOf(AnswerContent content) => content switch
    {
        AnswerContent.Serves serves => Read.GetValue(serves.Set, static set => new(
            [.. set.Values.Select(v => TlsaRecord.TryParse(v, out TlsaRecord r) ? r : null).OfType<TlsaRecord>()],
            set.Ttl)),
        AnswerContent.Absent => RecordSet.Absent,
        _ => null,
    };

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
            new(set, before.State is SetState.Gone ? now : before.Since, new SetState.Seen()),
            .. sets.Skip(known + 1),
        ];
    }

    // Rule 7: until every address of every endpoint shows only the new chain, several rounds in a row, it is not
    // verified.
    private static CertificateFacts Verify(
        CertificateFacts facts, DesiredCertificate certificate, Observation observation)
    {
        if (facts.Current is not { State: GenerationState.Deploying deploying } current
            || observation.Endpoints.IsEmpty)
        {
            return facts;
        }

        HashSet<ChainCertificate> others =
        [
            .. facts.Generations.Select(g => g.Chain?.Leaf).OfType<ChainCertificate>()
                .Where(leaf => !leaf.Equals(deploying.Chain.Leaf)),
        ];
        DateTimeOffset effective = deploying.ReloadedAt ?? deploying.IntendedAt;
        bool clean = certificate.Endpoints.All(e =>
            observation.Endpoints.TryGetValue(e, out EndpointObservation? round)
            && round.IsComplete
            && round.StartedAt >= effective
            && round.Addresses.All(a => ShowsOnly(a, deploying.Chain, others)));

        int rounds = clean ? deploying.CleanRounds + 1 : 0;
        return rounds < CleanRoundsWanted
            ? facts.With(current with { State = deploying with { CleanRounds = rounds } })
            : facts.GoLive(current, deploying.Chain, observation.Endpoints.Values.Max(e => e.FinishedAt));
    }

    private static bool ShowsOnly(AddressObservation address, Chain wanted, HashSet<ChainCertificate> others)
    {
        ChainCertificate[] leaves = [.. address.Presented.OfType<Presented.Shows>().Select(s => s.Chain.Leaf)];
        return leaves.Contains(wanted.Leaf) && !leaves.Any(others.Contains);
    }

    private static CertificateFacts GoLive(
        this CertificateFacts facts, Generation current, Chain chain, DateTimeOffset now)
    {
        foreach (Generation old in facts.Generations)
        {
            if (old.State is GenerationState.Live live && old.Number != current.Number)
                facts = facts.With(old with { State = new GenerationState.Superseded(live.Chain, now) });
        }

        facts = facts.With(current with { State = new GenerationState.Live(chain, now) });
        facts = (facts.IsAnswered() ? facts with { Request = null } : facts).WithoutSetback(StepKind.Deploy);
        facts = facts with { Setbacks = facts.Setbacks.RemoveAll(s => s.Kind == StepKind.Issue) }; // of any issuer

        // While the generation that was taken out still waits for its next try, the reason for its failure is kept.
        return facts.Next is null ? facts.WithoutSetback(StepKind.PutBack) : facts;
    }
}

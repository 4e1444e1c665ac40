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
            OwnerLedger before = facts.Owner(seen.Owner);
            if (owner.Owner != seen.Owner && owner.Zone == before.Zone)
            {
                // The name servers may have been replaced together with the alias: the old ones lead to the old owner.
                before = before with { Servers = KnownServer.After(before.Servers, owner, timing.SafetyMargin) };
                facts = facts.With(before);
            }

            if (owner.Owner != endpoint.TlsaName)
                facts = facts.ObserveOrphan(endpoint.TlsaName, owner, timing.SafetyMargin);
            OwnerLedger ledger = facts.Owner(owner.Owner);
            if (seen.Owner != owner.Owner)
                ledger = ledger.Inherit(before);

            seen = seen.LeadTo(owner.Owner, facts.Owner(seen.Owner), owner.FinishedAt);
            Facts known = facts;
            seen = owner.Servers.All(IsHeard)
                ? seen.LeadsThereNoMore(f => known.Owner(f).AliasTtl, owner.FinishedAt)
                : seen.MayStillLead(f => known.Owner(f).AliasTtl, owner.FinishedAt);

            facts = facts.With(ledger.Observe(owner, timing.SafetyMargin, facts.Owners.Values));
        }

        if (observation.Endpoints.TryGetValue(endpoint, out EndpointObservation? handshakes))
            seen = seen.Observe(
                handshakes, generations, timing.Drain, timing.SafetyMargin, facts.Endpoints.Values);
        return facts.With(seen);
    }

    /// <summary>
    /// Takes in what was met just before a step, or in a look that does not count otherwise: chains, record sets, and
    /// where names lead come, and none goes. A process that shows such a chain may be missed by the rounds after; such
    /// a set may be gone from every server when they are asked again, or an alias lead elsewhere, and caches hold it.
    /// </summary>
    public static Facts Meet(this Facts facts, Observation beside, DateTimeOffset now)
    {
        foreach (EndpointObservation round in beside.Endpoints.Values)
            facts = facts.With(facts.EndpointOf(round.Endpoint).Meet(round, now));
        foreach ((string name, OwnerObservation round) in beside.Owners)
        {
            OwnerLedger ledger = facts.Owner(round.Owner);
            OwnerLedger met = ledger.Meet(round, now);
            if (met != ledger)
                facts = facts.With(met);
            if (round.Zone is not null && SaysWhereItLeads(round))
            {
                foreach (EndpointFacts known in facts.Endpoints.Values.Where(e => e.Endpoint.TlsaName == name))
                    facts = facts.With(known.MeetLead(met, now));
            }
        }

        return facts;
    }

    // Where the name is an alias now, no server holds records under it.
    private static Facts ObserveOrphan(
        this Facts facts, string name, OwnerObservation round, TimeSpan margin)
    {
        if (round.Zone is null || !facts.Owners.TryGetValue(name, out OwnerLedger? ledger))
            return facts;

        // The servers of its own zone are not told, and may be others than when it held records.
        if (round.Owner != name)
            ledger = ledger with { Servers = KnownServer.LeftBehind(ledger.Servers, round, margin) };
        return facts.With(ledger.Observe(round.Owner == name ? round : round with
        {
            Servers =
            [
                .. round.Servers.Select(s => SetOf(s.Content) is null ? s : s with
                {
                    Content = new AnswerContent.Absent(true),
                }),
            ],
        }, margin, facts.Owners.Values));
    }

    /// <summary>The record set of an answer; null when the answer proves nothing.</summary>
    public static RecordSet? SetOf(AnswerContent content) => content switch
    {
        AnswerContent.Serves serves => Read.GetValue(serves.Set, static set => new(
            [.. set.Values.Select(v => TlsaRecord.TryParse(v, out TlsaRecord r) ? r : null).OfType<TlsaRecord>()],
            set.Ttl)),
        AnswerContent.Absent => RecordSet.Absent,
        _ => null,
    };

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
        Generation? last = current.State is GenerationState.Deploying { GoesBack: true }
            ? null
            : facts.LastInService((g, _) => g.Number != current.Number);
        foreach (Generation old in facts.Generations)
        {
            if (old.State is GenerationState.Live live && old.Number != current.Number)
            {
                facts = facts.With(old with
                {
                    State = new GenerationState.Superseded(
                        live.Chain, old.Number == last?.Number ? now : live.VerifiedAt),
                });
            }
        }

        facts = facts.With(current with { State = new GenerationState.Live(chain, now) });
        facts = (facts.IsAnswered() ? facts with { Request = null } : facts).WithoutSetback(StepKind.Deploy);
        facts = facts with { Setbacks = facts.Setbacks.RemoveAll(s => s.Kind == StepKind.Issue) }; // of any issuer

        // While the generation that was taken out still waits for its next try, the reason for its failure is kept.
        return facts.Next is null ? facts.WithoutSetback(StepKind.PutBack) : facts;
    }
}

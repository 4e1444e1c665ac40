using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>
/// What senders may meet at one endpoint: any of these record sets together with any of these chains.
/// </summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="Visible">The visible record sets of its TLSA owner.</param>
/// <param name="Served">The chains that some address may present.</param>
public sealed record Exposure(Endpoint Endpoint, ImmutableArray<RecordSet> Visible, ImmutableArray<Chain> Served);

/// <summary>A sender could meet this set and this chain and refuse.</summary>
/// <param name="Endpoint">Where.</param>
/// <param name="Set">The visible set.</param>
/// <param name="Chain">The served chain.</param>
/// <param name="Uncovered">The parameters that the set holds without a record for the chain.</param>
public sealed record Violation(Endpoint Endpoint, RecordSet Set, Chain Chain, ImmutableArray<TlsaParameters> Uncovered)
{
    /// <summary>Whether nothing is wrong but that the chain's dates lie ahead.</summary>
    /// <remarks>RFC 7672 §3.1.2.</remarks>
    public bool IsOnlyEarlyAt(DateTimeOffset now) =>
        now < Chain.NotBefore && Set.Covers(Chain, new(Endpoint.Host, Chain.NotBefore));

    public override string ToString() =>
        $"{Endpoint}: a sender that holds [{Set}] would refuse {Chain.Leaf}: "
        + string.Join(", ", Set.Uncovered(Chain) is { IsEmpty: false } named
            ? named.Select(p => $"no {p} record matches it")
            : Uncovered.Select(p => $"by a {p} record it has to be in date and bear the name, and it bears "
                + $"{string.Join(", ", Chain.Leaf.DnsNames)} from {Chain.NotBefore:u} until {Chain.NotAfter:u}"));
}

/// <summary>
/// The one rule: at every time, for every endpoint, every visible record set covers every served chain. A step is
/// permitted when it adds no violation that was not there before, so that what is already broken can be healed.
/// </summary>
/// <remarks>RFC 7671 §8.</remarks>
public static class Safety
{
    /// <summary>What is exposed at each endpoint of a certificate, by the facts.</summary>
    /// <remarks>
    /// From the intent to deploy until verification the chain before and the new one both count as served, beside
    /// whatever handshakes have seen and did not see disappear, and what disappeared so lately that a process which
    /// they did not meet may go on showing it.
    /// </remarks>
    public static ImmutableArray<Exposure> Exposures(
        Desired desired, Facts facts, ImmutableArray<Endpoint> endpoints, DateTimeOffset now)
    {
        var exposures = ImmutableArray.CreateBuilder<Exposure>(endpoints.Length);
        foreach (Endpoint endpoint in endpoints)
        {
            exposures.Add(new(
                endpoint,
                VisibleAt(facts, facts.EndpointOf(endpoint), now, desired.Timing.SafetyMargin),
                ServedAt(desired, facts, endpoint, now)));
        }

        return exposures.MoveToImmutable();
    }

    private static ImmutableArray<RecordSet> VisibleAt(
        Facts facts, EndpointFacts endpoint, DateTimeOffset now, TimeSpan margin)
    {
        ImmutableArray<RecordSet> visible = facts.Owner(endpoint.Owner).VisibleSetsAt(now, margin);
        return endpoint.Former.IsEmpty
            ? visible
            : [.. visible.Union(AtFormer(facts, endpoint, now, margin, l => l.VisibleSetsAt(now, margin)))];
    }

    // A cache that holds an alias goes on to the owner before and keeps what it gets there.
    private static IEnumerable<RecordSet> AtFormer(
        Facts facts, EndpointFacts endpoint, DateTimeOffset now, TimeSpan margin,
        Func<OwnerLedger, IEnumerable<RecordSet>> sets) =>
        endpoint.Former.SelectMany(
            f => sets(facts.Owner(f.Owner)).Where(set => f.IsDoubted || now < f.Until + set.Ttl + margin));

    /// <summary>The chains that some address of an endpoint may present.</summary>
    /// <param name="desired">The configuration.</param>
    /// <param name="facts">The facts.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="now">The time; null: without those that at most an old process shows.</param>
    public static ImmutableArray<Chain> ServedAt(
        Desired desired, Facts facts, Endpoint endpoint, DateTimeOffset? now)
    {
        var served = ImmutableArray.CreateBuilder<Chain>();
        EndpointFacts seen = facts.EndpointOf(endpoint);
        foreach (Chain shown in now is { } time ? seen.ShownAt(time, desired.Timing.Drain) : seen.Seen)
            Serves(shown);
        foreach (DesiredCertificate certificate in desired.Layout.Certificates)
        {
            if (!certificate.Endpoints.Contains(endpoint))
                continue;

            foreach (Generation generation in facts.Certificate(certificate.Name).Generations)
            {
                if (generation is { State: GenerationState.Deploying or GenerationState.Live, Chain: { } chain })
                    Serves(chain);
            }
        }

        return served.DrainToImmutable();

        void Serves(Chain chain)
        {
            if (!served.Contains(chain))
                served.Add(chain);
        }
    }

    /// <summary>The violations that are there.</summary>
    /// <param name="exposures">What senders may meet.</param>
    /// <param name="now">The time; null: whatever the names and dates of the chains, which count under usage 2.</param>
    public static ImmutableArray<Violation> Violations(ImmutableArray<Exposure> exposures, DateTimeOffset? now)
    {
        var violations = ImmutableArray.CreateBuilder<Violation>();
        foreach (Exposure exposure in exposures)
        {
            Meeting? meeting = At(exposure.Endpoint, now);
            foreach (RecordSet set in exposure.Visible)
            {
                foreach (Chain chain in exposure.Served)
                {
                    if (!set.Covers(chain, meeting))
                        violations.Add(new(exposure.Endpoint, set, chain, set.Uncovered(chain, meeting)));
                }
            }
        }

        return violations.DrainToImmutable();
    }

    /// <summary>
    /// The violations that publishing this set at an owner would add to what senders get if nothing is done. Empty: it
    /// is permitted. What the set in place already does to a chain, its successor may do too: a host that is broken can
    /// be healed step by step, and a foreign dead record be lived with. A chain that every sender refuses already
    /// has nothing to lose where another one is healed.
    /// </summary>
    public static ImmutableArray<Violation> OfPublishing(
        Desired desired, Facts facts, string owner, RecordSet set, DateTimeOffset now)
    {
        ImmutableArray<Endpoint> endpoints =
            [.. desired.Layout.Endpoints.Where(e => facts.EndpointOf(e).IsLedTo(owner, now))];
        if (endpoints.Length == 0) // an orphan: what is served where it led, or leads to in caches, as last looked at
        {
            endpoints =
            [
                .. facts.Endpoints.Values
                    .Where(e => e.IsLedTo(owner, now))
                    .Select(e => e.Endpoint)
                    .OrderBy(e => e.TlsaName, StringComparer.Ordinal),
            ];
        }

        // A set that the provider confirmed and no server shows for long may be lost, and one server may show what
        // another does not: then a change is no better than what each of them gives.
        ImmutableArray<RecordSet> given = facts.Owner(owner).GivenAt(now);
        ImmutableArray<Exposure> exposures = Exposures(desired, facts, endpoints, now);
        return [.. Added(null).Concat(Added(now)).DistinctBy(v => (v.Endpoint, v.Chain))];

        IEnumerable<Violation> Added(DateTimeOffset? at) => exposures.SelectMany(
            e => Violations([e with { Visible = [set] }], at)
                .Where(v => given.IsEmpty || given.Any(before => !FailsBefore(v, e, before, at))));

        bool FailsBefore(Violation v, Exposure e, RecordSet before, DateTimeOffset? at)
        {
            Meeting? meeting = At(e.Endpoint, at);
            return IsNoWorse(v, before, meeting)
                || (RefuseAll(before, v.Chain)
                    && e.Served.Any(c => set.Covers(c, meeting) && !before.Covers(c, meeting)));
        }
    }

    // A step has to be safe by dates and names, and without them: the clock may be wrong, and what has ended by it
    // excuses nothing that matches no record.
    private static Meeting? At(Endpoint endpoint, DateTimeOffset? now) =>
        now is { } at ? new(endpoint.Host, at) : null;

    // It lacks nothing that the set in place did not lack, and every kind of record by which a sender may have accepted
    // the chain all the same is still there.
    private static bool IsNoWorse(Violation violation, RecordSet inPlace, Meeting? meeting)
    {
        ImmutableArray<TlsaParameters> lacked = inPlace.Uncovered(violation.Chain, meeting);
        return violation.Uncovered.All(lacked.Contains)
            && inPlace.Records.Select(r => r.Parameters).Except(lacked)
                .All(violation.Set.Records.Select(r => r.Parameters).Contains);
    }

    // No record matches, and one is of a kind that every sender knows: usage 3, and no SHA-512, which is optional.
    // RFC 6698 §6
    private static bool RefuseAll(RecordSet set, Chain chain) =>
        set.Records.Any(r => r.IsUsable && r.Parameters is
        {
            Usage: CertificateUsage.DaneEe,
            MatchingType: not MatchingType.Sha512,
        })
        && !set.Records.Any(r => r.Matches(chain));

    /// <summary>
    /// The violations that going on to serve this chain at the certificate's endpoints would add. Empty: it is
    /// permitted. A set that fails every chain now, one of the same kind of key among them, may fail this one too;
    /// while one address still works, for one holder of one cached set, nothing may go into service that does not. A
    /// chain of another kind of key may be all that an address shows, and the new one then comes in its place; or the
    /// new one comes beside it and is the first of its kind. Of a change that may have come in parts every part counts
    /// as visible.
    /// </summary>
    public static ImmutableArray<Violation> OfServing(
        Desired desired, Facts facts, DesiredCertificate certificate, Chain chain, DateTimeOffset now) =>
        OfServing(desired, facts, certificate, chain, now, e => !facts.EndpointOf(e).Seen.Contains(chain));

    /// <summary>
    /// The violations that putting this chain in or back would add. Where it was seen last counts too: another address
    /// may not show it, and while one does not answer it stays seen, and may be gone for long.
    /// </summary>
    public static ImmutableArray<Violation> OfPuttingIn(
        Desired desired, Facts facts, DesiredCertificate certificate, Chain chain, DateTimeOffset now) =>
        OfServing(desired, facts, certificate, chain, now, _ => true);

    private static ImmutableArray<Violation> OfServing(
        Desired desired,
        Facts facts,
        DesiredCertificate certificate,
        Chain chain,
        DateTimeOffset now,
        Func<Endpoint, bool> counts) =>
    [
        .. Exposures(
                desired, facts,
                [.. certificate.Endpoints, .. Orphans.LeftBy(desired, facts, certificate, now)], now)
            .Where(e => counts(e.Endpoint))
            .Select(e => e with { Visible = [.. e.Visible, .. PartsAt(desired, facts, e.Endpoint, now)] })
            .SelectMany(e => Added(e, chain, null).Concat(Added(e, chain, now)).DistinctBy(v => v.Set))
            .Where(v => !v.Set.Covers(chain) || v.IsOnlyEarlyAt(now)
                || !IsBegun(facts.Certificate(certificate.Name), chain)),
    ];

    private static IEnumerable<RecordSet> PartsAt(
        Desired desired, Facts facts, Endpoint endpoint, DateTimeOffset now)
    {
        EndpointFacts known = facts.EndpointOf(endpoint);
        return facts.Owner(known.Owner).PartsOfUnfinished()
            .Concat(AtFormer(facts, known, now, desired.Timing.SafetyMargin, Visibility.PartsOfUnfinished));
    }

    private static IEnumerable<Violation> Added(Exposure exposure, Chain chain, DateTimeOffset? now) =>
        Violations([exposure with { Served = [chain] }], now).Where(v => !FailsAnyway(exposure, v, now));

    // It goes on though it has ended meanwhile: only when it is in service can it be renewed.
    private static bool IsBegun(CertificateFacts known, Chain chain) =>
        known.Generations.Any(g => g.State is GenerationState.Deploying deploying && deploying.Chain.Equals(chain));

    private static bool FailsAnyway(Exposure exposure, Violation added, DateTimeOffset? now)
    {
        Chain[] served = [.. exposure.Served.Where(c => !c.Equals(added.Chain))];
        return served.Any(c => c.Key.Family == added.Chain.Key.Family)
            && served.All(c => added.Uncovered.All(added.Set.Uncovered(c, Met(c)).Contains));

        // What is served and not valid yet is so by a clock that is behind, or soon: it excuses no other.
        Meeting? Met(Chain c) => At(exposure.Endpoint, now < c.NotBefore ? c.NotBefore : now);
    }
}

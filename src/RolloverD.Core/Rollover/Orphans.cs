using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>
/// Owners that something is known of and that no configured endpoint leads to any more: the endpoint or the certificate
/// was taken out of the configuration, or a CNAME leads elsewhere now.
/// </summary>
/// <remarks>
/// A record that nobody keeps fresh breaks the host at its next certificate; none at all is no DANE, which refuses
/// nothing. So RolloverD's own are withdrawn, and the owner is forgotten when no cache holds them any more, nor a set
/// that a look would not find.
/// </remarks>
public static class Orphans
{
    /// <summary>
    /// After this long without an answer since a chain went in, an endpoint that was taken out counts as gone. No fact
    /// says so; a day outlasts a night and a repair. Its records wait for it, and a next chain that they do not name.
    /// </summary>
    private static readonly TimeSpan StaysAway = TimeSpan.FromDays(1);

    /// <summary>The orphans that a certificate looks after: the first one by name does.</summary>
    public static ImmutableArray<string> LookedAfterBy(Desired desired, Facts facts, string certificate)
    {
        if (desired.Layout.Certificates is not [var first, ..] || first.Name != certificate)
            return [];

        HashSet<string> taken = Taken(desired, facts);
        if (EveryOwnerIs(taken, facts))
            return [];

        return
        [
            .. facts.Owners.Values
                .Where(l => !taken.Contains(l.Owner))
                .Select(l => l.Owner)
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>
    /// The endpoints that were taken out of the configuration and led to orphans of which records have yet to go, as
    /// far as the provider has confirmed. Their mail servers most often go on, and what they show now says in which
    /// order the records go.
    /// </summary>
    public static ImmutableArray<Endpoint> EndpointsAt(
        Desired desired, Facts facts, ImmutableArray<string> orphans) =>
        orphans.IsEmpty
            ? []
            :
            [
                .. facts.Endpoints.Values
                    .Where(e => orphans.Contains(e.Owner) && !desired.Layout.Endpoints.Contains(e.Endpoint)
                        && DnsName.ClosestZone(e.Owner, desired.Zones.Keys) is not null
                        && facts.Owner(e.Owner) is var ledger
                        && ledger.Ours.Any(r => IsIn(ledger.Latest, r) || IsIn(ledger.InPlace, r)))
                    .Select(e => e.Endpoint)
                    .OrderBy(e => e.TlsaName, StringComparer.Ordinal),
            ];

    private static bool IsIn(RecordSet? set, TlsaRecord record) => set?.Contains(record) is true;

    /// <summary>
    /// What is remembered without those owners and endpoints that are no longer configured and of which no server and
    /// no cache holds a record of RolloverD's, nor a set that a look would not find: an endpoint may be configured
    /// again at any time, and then what caches hold counts as before. An owner to which some cache still follows the
    /// alias of a configured endpoint is remembered, whosesoever its records are.
    /// </summary>
    public static Facts Forget(this Facts facts, Desired desired, DateTimeOffset now)
    {
        HashSet<string> taken = Taken(desired, facts);
        ImmutableArray<Endpoint> configured = desired.Layout.Endpoints;
        if (EveryOwnerIs(taken, facts) && facts.Endpoints.Count == configured.Count(facts.Endpoints.ContainsKey))
            return facts;

        ImmutableDictionary<string, OwnerLedger> owners = facts.Owners.RemoveRange(facts.Owners.Values
            .Where(l => !taken.Contains(l.Owner) && !IsStillLedTo(l)
                && !l.VisibleAt(now, desired.Timing.SafetyMargin).Any(s => Matters(l, s.Records)))
            .Select(l => l.Owner));
        ImmutableDictionary<Endpoint, EndpointFacts> endpoints = facts.Endpoints.RemoveRange(facts.Endpoints.Values
            .Where(e => !configured.Contains(e.Endpoint)
                && (taken.Contains(e.Owner) || !owners.ContainsKey(e.Owner)))
            .Select(e => e.Endpoint));
        return owners.Count == facts.Owners.Count && endpoints.Count == facts.Endpoints.Count
            ? facts
            : facts with { Owners = owners, Endpoints = endpoints };

        bool IsStillLedTo(OwnerLedger ledger)
        {
            TimeSpan kept = desired.Timing.SafetyMargin
                + ledger.Sets.Select(s => s.Records.Ttl).Append(TimeSpan.Zero).Max();
            return configured.Any(e => facts.EndpointOf(e).Former.Any(
                f => f.Owner == ledger.Owner && (f.IsDoubted || now < f.Until + kept)));
        }
    }

    private static bool Matters(OwnerLedger ledger, RecordSet set) =>
        ledger.Ours.Any(set.Contains) || !(set.IsAbsent || set.Equals(ledger.Latest));

    /// <summary>
    /// The endpoints that were taken out of the configuration while their mail server may go on showing what the
    /// certificate puts into service, and caches may hold records that RolloverD published there: for this certificate,
    /// or under a name that this one bears as well. Where it cannot withdraw its own, because what others have there
    /// would refuse the chain or the zone is not configured, nothing ends that: the operator is told, nothing waits.
    /// So with an endpoint that was given to another certificate, and shows this one's chain still.
    /// </summary>
    internal static ImmutableArray<Endpoint> LeftBy(
        Desired desired, Facts facts, DesiredCertificate certificate, DateTimeOffset now)
    {
        ImmutableArray<Endpoint> configured = desired.Layout.Endpoints;
        ImmutableArray<Endpoint> given = [.. Wanted.ElsewhereOf(desired, facts, certificate)];
        if (facts.Endpoints.Count == configured.Count(facts.Endpoints.ContainsKey))
            return given;

        HashSet<string> taken = Taken(desired, facts);
        ImmutableArray<Generation> generations = facts.Certificate(certificate.Name).Generations;
        return
        [
            .. given,
            .. facts.Endpoints.Values
                .Where(e => !configured.Contains(e.Endpoint) && !taken.Contains(e.Owner)
                    && MayShow(e.Endpoint, facts.Owner(e.Owner)) && IsWithdrawable(facts.Owner(e.Owner)))
                .Select(e => e.Endpoint)
                .OrderBy(e => e.TlsaName, StringComparer.Ordinal),
        ];

        bool MayShow(Endpoint endpoint, OwnerLedger ledger)
        {
            ImmutableArray<TlsaParameters> parameters = [.. ledger.Ours.Select(r => r.Parameters).Distinct()];
            return certificate.Names.Contains(endpoint.Host, StringComparer.OrdinalIgnoreCase)
                || generations.Any(g => Wanted.RecordsOf(g, parameters).Any(ledger.Ours.Contains));
        }

        bool IsWithdrawable(OwnerLedger ledger) =>
            DnsName.ClosestZone(ledger.Owner, desired.Zones.Keys) is not null
            && (ledger.BaseAt(now) is not { } latest
                || Safety.OfPublishing(
                    desired, facts, ledger.Owner, latest.Without(ledger.Ours.ToHashSet()), now).IsEmpty);
    }

    /// <summary>The owners of those endpoints.</summary>
    internal static IEnumerable<OwnerSituation> LeftBy(Situation s) =>
        LeftBy(s.Desired, s.Facts, s.Certificate, s.Now).Select(e => s.Facts.EndpointOf(e).Owner).Distinct()
            .Select(owner => Of(s, owner));

    private static OwnerSituation Of(Situation s, string owner) =>
        new(owner, s.Facts.Owner(owner), s.Observation.Owners.GetValueOrDefault(owner));

    /// <summary>Withdraws RolloverD's own records from an orphan.</summary>
    internal static Step? Withdraw(Situation s)
    {
        foreach (string name in LookedAfterBy(s.Desired, s.Facts, s.Certificate.Name))
        {
            OwnerSituation owner = Of(s, name);

            // What was taken out of the configuration goes on serving, and caches may follow an alias for a time.
            Endpoint[] endpoints =
                [.. s.Facts.Endpoints.Values.Where(e => e.IsLedTo(name, s.Now)).Select(e => e.Endpoint)];
            if (owner.Ledger.BaseAt(s.Now) is { } latest
                && owner.Ledger.Ours.Where(latest.Contains).ToImmutableArray() is { IsEmpty: false } ours
                && HasZone(s, name, ours)
                && Gates.DnsIsSound(s, owner)
                && Gates.EveryAddressAnswers(
                    s, owner, "records stay, to which caches may still be led, until every address was seen")
                && OneChainIsMet(s, name, ours, endpoints)
                && Gates.Permitted(s, name, latest.Without(ours.ToHashSet()), "withdrawing") is { } target
                && new Step.Withdraw(
                    s.Certificate.Name, name, latest, target, new Served(s, endpoints).Last(ours),
                    "no configured endpoint has its records there any more") is var step
                && s.IsDue(step))
            {
                return step;
            }
        }

        return null;
    }

    // No order of several records is good for two chains, where a provider takes away one after the other.
    private static bool OneChainIsMet(
        Situation s, string owner, ImmutableArray<TlsaRecord> ours, Endpoint[] endpoints)
    {
        const string what = "records that no configured endpoint leads to go";
        ImmutableArray<TlsaParameters> parameters = [.. ours.Select(r => r.Parameters).Distinct()];
        if (ours.Length < 2)
            return true;

        ImmutableArray<DesiredCertificate> certificates = [.. s.Desired.Layout.Certificates.Where(HasRecords)];
        return Changeover.NothingIsBeingDeployed(s, certificates, owner, what)
            && Changeover.NothingCameLately(s, endpoints, what)
            && certificates.All(c => WasMetSince(s, c, ours, endpoints, what));

        bool HasRecords(DesiredCertificate certificate) =>
            s.Facts.Certificate(certificate.Name).Generations
                .Any(g => Wanted.RecordsOf(g, parameters).Any(ours.Contains));
    }

    // What was not met since another chain went in may show either. What stays away for longer is taken for gone.
    private static bool WasMetSince(
        Situation s, DesiredCertificate certificate, ImmutableArray<TlsaRecord> ours, Endpoint[] endpoints, string what)
    {
        if (s.Facts.Certificate(certificate.Name).Current is not { State: GenerationState.Live live } current)
            return true;

        DateTimeOffset gone = live.VerifiedAt + StaysAway;
        if (s.Now >= gone)
            return true;

        foreach (EndpointFacts known in endpoints.Select(s.Facts.EndpointOf))
        {
            if (known.CompleteAt >= live.VerifiedAt || !known.Seen.Any(IsAnother))
                continue;

            s.Hold(
                Gate.Verification, known.Endpoint.ToString(), gone,
                $"{what} when it is known whether {known.Endpoint} shows generation {current.Number} or what it showed "
                + $"before: {known.Problem ?? "not looked at since"}",
                "nothing when nobody serves there any more, or in a hurry delete its TLSA records; otherwise see "
                + "that it answers at every address");
            return false;
        }

        return true;

        bool IsAnother(Chain seen) =>
            ours.Any(r => r.Matches(seen) && !r.Matches(live.Chain))
            && ours.Any(r => r.Matches(live.Chain) && !r.Matches(seen));
    }

    // A zone that was taken out of the configuration, too.
    private static bool HasZone(Situation s, string owner, ImmutableArray<TlsaRecord> ours)
    {
        if (DnsName.ClosestZone(owner, s.Desired.Zones.Keys) is not null)
            return true;

        s.Hold(
            Gate.Orphan, owner, null,
            $"records of RolloverD's stay at {owner}, where no configured endpoint leads, and no configured zone holds "
            + "it, so that they cannot be withdrawn; the next certificate there would be refused",
            "configure its zone again and restart the daemon, until they are gone; or remove them there: "
            + string.Join(", ", ours));
        return false;
    }

    // A name that is itself an alias now holds no records.
    private static HashSet<string> Taken(Desired desired, Facts facts)
    {
        HashSet<string> taken = [];
        foreach (Endpoint endpoint in desired.Layout.Endpoints)
        {
            taken.Add(endpoint.TlsaName);
            taken.Add(facts.EndpointOf(endpoint).Owner);
        }

        return taken;
    }

    private static bool EveryOwnerIs(HashSet<string> taken, Facts facts) =>
        facts.Owners.Count == taken.Count(facts.Owners.ContainsKey);
}

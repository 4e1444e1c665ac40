using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>
/// The conditions that several steps share. Each returns true when the step may go on, or notes a hold.
/// </summary>
internal static class Gates
{
    /// <summary>The owner's zone is secure, the resolver validates, and the signatures outlast the wait.</summary>
    /// <remarks>Secure, insecure, bogus and unknown are four things: RFC 7672 §2.1.1.</remarks>
    public static bool DnsIsSound(Situation s, OwnerSituation owner) =>
        ZoneIsSecure(s, owner) && ResolverValidates(s, owner) && SignaturesLast(s, owner);

    /// <summary>
    /// The owner's DNS is sound, and a name was found to lead there in this look: both are asked before a change, too.
    /// </summary>
    public static bool MayChange(Situation s, OwnerSituation owner)
    {
        if (!DnsIsSound(s, owner))
            return false;
        if (s.Observation.LeadsTo(owner.Owner))
            return true;

        s.Hold(
            Gate.Propagation, owner.Owner, null,
            $"no authoritative server says whether names still lead to {owner.Owner}, and its records change only when "
            + $"that is known: {owner.Laggards()}",
            "see that the named servers run and can be reached from here");
        return false;
    }

    /// <summary>
    /// What senders get now is known: some server was heard in this round. A ledger alone may be old: others may have
    /// published what it does not hold.
    /// </summary>
    /// <param name="s">The situation; takes the hold.</param>
    /// <param name="owner">The owner.</param>
    /// <param name="chain">The chain that is about to be served.</param>
    public static bool ServersWereHeard(Situation s, OwnerSituation owner, Chain chain)
    {
        if (owner.Round is not { Security: ZoneSecurity.Insecure } && !ZoneIsSecure(s, owner))
            return false;

        // Each name is asked for: it may be an alias that leads elsewhere by now.
        foreach (Endpoint endpoint in s.Certificate.Endpoints)
        {
            if (s.Facts.EndpointOf(endpoint).Owner != owner.Owner)
                continue;

            if (LeadsElsewhere(s, endpoint.TlsaName) is { } elsewhere)
            {
                s.Hold(
                    Gate.Propagation, owner.Owner, null,
                    $"what {endpoint.TlsaName} leads to is not known: {elsewhere}",
                    "see that every server of the zone serves its latest version");
                return false;
            }

            if (IsHeard(s, endpoint.TlsaName))
                continue;

            s.Hold(
                Gate.Propagation, owner.Owner, null,
                $"no authoritative server says what {endpoint.TlsaName} holds now: "
                + (owner with { Round = s.Observation.Owners.GetValueOrDefault(endpoint.TlsaName) }).Laggards(),
                "see that the named servers run and can be reached from here");
            return false;
        }

        return InsecureRounds(s, owner).All(round => UnsignedFit(s, owner, round, chain));
    }

    // Beside a name that leads there securely another may be an insecure alias.
    private static IEnumerable<OwnerObservation> InsecureRounds(Situation s, OwnerSituation owner) =>
        s.Certificate.Endpoints
            .Where(e => s.Facts.EndpointOf(e).Owner == owner.Owner)
            .Select(e => s.Observation.Owners.GetValueOrDefault(e.TlsaName))
            .OfType<OwnerObservation>()
            .Where(round => round.Security is ZoneSecurity.Insecure);

    private static string? LeadsElsewhere(Situation s, string name)
    {
        foreach (ServerAnswer answer in s.Observation.Owners.GetValueOrDefault(name)?.Servers ?? [])
        {
            if (answer is { IsListed: true, Content: AnswerContent.LeadsElsewhere elsewhere })
                return $"{answer.Server} ({answer.Address}) leads senders elsewhere: {elsewhere.Reason}";
        }

        return null;
    }

    private static bool IsHeard(Situation s, string name) =>
        s.Observation.Owners.GetValueOrDefault(name) is { } round && round.IsHeard();

    // No ledger holds what an insecure zone has, nor what a secure one has to which an insecure alias leads. But it may
    // have been secure until just now, when caches still hold it, and it may be so again at any time: what its servers
    // give out counts, signed or not.
    private static bool UnsignedFit(Situation s, OwnerSituation owner, OwnerObservation round, Chain chain)
    {
        RecordSet[] given =
        [
            .. round.Servers
                .Select(a => a.Content)
                .Select(c => c is AnswerContent.Unsigned u ? new AnswerContent.Serves(u.Set, default) : c)
                .Select(Evidence.SetOf)
                .OfType<RecordSet>()
                .Where(set => !set.IsAbsent)
                .Distinct(),
        ];
        OwnerLedger imagined = owner.Ledger with
        {
            Sets = [.. given.Select(set => new PublishedSet(set, s.Now, new SetState.Seen()))],
        };
        ImmutableArray<Violation> violations =
            Safety.OfServing(s.Desired, s.Facts.With(imagined), s.Certificate, chain, s.Now);
        if (violations.IsEmpty)
            return true;

        string what = round.Name == owner.Owner
            ? $"the zone of {owner.Owner} is insecure"
            : $"the way from {round.Name} to {owner.Owner} is insecure";
        s.Hold(
            Gate.Safety, owner.Owner, null,
            $"{what}; as soon as it is secure mail would be refused: {violations[0]}",
            "sign the zone and have its DS record put into the parent zone, or take these records out of it");
        return false;
    }

    /// <summary>Every visible set of the owner fits; otherwise says which one does not and until when.</summary>
    /// <param name="s">The situation; takes the hold.</param>
    /// <param name="owner">The owner.</param>
    /// <param name="fits">What is asked of each visible set.</param>
    /// <param name="lack">What is wrong with a set that does not fit, after "which".</param>
    public static bool AllVisibleFit(
        Situation s, OwnerSituation owner, Func<RecordSet, bool> fits, string lack)
    {
        bool fitting = true;
        foreach (PublishedSet set in owner.Ledger.Sets)
        {
            if (!owner.Ledger.IsVisible(set, s.Now, s.Margin) || fits(set.Records))
                continue;

            fitting = false;
            DateTimeOffset? until = owner.Ledger.VisibleUntil(set, s.Margin);
            if (until is null)
            {
                s.Hold(
                    Gate.Propagation,
                    owner.Owner,
                    owner.LaggardsForgottenAt(s.Margin),
                    $"a server may still give out [{set.Records}], which {lack}: {owner.Laggards()}",
                    "nothing to do when this is brief; otherwise see to the named servers: zone transfer, NOTIFY, "
                    + "reachability");
            }
            else
            {
                s.Hold(
                    Gate.Caches,
                    owner.Owner,
                    until,
                    $"caches may still hold [{set.Records}], which {lack}",
                    "nothing: it ends by itself");
            }
        }

        return fitting;
    }

    /// <summary>
    /// A handshake of this very look showed what every address under the owner serves, and where caches may still be
    /// led to it; of an endpoint that another certificate looks after, one at any time.
    /// </summary>
    /// <param name="s">The situation; takes the hold.</param>
    /// <param name="owner">The owner.</param>
    /// <param name="what">What waits for it.</param>
    public static bool EveryAddressAnswers(Situation s, OwnerSituation owner, string what)
    {
        foreach (Endpoint endpoint in s.Desired.Layout.Endpoints)
        {
            EndpointFacts known = s.Facts.EndpointOf(endpoint);
            if (known.TlsaOwner is null && endpoint.TlsaName != owner.Owner && !IsHeard(s, endpoint.TlsaName))
            {
                s.Hold(
                    Gate.Propagation, endpoint.TlsaName, null,
                    $"{what}, and no server has said yet whether {endpoint.TlsaName} leads to {owner.Owner}, too",
                    $"see that the servers of {endpoint.TlsaName} can be reached from here");
                return false;
            }

            EndpointObservation? round = s.Observation.Endpoints.GetValueOrDefault(endpoint);
            bool isOwn = s.Certificate.Endpoints.Contains(endpoint);
            bool answers = isOwn ? round is { IsComplete: true } : known.CompleteAt is not null;
            if (!known.IsLedTo(owner.Owner, s.Now))
                continue;

            if (answers && known.FormerAddresses.FirstOrDefault(a => isOwn && !a.IsHeardIn(round)) is { } former)
            {
                s.Hold(
                    Gate.Verification, endpoint.ToString(), former.ForgottenAt + s.Margin,
                    $"{what}: {former.Address} was taken out of DNS, senders may still use it until "
                    + $"{former.ForgottenAt:u}, and no handshake shows what it serves",
                    "nothing: it ends by itself");
                return false;
            }

            if (answers)
                continue;

            s.Hold(
                Gate.Verification, endpoint.ToString(), null,
                $"{what}: {round?.Problem ?? known.Problem ?? "not looked at yet"}",
                "see that the mail server answers at every address with STARTTLS");
            return false;
        }

        return true;
    }

    /// <summary>
    /// Whatever the owner may hold until servers show its last change fits; otherwise says what does not.
    /// </summary>
    /// <param name="s">The situation; takes the hold.</param>
    /// <param name="owner">The owner.</param>
    /// <param name="fits">What is asked of each part.</param>
    /// <param name="lack">What is wrong with a part that does not fit, after "which".</param>
    public static bool EveryPartFits(Situation s, OwnerSituation owner, Func<RecordSet, bool> fits, string lack)
    {
        if (owner.Ledger.PartsOfUnfinished().FirstOrDefault(p => !fits(p)) is not { } part)
            return true;

        s.Hold(
            Gate.Propagation, owner.Owner, null,
            $"a change was sent and no server shows it yet; carried out in part it leaves [{part}], which {lack}",
            "nothing when this is brief, for it is sent again; otherwise see to the DNS provider");
        return false;
    }

    /// <summary>
    /// The set to publish, with the configured TTL, when that makes no sender fail; null after noting a hold.
    /// </summary>
    /// <param name="s">The situation; takes the hold.</param>
    /// <param name="owner">The owner of the set.</param>
    /// <param name="set">Its records.</param>
    /// <param name="what">What is about to be done: "publishing", "withdrawing".</param>
    public static RecordSet? Permitted(Situation s, string owner, RecordSet set, string what)
    {
        var target = new RecordSet(set.Records, s.Desired.Timing.Ttl);
        ImmutableArray<Violation> violations = Safety.OfPublishing(s.Desired, s.Facts, owner, target, s.Now);
        if (violations.IsEmpty)
            return target;

        if (violations.FirstOrDefault(v => IsDoubted(s, owner, v)) is { } doubted)
        {
            s.Hold(
                Gate.Propagation, owner, null,
                $"{what} would make senders fail whom a server may still lead here, that has not said yet that "
                + $"{doubted.Endpoint.TlsaName} leads elsewhere: {doubted}",
                $"see that every server of {doubted.Endpoint.TlsaName} can be reached and serves its latest zone");
            return null;
        }

        DateTimeOffset?[] ends =
            [.. violations.Select(v => LedUntil(s, owner, v) ?? LeavesUntil(s, v) ?? LingersUntil(s, v))];
        if (!ends.Contains(null))
        {
            string whom = LedUntil(s, owner, violations[0]) is not null ? "whose cache still leads them here"
                : LeavesUntil(s, violations[0]) is not null ? "that still use an address that was taken out of DNS"
                : "that meet an old process of the mail server";
            s.Hold(
                Gate.Safety, owner, ends.Max(), $"{what} would make senders fail {whom}: {violations[0]}",
                "nothing: it ends by itself");
            return null;
        }

        s.Hold(
            Gate.Safety, owner, null, $"{what} would make senders fail: {violations[0]}",
            "see that the named endpoint serves the certificate that is meant, and that its configuration is right");
        return null;
    }

    private static bool IsDoubted(Situation s, string owner, Violation violation) =>
        s.Facts.EndpointOf(violation.Endpoint) is var endpoint && endpoint.Owner != owner
        && endpoint.Former.Any(f => f.Owner == owner && f.IsDoubted);

    // Null: the endpoint's name leads to the owner now.
    private static DateTimeOffset? LedUntil(Situation s, string owner, Violation violation)
    {
        EndpointFacts endpoint = s.Facts.EndpointOf(violation.Endpoint);
        return endpoint.Owner == owner
            ? null
            : endpoint.Former.Where(f => f.Owner == owner).Max(f => (DateTimeOffset?)f.Until);
    }

    /// <summary>
    /// When senders use no address any more that may show the chain, where the host has none that does; else null.
    /// </summary>
    public static DateTimeOffset? LeavesUntil(Situation s, Violation violation) =>
        s.Facts.EndpointOf(violation.Endpoint).ForgottenAt(violation.Chain) is { } forgotten
        && s.Now < forgotten + s.Margin && !IsInService(s, violation)
            ? forgotten + s.Margin
            : null;

    private static bool IsInService(Situation s, Violation violation) =>
        s.Desired.Layout.Certificates
            .Where(c => c.Endpoints.Contains(violation.Endpoint))
            .SelectMany(c => s.Facts.Certificate(c.Name).Generations)
            .Any(g => g.State is GenerationState.Deploying or GenerationState.Live
                && violation.Chain.Equals(g.Chain));

    /// <summary>
    /// When the last process ends that may show the chain; null: it is there to stay, as far as anybody knows.
    /// </summary>
    public static DateTimeOffset? LingersUntil(Situation s, Violation violation)
    {
        EndpointFacts endpoint = s.Facts.EndpointOf(violation.Endpoint);
        TimeSpan drain = s.Desired.Timing.Drain;
        LingeringChain? old = endpoint.Lingering.FirstOrDefault(l => l.Chain.Equals(violation.Chain));
        DateTimeOffset? end = (old?.GoneAt ?? old?.MetAt + drain) + drain;
        return s.Now < end
            && !Safety.ServedAt(s.Desired, s.Facts, violation.Endpoint, null).Contains(violation.Chain)
                ? end
                : null;
    }

    private static bool ZoneIsSecure(Situation s, OwnerSituation owner)
    {
        (string Reason, string Remedy)? problem = owner.Round?.Security switch
        {
            ZoneSecurity.Secure => null,
            ZoneSecurity.Insecure insecure => (
                $"the zone of {owner.Owner} is insecure, so senders do not use DANE: {insecure.Reason}",
                "sign the zone and have its DS record put into the parent zone"),
            ZoneSecurity.Bogus bogus => (
                $"the zone of {owner.Owner} is bogus, so validating senders defer all mail: {bogus.Reason}",
                "repair the zone's DNSSEC at once: DS, DNSKEY and signatures must fit together"),
            ZoneSecurity.Unknown unknown => (
                $"nothing could be found out about the zone of {owner.Owner}: {unknown.Reason}",
                "see that the resolver of this host and the zone's servers can be reached"),
            _ => (
                $"{owner.Owner} was not looked at yet",
                "nothing when this is brief: the next look asks; otherwise see the log"),
        };
        if (problem is not { } found)
            return true;

        // Where nothing is known of the zone, it is most often the way there from this host that is broken.
        Gate gate = owner.Round?.Security is null or ZoneSecurity.Unknown ? Gate.Resolver : Gate.ZoneNotSecure;
        s.Hold(gate, owner.Owner, null, found.Reason, found.Remedy);
        return false;
    }

    private static bool ResolverValidates(Situation s, OwnerSituation owner)
    {
        string? problem = owner.Round?.Resolver switch
        {
            ResolverView.Validated => null,
            ResolverView.NotValidated not => not.Reason,
            ResolverView.Failed failed => failed.Reason,
            _ => "it was not asked yet",
        };
        if (problem is null)
            return true;

        s.Hold(
            Gate.Resolver,
            owner.Owner,
            null,
            $"the local resolver does not confirm {owner.Owner}: {problem}",
            "[resolver] servers must name a validating resolver on this host; see that it runs and has the root's "
            + "trust anchor; after a change of the configuration restart the daemon");
        return false;
    }

    private static bool SignaturesLast(Situation s, OwnerSituation owner)
    {
        DateTimeOffset? expires = owner.Round?.Servers
            .Where(a => a.IsListed)
            .Select(a => (a.Content as AnswerContent.Serves)?.SignatureExpires)
            .Min();
        TimeSpan ttl = owner.Ledger.Latest is { } latest && latest.Ttl > s.Desired.Timing.Ttl
            ? latest.Ttl
            : s.Desired.Timing.Ttl;
        TimeSpan wait = (2 * ttl) + s.Margin;
        if (expires is not { } end || end >= s.Now + wait)
            return true;

        s.Hold(
            Gate.SignatureExpiry,
            owner.Owner,
            null,
            $"a signature at {owner.Owner}, or of a key that it depends on, expires at {end:u}, "
            + $"inside the wait of {wait.TotalSeconds:0} s that a change needs",
            "see that the zone's signer runs and renews its signatures");
        return false;
    }
}

namespace RolloverD.Simulation.Mutants;

/// <summary>One way to be wrong: one expression of the product in place of another.</summary>
/// <param name="Name">What is wrong, in words.</param>
/// <param name="File">The file of the product.</param>
/// <param name="Right">The expression as it stands there, once.</param>
/// <param name="Wrong">What stands there instead.</param>
/// <param name="From">The first seed of those that hunt it: some do harm in worlds of one kind, which are rare.</param>
internal sealed record Mutant(string Name, string File, string Right, string Wrong, ulong From = 1)
{
    private const string Core = "src/RolloverD.Core/Rollover/";
    private const string Engine = "src/RolloverD/Engine/";

    public static readonly Mutant[] All =
    [
        new("new TTL used instead of the old", Core + "Visibility.cs",
            "set.Records.Ttl > ledger.AliasTtl ? set.Records.Ttl : ledger.AliasTtl",
            "ledger.Latest?.Ttl ?? TimeSpan.Zero"),
        new("CNAME TTL forgotten", Core + "LedgerEvidence.cs",
            "round.Aliases.IsEmpty ? TimeSpan.Zero : round.Aliases.Max(a => a.Ttl)", "TimeSpan.Zero"),
        new("margin dropped", Core + "Visibility.cs", "gone.LastServed + ttl + margin", "gone.LastServed + ttl"),
        new("one TTL instead of two", Core + "Visibility.cs",
            "outOfCaches > twiceTheTtl ? outOfCaches : twiceTheTtl", "outOfCaches"),
        new("caches forgotten", Core + "Visibility.cs",
            "outOfCaches > twiceTheTtl ? outOfCaches : twiceTheTtl", "gone.LastServed"),
        new("one server taken for all", Core + "LedgerEvidence.cs",
            "round.Servers.Where(s => s.IsListed).Select(s => Evidence.SetOf(s.Content))",
            "round.Servers.Take(1).Select(s => Evidence.SetOf(s.Content))"),
        new("error read as absent", Core + "LedgerEvidence.cs",
            "round.Servers.Where(s => s.IsListed).Select(s => Evidence.SetOf(s.Content))",
            "round.Servers.Where(s => s.IsListed)"
            + ".Select(s => (RecordSet?)(Evidence.SetOf(s.Content) ?? RecordSet.Absent))"),
        new("servers that do not answer passed over", Core + "LedgerEvidence.cs",
            "isWhole && former.All(a => a is not null)",
            "answers.Any(a => a is not null)"),
        new("withdrawal before every address is verified", Engine + "Observer.cs",
            "rounds.ToImmutable()",
            "rounds.Values.Select(r => r with { Addresses = [.. r.Addresses.Take(1)] })"
            + ".ToImmutableDictionary(r => r.Endpoint)"),
        new("one clean round suffices and nothing drains", Core + "Evidence.cs",
            "rounds < CleanRoundsWanted", "rounds < 0"),
        new("an intended set counts as gone at once", Core + "LedgerEvidence.cs", "index < oldest", "index >= 0"),
        new("swap without a second safety check", Engine + "Tick.cs",
            "step is not (Step.Publish or Step.Withdraw or Step.Deploy or Step.PutBack or Step.Reload)", "true"),
        new("intent not saved", Engine + "Tick.cs", "loaded.Facts.Intend(step, loaded.Now)", "loaded.Facts"),
        new("any match covers a chain: digest agility ignored", Core + "Safety.cs",
            "!set.Covers(chain, meeting)", "!set.IsAbsent && !set.Records.Any(r => r.Matches(chain))"),
        new("handshakes not believed", Core + "Safety.cs",
            "now is { } time ? seen.ShownAt(time, desired.Timing.Drain) : seen.Seen", "ImmutableArray<Chain>.Empty"),
        new("chains of old processes forgotten", Core + "Safety.cs",
            "now is { } time ? seen.ShownAt(time, desired.Timing.Drain) : seen.Seen", "seen.Seen"),
        new("a broken host excuses everything", Core + "Safety.cs", "!FailsAnyway(exposure, v, now)", "false"),
        new("whom caches still lead to an owner forgotten", Core + "EndpointFacts.cs",
            "former.Add(new(TlsaOwner, LastLedTo(before, now), IsDoubted: true))", "former", Scenario.FirstLed),
        new("what a taken-out endpoint shows not looked at", Engine + "Observer.cs",
            "Orphans.EndpointsAt(desired, known, orphans)", "[]", Scenario.FirstRough),
        new("names of other certificates not asked before a change", Engine + "Observer.cs",
            "[.. desired.Layout.Endpoints.Except(certificate.Endpoints)]", "[]"),
        new("record of another certificate on the endpoint withdrawn", Core + "Wanted.cs",
            "CertificatesAt(desired, facts, owner)", "[.. CertificatesAt(desired, facts, owner).Take(1)]"),
        new("parameters of foreign records ignored", Core + "Wanted.cs",
            "certificates.SelectMany(c => c.Tlsa).Union(Sustained(desired, ledger, facts, certificates, now))",
            "certificates.SelectMany(c => c.Tlsa)"),
        new("no process of a mail server lives on", "src/RolloverD.Core/Policy/Desired.cs",
            "LongestDrain < RollbackWindow ? LongestDrain : RollbackWindow", "TimeSpan.Zero"),
        new("records of new parameters at any time", Core + "Publication.cs",
            "isHelpful || MayBringNewParameters(s, owner, latest.IsAbsent, missing)", "true"),
        new("new parameters before every chain was met", Core + "Publication.cs",
            "isHelpful || MayBringNewParameters(s, owner, latest.IsAbsent, missing)",
            "isHelpful || Changeover.NothingIsBeingDeployed("
            + "s, Wanted.CertificatesAt(s.Desired, s.Facts, owner.Owner), owner.Owner, \"\")"),
        new("swap though no name server was heard", Core + "Gates.cs",
            "round.IsHeard()", "round.Servers.Length >= 0"),
        new("a key that is gone is not missed", Core + "Renewal.cs", "s.Observation.KeysGone.Contains(next.Number)",
            "false"),
        new("a certificate renewed when it has ended", Core + "Renewal.cs", "s.Now >= due", "s.Now >= chain.NotAfter"),
        new("no key made ready to stand by", Core + "Renewal.cs",
            "s.Known.StandbyKey?.Algorithm != s.Certificate.Key", "false"),
        new("a renewal taken for the new key that was asked for", Core + "Recording.cs",
            "step is Step.KeepKey && known.Request is { NewKey: true }", "false"),
        new("superseded keys kept for ever", Core + "Archiving.cs", "s.Now >= released", "false"),
        new("clock jump shortens a wait", Engine + "FactsStore.cs",
            "jump is null ? stored.Facts : stored.Facts.Shift(jump.By)", "stored.Facts"),
        new("compare-and-set without a condition", Engine + "Executor.cs",
            "[.. expected.Records.Select(r => r.ToString())]", "null"),
        new("former parameters given up before others came", Core + "Wanted.cs",
            "!RecordsOf(current, c.Tlsa).Any(r => last?.Contains(r) == true)", "false"),
        new("former parameters never given up", Core + "Wanted.cs",
            "OursStay(desired.Timing, facts, ledger, certificates, now)", "true"),
        new("records of others withdrawn, too", Core + "Withdrawal.cs",
            "owner.Ledger.Ours.RemoveAll(r => wanted.Contains(r) || !latest.Contains(r))",
            "[.. latest.Records.Where(r => !wanted.Contains(r))]"),
        new("parts of a change that went well forgotten", Core + "OwnerLedger.cs",
            "inParts ? intended.Unheard : intended.Unheard - 1", "intended.Unheard - 1"),
        new("name servers that were taken out forgotten", Core + "LedgerEvidence.cs",
            "servers.Where(s => s.LeftAt is not null)", "servers.Where(s => s.Ttl < TimeSpan.Zero)"),
        new("addresses that were taken out of DNS forgotten", Core + "KnownAddress.cs",
            "!(k.ForgottenAt + margin <= round.StartedAt)", "k.LeftAt is null"),
        new("a certificate goes in before it is valid", "src/RolloverD.Core/Dane/ChainCertificate.cs",
            "NotBefore <= at && at < NotAfter", "at < NotAfter"),
    ];
}

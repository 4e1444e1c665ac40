using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>Which records an owner should hold: the union of what every certificate served there needs.</summary>
public static class Wanted
{
    /// <summary>The records that an owner needs now.</summary>
    /// <param name="desired">The configuration.</param>
    /// <param name="facts">What is known.</param>
    /// <param name="owner">The owner of the set.</param>
    /// <param name="now">The time.</param>
    public static ImmutableArray<TlsaRecord> At(Desired desired, Facts facts, string owner, DateTimeOffset now) =>
        At(desired, facts, owner, now, out _);

    /// <summary>The records that an owner needs now, and the strangers that are served there.</summary>
    internal static ImmutableArray<TlsaRecord> At(
        Desired desired, Facts facts, string owner, DateTimeOffset now, out ImmutableArray<Stranger> strangers)
    {
        OwnerLedger ledger = facts.Owner(owner);
        ImmutableArray<DesiredCertificate> certificates = CertificatesAt(desired, facts, owner);
        ImmutableArray<TlsaParameters> parameters =
            [.. certificates.SelectMany(c => c.Tlsa).Union(Sustained(desired, ledger, facts, certificates, now))];
        List<TlsaRecord> wanted = [];
        foreach (DesiredCertificate certificate in certificates)
        {
            CertificateFacts known = facts.Certificate(certificate.Name);
            foreach (Generation generation in known.Generations)
            {
                if (!IsReleased(desired, known, generation, now) && !IsWithdrawn(ledger, known, generation))
                    Add(RecordsOf(generation, parameters));
            }
        }

        strangers = Strangers.At(desired.Timing, facts, ledger, certificates, wanted, now);
        foreach (Stranger stranger in strangers)
        {
            if (stranger.IsAccepted)
                Add(stranger.Needed);
        }

        wanted.Sort();
        return [.. wanted];

        void Add(ImmutableArray<TlsaRecord> records)
        {
            foreach (TlsaRecord record in records)
            {
                if (!wanted.Contains(record))
                    wanted.Add(record);
            }
        }
    }

    /// <summary>
    /// The certificates that are served somewhere under the owner: those that are configured there, and those whose
    /// files a mail server there goes on reading, as after its endpoint was given to another one.
    /// </summary>
    public static ImmutableArray<DesiredCertificate> CertificatesAt(Desired desired, Facts facts, string owner) =>
        desired.Layout.Certificates.RemoveAll(c =>
            !c.Endpoints.Any(e => facts.EndpointOf(e).Owner == owner)
            && !ElsewhereOf(desired, facts, c).Any(e => facts.EndpointOf(e).Owner == owner));

    /// <summary>The endpoints of other certificates that show a chain of this one.</summary>
    internal static IEnumerable<Endpoint> ElsewhereOf(Desired desired, Facts facts, DesiredCertificate certificate)
    {
        if (desired.Layout.Certificates.Length == 1)
            return [];

        ImmutableArray<Generation> generations = facts.Certificate(certificate.Name).Generations;
        return desired.Layout.Endpoints.Where(e =>
            !certificate.Endpoints.Contains(e) && facts.EndpointOf(e).Seen.Any(IsItsOwn));

        bool IsItsOwn(Chain chain) => generations.Any(g =>
            g.State is not GenerationState.Archived && chain.Leaf.Equals(g.Chain?.Leaf));
    }

    /// <summary>
    /// The records that can be made of a generation now: from the key, and from the chain when there is one.
    /// </summary>
    public static ImmutableArray<TlsaRecord> RecordsOf(
        Generation generation, ImmutableArray<TlsaParameters> parameters)
    {
        if (generation.State is GenerationState.Archived)
            return [];

        var records = ImmutableArray.CreateBuilder<TlsaRecord>(parameters.Length);
        foreach (TlsaParameters p in parameters)
        {
            if ((generation.Key.RecordFor(p) ?? generation.Chain?.RecordFor(p)) is { } record)
                records.Add(record);
        }

        return records.DrainToImmutable();
    }

    /// <summary>
    /// When the records of a superseded generation may go: the overlap after the new chain was verified, and when an
    /// abort asked for it and it is not back yet, the end of its certificate. Null while they are needed.
    /// </summary>
    public static DateTimeOffset? ReleasedFrom(Desired desired, CertificateFacts facts, Generation generation) =>
        generation.State is GenerationState.Superseded
        && facts.Current is { State: GenerationState.Live live }
            ? Later(live.VerifiedAt + Overlap(desired.Timing, facts), EndOfAskedBack(facts, generation))
            : null;

    private static DateTimeOffset? EndOfAskedBack(CertificateFacts facts, Generation generation) =>
        Aborting.AskedBack(facts)?.Number == generation.Number ? generation.Chain?.NotAfter : null;

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset? b) => b > a ? b.Value : a;

    /// <summary>
    /// How long old records stay after the new chain was verified: the rollback window, or in an emergency only as long
    /// as a process of the mail server that handshakes did not meet may go on showing the old chain. The record of a
    /// compromised key stays in caches for its TTL anyway.
    /// </summary>
    public static TimeSpan Overlap(Timing timing, CertificateFacts facts) =>
        facts.Request is { Emergency: true } ? timing.Drain : timing.RollbackWindow;

    // When another one is deployed the overlap begins anew. The record of a leaked key that went does not come again.
    private static bool IsWithdrawn(OwnerLedger ledger, CertificateFacts known, Generation generation) =>
        known.Request is { Emergency: true }
        && generation.State is GenerationState.Superseded
        && ledger.Latest is { IsAbsent: false } latest
        && !RecordsOf(generation, [.. latest.Records.Select(r => r.Parameters).Distinct()]).Any(latest.Contains);

    private static bool IsReleased(
        Desired desired, CertificateFacts facts, Generation generation, DateTimeOffset now) =>
        ReleasedFrom(desired, facts, generation) is { } from && now >= from;

    // RFC 7671 §8: whatever parameters the set holds, every chain must match, also those of other certificates at the
    // owner and those that others put there. A foreign record that matches nothing obliges too: a sender that prefers
    // its digest looks at no other.
    // Records that were adopted before the first chain is in service oblige too: they cannot go before it is.
    private static IEnumerable<TlsaParameters> Sustained(
        Desired desired, OwnerLedger ledger, Facts facts, ImmutableArray<DesiredCertificate> certificates,
        DateTimeOffset now)
    {
        RecordSet? latest = ledger.Latest;
        RecordSet? last = ledger.BaseAt(now);
        IEnumerable<TlsaRecord> records = latest?.Records ?? [];
        return (last is null || ReferenceEquals(last, latest) ? records : records.Concat(last.Records))
            .Where(r => r.IsUsable && !certificates.Any(c => c.Tlsa.Contains(r.Parameters))
                && (!ledger.Ours.Contains(r) || OursStay(desired.Timing, facts, ledger, certificates, now)))
            .Select(r => r.Parameters);
    }

    /// <summary>
    /// Whether no parameters can be given up yet: none of the certificates has a generation in service, or one is being
    /// deployed, before which no record goes, or one in service has ended, and by what is left of usage 2 it would be
    /// refused. So with one that may end before it is renewed, where usage 2 alone is wanted. And with one that has no
    /// record of the parameters that are configured: without any, senders do without DANE or without this host.
    /// </summary>
    internal static bool OursStay(
        Timing timing, Facts facts, OwnerLedger ledger, ImmutableArray<DesiredCertificate> certificates,
        DateTimeOffset now)
    {
        RecordSet? last = ledger.BaseAt(now);
        return certificates.All(c => facts.Certificate(c.Name).Current is null)
            || certificates.Any(c => facts.Certificate(c.Name).Current is { } current
                && (current.State is GenerationState.Deploying || current.Chain?.NotAfter <= now
                    || (current.State is GenerationState.Live live
                        && c.Tlsa.All(p => p.Usage is CertificateUsage.DaneTa)
                        && !RenewalTime.IsInTime(c, live, timing, now))
                    || !RecordsOf(current, c.Tlsa).Any(r => last?.Contains(r) == true)));
    }
}

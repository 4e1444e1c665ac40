using System.Collections.Immutable;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Dane;

/// <summary>What a sender found when it looked up a host's TLSA records.</summary>
public abstract record TlsaFinding
{
    private TlsaFinding()
    {
    }

    /// <summary>Secure records, at least one; unusable ones may be among them.</summary>
    public sealed record Secure(RecordSet Records) : TlsaFinding;

    /// <summary>Securely none, or nothing that DNSSEC protects: DANE does not apply.</summary>
    public sealed record None(string Reason) : TlsaFinding;

    /// <summary>Bogus, or the lookup failed. Never the same as none. RFC 7672 §2.1.2.</summary>
    public sealed record Failed(string Reason) : TlsaFinding;
}

/// <summary>
/// What a sending mail server that validates DANE concludes of one address of a host: deliver, or not, and why. The
/// tests of the product and its <c>check</c> command judge by this function, and by nothing of the planner's.
/// </summary>
/// <remarks>RFC 7672 §2.2 and §3.</remarks>
public abstract record Verdict
{
    private Verdict()
    {
    }

    /// <summary>Whether the sender hands the mail over.</summary>
    public bool Delivers => this is Verified or Unauthenticated or NoDane;

    /// <summary>The server is authenticated.</summary>
    /// <param name="Record">The record that matches.</param>
    /// <param name="Depth">Which certificate it matches: 0 the leaf, 1 its issuer, and so on.</param>
    public sealed record Verified(TlsaRecord Record, int Depth) : Verdict;

    /// <summary>
    /// There are usable records and none authenticates what the server shows: mail waits, then bounces.
    /// </summary>
    public sealed record Refused(string Reason) : Verdict;

    /// <summary>Secure records exist and none is usable: TLS is mandatory, the server is not authenticated.</summary>
    public sealed record Unauthenticated(string Reason) : Verdict;

    /// <summary>DANE does not apply; mail is sent with or without TLS.</summary>
    public sealed record NoDane(string Reason) : Verdict;

    /// <summary>
    /// Nothing can be concluded now: a bogus answer, a failed lookup, or a server out of reach. Mail waits.
    /// </summary>
    public sealed record Deferred(string Reason) : Verdict;

    /// <summary>Secure records make TLS mandatory and there is no TLS session: mail waits, then bounces.</summary>
    public sealed record NoTls(string Reason) : Verdict;

    /// <summary>The verdict on one handshake.</summary>
    /// <param name="finding">What the TLSA lookup brought.</param>
    /// <param name="presented">What the server presented, the chain as it was sent.</param>
    /// <param name="referenceNames">
    /// The names by which a usage 2 certificate may go: the TLSA base domain, the host before CNAMEs, the domain of the
    /// recipient (RFC 7672 §3.2.2).
    /// </param>
    /// <param name="now">The time, for the dates of certificates under usage 2.</param>
    public static Verdict Of(
        TlsaFinding finding, Presented presented, IReadOnlyCollection<string> referenceNames, DateTimeOffset now)
    {
        switch (finding)
        {
            case TlsaFinding.Failed failed:
                return new Deferred(failed.Reason); // RFC 7672 §2.1.2
            case TlsaFinding.None none:
                return presented is Presented.Unreachable away ? new Deferred(away.Reason) : new NoDane(none.Reason);
        }

        RecordSet records = ((TlsaFinding.Secure)finding).Records;
        return presented switch
        {
            Presented.Unreachable unreachable => new Deferred(unreachable.Reason),
            Presented.Shows shows => Of(records, shows.Chain, referenceNames, now),
            _ => new NoTls(presented.Fault!), // RFC 7672 §2.2: TLS is mandatory, whether a record is usable or not
        };
    }

    private static Verdict Of(
        RecordSet records, Chain chain, IReadOnlyCollection<string> referenceNames, DateTimeOffset now)
    {
        ImmutableArray<TlsaRecord> used = records.AfterDigestAgility(); // RFC 7671 §9
        if (used.IsEmpty)
            return new Unauthenticated($"none of {records.Records.Length} record(s) is usable"); // RFC 7672 §2.2

        // RFC 7671 §5.1: a match of the leaf needs neither name nor date.
        if (used.FirstOrDefault(r => r.Parameters.Usage == CertificateUsage.DaneEe && r.Matches(chain)) is { } leaf)
            return new Verified(leaf, 0);

        string? problem = null;
        for (int depth = 1; depth <= chain.Ancestors.Length; depth++)
        {
            ChainCertificate anchor = chain.Ancestors[depth - 1];
            if (used.FirstOrDefault(r =>
                r.Parameters.Usage == CertificateUsage.DaneTa && r.Names(anchor)) is not { } record)
                continue;

            if (ProblemUpTo(chain, depth, referenceNames, now) is not { } found)
                return new Verified(record, depth);
            problem ??= $"{record} names {anchor.Subject}, but {found}";
        }

        return new Refused(problem ?? MatchesNothing(used, chain));
    }

    // Usage 2 trusts as PKIX does, only from another anchor: names and dates count. RFC 7671 §5.2, RFC 7672 §3.1.2
    private static string? ProblemUpTo(
        Chain chain, int depth, IReadOnlyCollection<string> referenceNames, DateTimeOffset now)
    {
        foreach (ChainCertificate certificate in chain.Ancestors.Take(depth).Prepend(chain.Leaf))
        {
            if (now > certificate.NotAfter)
                return $"{certificate.Subject} expired on {certificate.NotAfter:u}";
            if (now < certificate.NotBefore)
                return $"{certificate.Subject} is not valid before {certificate.NotBefore:u}";
        }

        return chain.Ancestors.Take(depth).FirstOrDefault(a => !a.IsCa) is { } notCa
                ? $"{notCa.Subject} is no CA certificate"
            : chain.Leaf.Names(referenceNames) ? null
            : $"the certificate is for {string.Join(", ", chain.Leaf.DnsNames)}, "
                + $"not for {string.Join(" or ", referenceNames)}";
    }

    private static string MatchesNothing(ImmutableArray<TlsaRecord> used, Chain chain) =>
        used.FirstOrDefault(r =>
            r.Parameters.Usage == CertificateUsage.DaneTa && chain.Unrelated.Any(r.Names)) is { } lost
            ? $"{lost} names a certificate that was sent but did not issue {chain.Leaf.Subject}"
            : $"none of {used.Length} usable record(s) matches {chain.Leaf} or the CA certificates sent with it";
}

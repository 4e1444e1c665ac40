using RolloverD.Core.Dane;

namespace RolloverD.Core.Policy.Rules;

/// <summary>The kinds of TLSA records that are published: those that senders use, each once.</summary>
/// <remarks>
/// A digest of each kind may stand beside the other, x y 1 and x y 2: the planner then publishes both for every key
/// (RFC 7671 §9). Whether the issuer's chain has the CA certificate that a 2 x x record needs is seen when it issues.
/// </remarks>
internal static class UsableParameters
{
    private const string Advice = "use 3 1 1, or another of 3 0 1, 3 0 2, 3 1 2, 2 0 1, 2 0 2, 2 1 1, 2 1 2";

    public static IEnumerable<PolicyFinding> Check(Desired desired)
    {
        foreach (DesiredCertificate certificate in desired.Certificates.Values)
        {
            var seen = new HashSet<TlsaParameters>();
            for (int i = 0; i < certificate.Tlsa.Length; i++)
            {
                TlsaParameters parameters = certificate.Tlsa[i];
                KeyPath key = KeyPath.Certificate(certificate.Name).Key("tlsa").Item(i);
                if (Flaw(parameters) is { } flaw)
                    yield return new PolicyFinding.Error(key, $"'{parameters}' {flaw}", Advice);
                else if (!seen.Add(parameters))
                    yield return new PolicyFinding.Error(key, $"'{parameters}' stands here twice", "name it once");
            }
        }
    }

    private static string? Flaw(TlsaParameters parameters) => parameters switch
    {
        // RFC 7672 §3.1.3
        { Usage: CertificateUsage.PkixTa or CertificateUsage.PkixEe } =>
            "cannot be used for mail: senders treat usages 0 and 1 as unusable, for they share no list of public CAs",
        { Usage: not (CertificateUsage.DaneTa or CertificateUsage.DaneEe) } => "has a usage that nobody knows",
        { Selector: not (Selector.Cert or Selector.Spki) } => "has a selector that nobody knows",

        // RFC 7671 §10.1: whole certificates and keys make large answers.
        { MatchingType: MatchingType.Full } =>
            "puts the whole certificate or key into the DNS, which makes answers too large for some senders",
        { MatchingType: not (MatchingType.Sha256 or MatchingType.Sha512) } => "has a matching type that nobody knows",
        _ => null,
    };
}

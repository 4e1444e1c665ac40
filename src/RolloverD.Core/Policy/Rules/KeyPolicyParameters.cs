using RolloverD.Core.Dane;

namespace RolloverD.Core.Policy.Rules;

/// <summary>What a key policy promises can be kept with the configured kinds of records.</summary>
/// <remarks>
/// RFC 7671 §5.1, §5.2: only a 3 1 x record is made of the key alone; all others change with the chain.
/// </remarks>
internal static class KeyPolicyParameters
{
    public static IEnumerable<PolicyFinding> Check(Desired desired) =>
        desired.Certificates.Values.Select(OfCertificate).OfType<PolicyFinding>();

    private static PolicyFinding.Warning? OfCertificate(DesiredCertificate certificate)
    {
        if (certificate.Tlsa.IsEmpty || certificate.Tlsa.Any(p => p.NeedsOnlyKey))
            return null;

        string written = string.Join(", ", certificate.Tlsa);
        return certificate.KeyPolicy switch
        {
            KeyPolicy.Standby => new(
                KeyPath.Certificate(certificate.Name).Key("key-policy"),
                $"a standby key cannot be published ahead with {written} alone: such records need the issued chain, "
                    + "so a roll to the standby key waits for caches like any other",
                "add 3 1 1 to tlsa, or choose key-policy = \"rotate\""),
            KeyPolicy.Reuse when certificate.Tlsa.Any(p => p.Usage == CertificateUsage.DaneEe) => new(
                KeyPath.Certificate(certificate.Name).Key("key-policy"),
                $"with {written} the records change at every renewal although the key is kept",
                "use 3 1 1 in tlsa: it stays as long as the key"),
            KeyPolicy.Reuse => new(
                KeyPath.Certificate(certificate.Name).Key("key-policy"),
                $"with {written} the records change whenever the issuer changes its CA, although the key is kept",
                "use 3 1 1 in tlsa: it stays as long as the key"),
            _ => null,
        };
    }
}

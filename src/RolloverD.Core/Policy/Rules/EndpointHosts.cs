using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Policy.Rules;

/// <summary>The hosts of endpoints: valid, each once, and certified where senders look at names.</summary>
internal static class EndpointHosts
{
    public static IEnumerable<PolicyFinding> Check(Desired desired)
    {
        foreach (DesiredCertificate certificate in desired.Certificates.Values)
        {
            var seen = new HashSet<Endpoint>();
            for (int i = 0; i < certificate.Endpoints.Length; i++)
            {
                Endpoint endpoint = certificate.Endpoints[i];
                KeyPath key = KeyPath.Certificate(certificate.Name).Key("endpoints").Item(i);
                if (HostNames.Flaw(endpoint.Host, wildcardAllowed: false) is { } flaw)
                {
                    yield return new PolicyFinding.Error(
                        key, $"'{endpoint.Host}' {flaw}", "write the host's name and port, such as mx1.example.net:25");
                }
                else if (!seen.Add(endpoint))
                {
                    yield return new PolicyFinding.Error(key, $"{endpoint} stands here twice", "name it once");
                }
                else if (Uncertified(certificate, endpoint, key) is { } uncertified)
                {
                    yield return uncertified;
                }
            }
        }
    }

    private static PolicyFinding? Uncertified(DesiredCertificate certificate, Endpoint endpoint, KeyPath key)
    {
        ImmutableArray<string> names = certificate.Names;
        if (names.IsEmpty || names.Any(name => HostNames.Covers(name, endpoint.Host)))
            return null;

        // RFC 7672 §3.1.2: with usage 2 the certificate must bear the server's name.
        if (certificate.Tlsa.Any(p => p.Usage == CertificateUsage.DaneTa))
        {
            return new PolicyFinding.Error(
                key,
                $"the certificate does not bear the name {endpoint.Host}, and senders that match a 2 x x record "
                    + "refuse it",
                $"add {endpoint.Host} to {KeyPath.Certificate(certificate.Name).Key("names")}");
        }

        // RFC 7672 §3.1.1: with usage 3 names are not looked at, but senders without DANE may look.
        return new PolicyFinding.Warning(
            key,
            $"the certificate does not bear the name {endpoint.Host}; 3 x x records ignore that, "
                + "MTA-STS and mail clients do not",
            $"add {endpoint.Host} to {KeyPath.Certificate(certificate.Name).Key("names")}");
    }
}

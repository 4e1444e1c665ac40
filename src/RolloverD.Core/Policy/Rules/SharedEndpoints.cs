using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Policy.Rules;

/// <summary>Certificates that are served at one endpoint can live side by side.</summary>
internal static class SharedEndpoints
{
    public static IEnumerable<PolicyFinding> Check(Desired desired)
    {
        var byEndpoint =
            from certificate in desired.Certificates.Values
            from endpoint in certificate.Endpoints.Distinct()
            group certificate by endpoint;
        foreach (IGrouping<Endpoint, DesiredCertificate> shared in byEndpoint)
        {
            ImmutableArray<DesiredCertificate> certificates = [.. shared];
            for (int i = 1; i < certificates.Length; i++)
            {
                DesiredCertificate later = certificates[i];
                if (OtherParameters(certificates[0], later, shared.Key) is { } parameters)
                    yield return parameters;
                if (SamePlace(certificates.AsSpan(0, i), later, shared.Key) is { } place)
                    yield return place;
            }
        }
    }

    // RFC 7671 §8: every (usage, selector, matching type) of the set must match each chain that is served.
    private static PolicyFinding.Error? OtherParameters(
        DesiredCertificate first, DesiredCertificate later, Endpoint endpoint) =>
        first.Tlsa.IsEmpty || later.Tlsa.IsEmpty || first.Tlsa.ToHashSet().SetEquals(later.Tlsa)
            ? null
            : new(
                KeyPath.Certificate(later.Name).Key("tlsa"),
                $"differs from that of certificate '{first.Name}', which is served at {endpoint} too: "
                    + "each kind of record there must match every certificate",
                $"give both the same tlsa, such as {List(first)}");

    // A server picks the certificate by the kind of key that the sender can verify: of two of a kind it serves one.
    private static PolicyFinding.Error? SamePlace(
        ReadOnlySpan<DesiredCertificate> others, DesiredCertificate later, Endpoint endpoint)
    {
        foreach (DesiredCertificate other in others)
        {
            if (other.Key.Family() == later.Key.Family()
                && other.Deployments.Any(a => later.Deployments.Any(b => Same(a, b))))
            {
                return new(
                    KeyPath.Certificate(later.Name),
                    $"has the same kind of key as certificate '{other.Name}', the same endpoint {endpoint} "
                        + "and the same mail server, which can serve only one of them",
                    "give one of them a key of the other kind (RSA or ECDSA), "
                        + "or make them one certificate with all names");
            }
        }

        return null;
    }

    private static bool Same(ProviderSettings a, ProviderSettings b) =>
        a.Type == b.Type
        && a.Values.Count == b.Values.Count
        && a.Values.All(setting => b.Find(setting.Key) == setting.Value);

    private static string List(DesiredCertificate certificate) =>
        $"[{string.Join(", ", certificate.Tlsa.Select(p => $"\"{p}\""))}]";
}

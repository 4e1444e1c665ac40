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
                if (SameKind(certificates.AsSpan(0, i), later, shared.Key) is { } kind)
                    yield return kind;
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

    // A server picks the certificate by the kind of key that the sender can verify: of two of a kind it serves one. So
    // with two machines behind one name, each with its own: that every address shows the chain is never seen.
    private static PolicyFinding.Error? SameKind(
        ReadOnlySpan<DesiredCertificate> others, DesiredCertificate later, Endpoint endpoint)
    {
        foreach (DesiredCertificate other in others)
        {
            if (other.Key.Family() == later.Key.Family())
            {
                return new(
                    KeyPath.Certificate(later.Name),
                    $"has the same kind of key as certificate '{other.Name}' and the same endpoint {endpoint}, every "
                        + "address of which can show only one of them",
                    "give one of them a key of the other kind (RSA or ECDSA), make them one certificate with all "
                        + "names, or give each machine a name of its own");
            }
        }

        return null;
    }

    private static string List(DesiredCertificate certificate) =>
        $"[{string.Join(", ", certificate.Tlsa.Select(p => $"\"{p}\""))}]";
}

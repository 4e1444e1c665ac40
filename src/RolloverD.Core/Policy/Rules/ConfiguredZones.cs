using RolloverD.Core.Dane;

namespace RolloverD.Core.Policy.Rules;

/// <summary>
/// RolloverD can write where it has to: each name's ACME challenge lies in a configured zone. An endpoint's TLSA owner
/// may be an alias into one, which is found when the alias is followed; so here a zone that is missing is only worth a
/// warning, and when a record cannot be published a hold says so.
/// </summary>
internal static class ConfiguredZones
{
    public static IEnumerable<PolicyFinding> Check(Desired desired) =>
        desired.Certificates.Values.SelectMany(certificate =>
            Owners(desired, certificate).Concat(Challenges(desired, certificate)));

    private static IEnumerable<PolicyFinding> Owners(Desired desired, DesiredCertificate certificate)
    {
        KeyPath endpoints = KeyPath.Certificate(certificate.Name).Key("endpoints");
        for (int i = 0; i < certificate.Endpoints.Length; i++)
        {
            Endpoint endpoint = certificate.Endpoints[i];
            if (HostNames.Flaw(endpoint.Host, wildcardAllowed: false) is null && Zone(desired, endpoint.Host) is null)
            {
                yield return new PolicyFinding.Warning(
                    endpoints.Item(i),
                    $"zone without provider: no configured zone holds {endpoint.TlsaName}, where the TLSA records go; "
                        + "it works only when that name is an alias (CNAME) into a configured zone",
                    $"unless it is one, {Remedy(endpoint.Host)}");
            }
        }
    }

    // RFC 8555 §8.4: the proof is a TXT record at _acme-challenge below the name, without a wildcard's first label.
    private static IEnumerable<PolicyFinding> Challenges(Desired desired, DesiredCertificate certificate)
    {
        if (!desired.Issuers.TryGetValue(certificate.Issuer, out ProviderSettings? issuer) || !ProvesByDns(issuer))
            yield break;

        KeyPath names = KeyPath.Certificate(certificate.Name).Key("names");
        for (int i = 0; i < certificate.Names.Length; i++)
        {
            string name = certificate.Names[i];
            string host = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name;
            if (HostNames.Flaw(name, wildcardAllowed: true) is null && Zone(desired, host) is null)
            {
                yield return new PolicyFinding.Error(
                    names.Item(i),
                    $"zone without provider: no configured zone holds _acme-challenge.{host}, "
                        + $"where issuer '{certificate.Issuer}' looks for the proof",
                    Remedy(host));
            }
        }
    }

    private static bool ProvesByDns(ProviderSettings issuer) =>
        issuer.Find("challenge") is { } challenge ? challenge == "dns-01" : issuer.Type == "acme";

    private static string? Zone(Desired desired, string host) => DnsName.ClosestZone(host, desired.Zones.Keys);

    // Where the zone is cut is not known here: the name's parent is the best guess, the name itself when it is short.
    private static string Remedy(string host)
    {
        int dot = host.IndexOf('.', StringComparison.Ordinal);
        string guess = dot > 0 && host.IndexOf('.', dot + 1) > 0 ? host[(dot + 1)..] : host;
        return $"add a table [{KeyPath.Root.Key("zones").Key(guess)}] with the zone's provider "
            + "(the zone's own name, if it is another)";
    }
}

namespace RolloverD.Core.Policy.Rules;

/// <summary>The names that a certificate is ordered for: valid, and each once.</summary>
internal static class CertifiedNames
{
    public static IEnumerable<PolicyFinding> Check(Desired desired)
    {
        foreach (DesiredCertificate certificate in desired.Certificates.Values)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (int i = 0; i < certificate.Names.Length; i++)
            {
                string name = certificate.Names[i];
                KeyPath key = KeyPath.Certificate(certificate.Name).Key("names").Item(i);
                if (HostNames.Flaw(name, wildcardAllowed: true) is { } flaw)
                {
                    yield return new PolicyFinding.Error(
                        key, $"'{name}' {flaw}", "write a host name such as mx1.example.net, or *.example.net");
                }
                else if (!seen.Add(name))
                {
                    yield return new PolicyFinding.Error(key, $"'{name}' stands here twice", "name it once");
                }
            }
        }
    }
}

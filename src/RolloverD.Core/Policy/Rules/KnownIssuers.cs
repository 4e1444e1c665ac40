namespace RolloverD.Core.Policy.Rules;

/// <summary>The issuer that a certificate names is configured.</summary>
internal static class KnownIssuers
{
    public static IEnumerable<PolicyFinding> Check(Desired desired) =>
        from certificate in desired.Certificates.Values
        where certificate.Issuer.Length > 0 && !desired.Issuers.ContainsKey(certificate.Issuer)
        select new PolicyFinding.Error(
            KeyPath.Certificate(certificate.Name).Key("issuer"),
            $"no issuer '{certificate.Issuer}' is configured",
            desired.Issuers.IsEmpty
                ? $"add a table [{KeyPath.Root.Key("issuers").Key(certificate.Issuer)}]"
                : $"name one of {string.Join(", ", desired.Issuers.Keys)}, "
                    + $"or add a table [{KeyPath.Root.Key("issuers").Key(certificate.Issuer)}]");
}

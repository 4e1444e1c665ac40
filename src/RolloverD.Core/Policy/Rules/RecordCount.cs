namespace RolloverD.Core.Policy.Rules;

/// <summary>An owner's record set stays small enough for every sender, also at the height of a rollover.</summary>
/// <remarks>A large provider was seen to give up at about 12 records (2024).</remarks>
internal static class RecordCount
{
    private const int Most = 10;

    public static IEnumerable<PolicyFinding> Check(Desired desired) =>
        from certificate in desired.Certificates.Values
        from endpoint in certificate.Endpoints.Distinct()
        group certificate by endpoint into owner
        let most = owner.Sum(AtMost)
        where most > Most
        select new PolicyFinding.Warning(
            KeyPath.Certificate(owner.First().Name).Key("tlsa"),
            $"{owner.Key.TlsaName} can come to hold {most} records in a rollover; "
                + $"some senders give up above about {Most}",
            "publish fewer kinds of records: 3 1 1 alone is enough");

    // Old and new while they overlap; a standby key's records besides, but only those made from the key alone.
    private static int AtMost(DesiredCertificate certificate)
    {
        int kinds = certificate.Tlsa.Distinct().Count();
        int standby = certificate.KeyPolicy == KeyPolicy.Standby
            ? certificate.Tlsa.Distinct().Count(p => p.NeedsOnlyKey)
            : 0;
        return (2 * kinds) + standby;
    }
}

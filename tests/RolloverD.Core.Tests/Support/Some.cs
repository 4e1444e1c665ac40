using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Tests.Support;

/// <summary>
/// Keys, certificates, chains and configurations that look real to the core and cost nothing to make.
/// </summary>
internal static class Some
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly Endpoint Mx = new("mx1.example.net", 25);

    public const string Owner = "_25._tcp.mx1.example.net";

    public static readonly TimeSpan Ttl = TimeSpan.FromHours(1);

    public static PublicKey Key(int number, KeyFamily family = KeyFamily.Ecdsa) => new(Spki(number, family));

    public static PublicKey Key(int number, KeyAlgorithm algorithm) => Key(number, FamilyOf(algorithm));

    public static KeyFamily FamilyOf(KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.EcdsaP256 or KeyAlgorithm.EcdsaP384 => KeyFamily.Ecdsa,
        KeyAlgorithm.Ed25519 => KeyFamily.EdDsa,
        _ => KeyFamily.Rsa,
    };

    public static ChainCertificate Ca(int number, DateTimeOffset? notAfter = null) => new(
        [0xca, .. BitConverter.GetBytes(number)], Spki(1000 + number, KeyFamily.Rsa), $"CN=CA {number}", [],
        Start.AddYears(-1), notAfter ?? Start.AddYears(10), isCa: true);

    public static Chain Chain(
        PublicKey key,
        int ca = 1,
        DateTimeOffset? from = null,
        double days = 90,
        string? name = null,
        params ImmutableArray<ChainCertificate> ancestors)
    {
        DateTimeOffset notBefore = from ?? Start;
        var leaf = new ChainCertificate(
            [0x1e, .. key.Spki, .. BitConverter.GetBytes(notBefore.Ticks), .. BitConverter.GetBytes(ca)], key.Spki,
            $"CN={name ?? Mx.Host}", [name ?? Mx.Host], notBefore, notBefore.AddDays(days), isCa: false);
        return new(leaf, ancestors.IsEmpty ? [Ca(ca)] : ancestors);
    }

    public static TlsaParameters Parameters(string text) =>
        TlsaParameters.TryParse(text, out TlsaParameters p) ? p : throw new FormatException(text);

    public static TlsaRecord Record(string parameters, PublicKey key) => key.RecordFor(Parameters(parameters))!;

    public static TlsaRecord Record(string parameters, Chain chain) => chain.RecordFor(Parameters(parameters))!;

    public static RecordSet Set(params ImmutableArray<TlsaRecord> records) => new(records, Ttl);

    public static readonly DesiredCertificate Certificate = new(
        "mx1", [Mx.Host], "ca", KeyAlgorithm.EcdsaP256, KeyPolicy.Rotate, TimeSpan.FromDays(365), null,
        [TlsaParameters.DaneEeSpkiSha256], [Mx], []);

    /// <summary>With the zone of the hosts, so that records can be withdrawn that nothing is configured for.</summary>
    public static Desired Zoned(params ImmutableArray<DesiredCertificate> certificates) =>
        Desired(certificates) with
        {
            Zones = ImmutableSortedDictionary<string, ProviderSettings>.Empty.Add(
                "example.net", new("rfc2136", ImmutableDictionary<string, string>.Empty)),
        };

    public static Desired Desired(params ImmutableArray<DesiredCertificate> certificates) => new(
        "/var/lib/rolloverd",
        new(["127.0.0.1:53"], null),
        new(Ttl, TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)),
        ImmutableSortedDictionary<string, ProviderSettings>.Empty,
        ImmutableSortedDictionary<string, ProviderSettings>.Empty,
        certificates.ToImmutableSortedDictionary(c => c.Name, c => c));

    private static ImmutableArray<byte> Spki(int number, KeyFamily family)
    {
        byte[] algorithm = family switch
        {
            KeyFamily.Rsa => [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
            KeyFamily.Ecdsa => [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
            KeyFamily.EdDsa => [0x2b, 0x65, 0x70],
            _ => [],
        };
        return [0x30, .. algorithm, .. BitConverter.GetBytes(number)];
    }
}

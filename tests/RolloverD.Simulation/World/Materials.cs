using System.Collections.Immutable;
using System.Security.Cryptography;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Simulation.World;

/// <summary>A certificate of this world: the product's view of it, and the digests as the judge makes them.</summary>
internal sealed class Paper(ChainCertificate certificate)
{
    public ChainCertificate Certificate { get; } = certificate;

    private string?[] Digests { get; } = new string?[6];

    /// <summary>
    /// What a record with this selector (0 certificate, 1 key) and matching type (0 whole, 1 SHA-256, 2 SHA-512)
    /// holds of it. Made here and not by the product, so that the judge does not share its mistakes.
    /// </summary>
    public string? Data(int selector, int matchingType)
    {
        if (selector is < 0 or > 1 || matchingType is < 0 or > 2)
            return null;

        ref string? digest = ref Digests[(selector * 3) + matchingType];
        ReadOnlySpan<byte> content = selector == 0 ? Certificate.Der.AsSpan() : Certificate.Key.Spki.AsSpan();
        return digest ??= Convert.ToHexStringLower(matchingType switch
        {
            1 => SHA256.HashData(content),
            2 => SHA512.HashData(content),
            _ => content.ToArray(),
        });
    }
}

/// <summary>Makes keys and certificates that look real to the core and cost nothing.</summary>
internal sealed class Materials
{
    private readonly List<Paper> papers = [];
    private int keys;

    public PublicKey NewKey(KeyAlgorithm algorithm) => new(Spki(++keys, algorithm));

    public Paper Leaf(PublicKey key, ImmutableArray<string> names, DateTimeOffset from, TimeSpan lifetime) => Add(
        number => new(Der(number), key.Spki, $"CN={names[0]}", names, from, from + lifetime, isCa: false));

    public Paper Authority(string name, DateTimeOffset from, TimeSpan lifetime) => Add(
        number => new(
            Der(number), Spki(++keys, KeyAlgorithm.Rsa4096), $"CN={name} {number}", [], from, from + lifetime,
            isCa: true));

    /// <summary>The certificate of this DER.</summary>
    public Paper Read(ReadOnlySpan<byte> der) => papers[BitConverter.ToInt32(der[2..])];

    public Paper Of(ChainCertificate certificate) => Read(certificate.Der.AsSpan());

    private Paper Add(Func<int, ChainCertificate> make)
    {
        var paper = new Paper(make(papers.Count));
        papers.Add(paper);
        return paper;
    }

    /// <summary>What kind of key it is.</summary>
    public static KeyAlgorithm AlgorithmOf(PublicKey key) => (KeyAlgorithm)key.Spki[1];

    private static ImmutableArray<byte> Der(int number) => [0x30, 0x04, .. BitConverter.GetBytes(number)];

    private static ImmutableArray<byte> Spki(int number, KeyAlgorithm algorithm)
    {
        byte[] identifier = algorithm.Family() switch
        {
            KeyFamily.Rsa => [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
            KeyFamily.Ecdsa => [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
            _ => [0x2b, 0x65, 0x70],
        };
        return [0x30, (byte)algorithm, .. identifier, .. BitConverter.GetBytes(number)];
    }
}

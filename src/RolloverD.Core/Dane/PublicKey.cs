using System.Collections.Immutable;
using System.Security.Cryptography;

namespace RolloverD.Core.Dane;

/// <summary>The algorithm family by which a TLS client can ask for one of several certificates on a port.</summary>
public enum KeyFamily
{
    Rsa,
    Ecdsa,
    EdDsa,
    Unknown,
}

/// <summary>A public key: its SubjectPublicKeyInfo and the digests that TLSA records hold of it.</summary>
/// <remarks>RFC 5280 §4.1.2.7; RFC 6698 §2.1.2, selector 1.</remarks>
public sealed class PublicKey : IEquatable<PublicKey>
{
    private readonly int hash;

    /// <param name="spki">The SubjectPublicKeyInfo, DER.</param>
    public PublicKey(ImmutableArray<byte> spki)
    {
        Spki = spki;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(spki.AsSpan()));
        Sha512 = Convert.ToHexStringLower(SHA512.HashData(spki.AsSpan()));
        Family = FamilyOf(spki.AsSpan());
        hash = Sha256.GetHashCode(StringComparison.Ordinal);
    }

    /// <summary>The SubjectPublicKeyInfo, DER.</summary>
    public ImmutableArray<byte> Spki { get; }

    /// <summary>Lower-case hexadecimal SHA-256 of the SubjectPublicKeyInfo: the data of a 3 1 1 record.</summary>
    public string Sha256 { get; }

    /// <summary>Lower-case hexadecimal SHA-512 of the SubjectPublicKeyInfo.</summary>
    public string Sha512 { get; }

    public KeyFamily Family { get; }

    internal MadeRecords Made { get; } = new();

    public bool Equals(PublicKey? other) => other is not null && Sha256 == other.Sha256;

    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    public override int GetHashCode() => hash;

    /// <summary>The first digits of the SHA-256, enough for people to tell keys apart.</summary>
    public override string ToString() => Sha256[..12];

    // The algorithm's object identifier stands in the first few bytes of every SubjectPublicKeyInfo. RFC 3279 §2.3,
    // RFC 8410 §3
    private static KeyFamily FamilyOf(ReadOnlySpan<byte> spki)
    {
        ReadOnlySpan<byte> head = spki[..Math.Min(spki.Length, 32)];
        return head.IndexOf<byte>([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]) >= 0 ? KeyFamily.Rsa
            : head.IndexOf<byte>([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]) >= 0 ? KeyFamily.Ecdsa
            : head.IndexOf<byte>([0x2b, 0x65, 0x70]) >= 0 || head.IndexOf<byte>([0x2b, 0x65, 0x71]) >= 0
                ? KeyFamily.EdDsa
            : KeyFamily.Unknown;
    }
}

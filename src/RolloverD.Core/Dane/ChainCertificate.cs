using System.Collections.Immutable;
using System.Security.Cryptography;

namespace RolloverD.Core.Dane;

/// <summary>One certificate of a chain, read once: what DANE compares and what a verdict asks of it.</summary>
public sealed class ChainCertificate : IEquatable<ChainCertificate>
{
    private readonly int hash;

    /// <param name="der">The certificate, DER.</param>
    /// <param name="spki">Its SubjectPublicKeyInfo, DER.</param>
    /// <param name="subject">Its subject, for people.</param>
    /// <param name="dnsNames">Its dNSName subject alternative names; the common name when there are none.</param>
    /// <param name="notBefore">From when it is valid.</param>
    /// <param name="notAfter">Until when it is valid.</param>
    /// <param name="isCa">Whether its basic constraints let it sign certificates.</param>
    public ChainCertificate(
        ImmutableArray<byte> der,
        ImmutableArray<byte> spki,
        string subject,
        ImmutableArray<string> dnsNames,
        DateTimeOffset notBefore,
        DateTimeOffset notAfter,
        bool isCa)
    {
        Der = der;
        Key = new(spki);
        Subject = subject;
        DnsNames = dnsNames;
        NotBefore = notBefore;
        NotAfter = notAfter;
        IsCa = isCa;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(der.AsSpan()));
        Sha512 = Convert.ToHexStringLower(SHA512.HashData(der.AsSpan()));
        hash = Sha256.GetHashCode(StringComparison.Ordinal);
    }

    public ImmutableArray<byte> Der { get; }

    public PublicKey Key { get; }

    public string Subject { get; }

    public ImmutableArray<string> DnsNames { get; }

    public DateTimeOffset NotBefore { get; }

    public DateTimeOffset NotAfter { get; }

    public bool IsCa { get; }

    /// <summary>Whether it is valid at a time: not before its first instant, and not when it has ended.</summary>
    public bool IsInDate(DateTimeOffset at) => NotBefore <= at && at < NotAfter;

    internal MadeRecords Made { get; } = new();

    /// <summary>Lower-case hexadecimal SHA-256 of the whole certificate: the data of a 3 0 1 record.</summary>
    public string Sha256 { get; }

    /// <summary>Lower-case hexadecimal SHA-512 of the whole certificate.</summary>
    public string Sha512 { get; }

    /// <summary>
    /// The association data that a record with this selector and matching type holds of this certificate.
    /// </summary>
    /// <returns>Lower-case hexadecimal digits, or null when the selector or matching type is not known.</returns>
    /// <remarks>RFC 6698 §2.1.2 and §2.1.3.</remarks>
    public string? AssociationData(Selector selector, MatchingType matchingType) => (selector, matchingType) switch
    {
        (Selector.Cert, MatchingType.Sha256) => Sha256,
        (Selector.Cert, MatchingType.Sha512) => Sha512,
        (Selector.Cert, MatchingType.Full) => Convert.ToHexStringLower(Der.AsSpan()),
        (Selector.Spki, MatchingType.Sha256) => Key.Sha256,
        (Selector.Spki, MatchingType.Sha512) => Key.Sha512,
        (Selector.Spki, MatchingType.Full) => Convert.ToHexStringLower(Key.Spki.AsSpan()),
        _ => null,
    };

    public bool Equals(ChainCertificate? other) => other is not null && Sha256 == other.Sha256;

    public override bool Equals(object? obj) => Equals(obj as ChainCertificate);

    public override int GetHashCode() => hash;

    public override string ToString() => $"{Subject} ({Sha256[..12]})";
}

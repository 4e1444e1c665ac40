using System.Globalization;

namespace RolloverD.Core.Dane;

/// <summary>What a TLSA record speaks of: a CA or the server itself, checked by PKIX or not.</summary>
/// <remarks>
/// RFC 6698 §2.1.1, acronyms from RFC 7218 §2.1. Other values are kept as they come: they are unusable, not wrong.
/// </remarks>
public enum CertificateUsage : byte
{
    PkixTa = 0,
    PkixEe = 1,
    DaneTa = 2,
    DaneEe = 3,
}

/// <summary>The part of the certificate that is compared. RFC 6698 §2.1.2.</summary>
public enum Selector : byte
{
    Cert = 0,
    Spki = 1,
}

/// <summary>How it is compared: whole or as a digest. RFC 6698 §2.1.3.</summary>
public enum MatchingType : byte
{
    Full = 0,
    Sha256 = 1,
    Sha512 = 2,
}

/// <summary>The three numbers before a TLSA record's data, written <c>3 1 1</c>.</summary>
public readonly record struct TlsaParameters(CertificateUsage Usage, Selector Selector, MatchingType MatchingType)
    : IComparable<TlsaParameters>
{
    public static readonly TlsaParameters DaneEeSpkiSha256 =
        new(CertificateUsage.DaneEe, Selector.Spki, MatchingType.Sha256);

    /// <summary>
    /// Whether a sending mail server can use such a record at all: usages 2 and 3 with a known selector and matching
    /// type. Usages 0 and 1 are unusable for SMTP.
    /// </summary>
    /// <remarks>RFC 7672 §3.1.3, RFC 7671 §4.1.</remarks>
    public bool IsUsable =>
        Usage is CertificateUsage.DaneTa or CertificateUsage.DaneEe
        && Selector is Selector.Cert or Selector.Spki
        && MatchingType is MatchingType.Full or MatchingType.Sha256 or MatchingType.Sha512;

    /// <summary>
    /// Whether a record with these parameters can be made from the key alone, before any certificate exists.
    /// </summary>
    public bool NeedsOnlyKey => Usage == CertificateUsage.DaneEe && Selector == Selector.Spki;

    /// <summary>Reads <c>3 1 1</c>; false when it is not three numbers from 0 to 255.</summary>
    public static bool TryParse(string text, out TlsaParameters parameters)
    {
        parameters = default;
        string[] fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 3
            || !byte.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out byte usage)
            || !byte.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out byte selector)
            || !byte.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out byte matchingType))
        {
            return false;
        }

        parameters = new((CertificateUsage)usage, (Selector)selector, (MatchingType)matchingType);
        return true;
    }

    public int CompareTo(TlsaParameters other)
    {
        int usage = ((byte)Usage).CompareTo((byte)other.Usage);
        int selector = ((byte)Selector).CompareTo((byte)other.Selector);
        return usage != 0 ? usage
            : selector != 0 ? selector
            : ((byte)MatchingType).CompareTo((byte)other.MatchingType);
    }

    public static bool operator <(TlsaParameters left, TlsaParameters right) => left.CompareTo(right) < 0;

    public static bool operator >(TlsaParameters left, TlsaParameters right) => left.CompareTo(right) > 0;

    public static bool operator <=(TlsaParameters left, TlsaParameters right) => left.CompareTo(right) <= 0;

    public static bool operator >=(TlsaParameters left, TlsaParameters right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{(byte)Usage} {(byte)Selector} {(byte)MatchingType}";
}

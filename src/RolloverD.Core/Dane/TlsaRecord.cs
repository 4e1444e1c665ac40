namespace RolloverD.Core.Dane;

/// <summary>
/// One TLSA record: a promise that the server will show a certificate with this content. A sender that validates
/// DANE delivers when at least one usable record matches what the server shows, and refuses when none does.
/// </summary>
/// <param name="Parameters">Usage, selector and matching type.</param>
/// <param name="Data">The association data in lower-case hexadecimal digits.</param>
/// <remarks>RFC 6698 §2.1.</remarks>
public sealed record TlsaRecord(TlsaParameters Parameters, string Data) : IComparable<TlsaRecord>
{
    private int hash;
    private string? text;

    /// <summary>Usage, selector and matching type.</summary>
    public TlsaParameters Parameters { get; } = Parameters;

    /// <summary>The association data in lower-case hexadecimal digits.</summary>
    public string Data { get; } = Data;

    /// <summary>
    /// Whether a sending mail server can use the record: its parameters are usable and the data is as long as its
    /// matching type makes it. A malformed record is unusable, and so are records of usages 0 and 1.
    /// </summary>
    /// <remarks>RFC 7672 §2.2 and §3.1.3.</remarks>
    public bool IsUsable => Parameters.IsUsable && Parameters.MatchingType switch
    {
        MatchingType.Sha256 => Data.Length == 64,
        MatchingType.Sha512 => Data.Length == 128,
        _ => Data.Length > 0,
    };

    /// <summary>
    /// Reads the presentation form <c>3 1 1 0123…</c>; white space inside the data and capitals are allowed.
    /// </summary>
    /// <remarks>RFC 6698 §2.2.</remarks>
    public static bool TryParse(string text, out TlsaRecord record)
    {
        record = null!;
        string[] fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 4 || !TlsaParameters.TryParse(string.Join(' ', fields[..3]), out TlsaParameters parameters))
            return false;

        string data = string.Concat(fields[3..]).ToLowerInvariant();
        if (data.Length % 2 != 0 || !data.All(char.IsAsciiHexDigit))
            return false;

        record = new(parameters, data);
        return true;
    }

    /// <summary>Reads the presentation form or throws <see cref="FormatException"/>.</summary>
    public static TlsaRecord Parse(string text) =>
        TryParse(text, out TlsaRecord record) ? record : throw new FormatException($"not a TLSA record: '{text}'");

    public bool Equals(TlsaRecord? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Parameters == other.Parameters && Data == other.Data);

    // The data is long and records are looked up in sets all the time.
    public override int GetHashCode() =>
        hash != 0 ? hash : hash = HashCode.Combine(Parameters, Data.GetHashCode(StringComparison.Ordinal));

    public int CompareTo(TlsaRecord? other) =>
        other is null ? 1
        : ReferenceEquals(this, other) ? 0
        : Parameters != other.Parameters ? Parameters.CompareTo(other.Parameters)
        : string.CompareOrdinal(Data, other.Data);

    /// <summary>The presentation form; also what DNS providers read and write.</summary>
    public override string ToString() => text ??= $"{Parameters} {Data}";
}

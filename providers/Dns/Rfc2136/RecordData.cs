using System.Collections.Immutable;
using System.Text;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Providers.Dns.Rfc2136.Wire;

namespace RolloverD.Providers.Dns.Rfc2136;

/// <summary>Turns the values of a record set into record data and back.</summary>
internal static class RecordData
{
    private const int LongestString = 255;

    public static ushort TypeOf(DnsRecordType type) => type switch
    {
        DnsRecordType.Tlsa => WireType.Tlsa,
        DnsRecordType.Txt => WireType.Txt,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a type that this provider writes"),
    };

    /// <summary>The value as the program compares it: TLSA in lower case with single blanks, TXT as it is.</summary>
    /// <exception cref="ArgumentException">The value is no TLSA record: a fault of the caller.</exception>
    public static string Canonical(DnsRecordType type, string value) =>
        type != DnsRecordType.Tlsa ? value
        : TlsaRecord.TryParse(value, out TlsaRecord record) ? record.ToString()
        : throw new ArgumentException($"'{value}' is not a TLSA record", nameof(value));

    public static ImmutableArray<byte> Encode(DnsRecordType type, string value) =>
        type == DnsRecordType.Tlsa ? EncodeTlsa(TlsaRecord.Parse(value)) : EncodeTxt(value);

    /// <summary>The value that the data holds; false when the data breaks the type's format.</summary>
    public static bool TryDecode(DnsRecordType type, ImmutableArray<byte> data, out string value)
    {
        value = "";
        return type == DnsRecordType.Tlsa ? TryDecodeTlsa(data, out value) : TryDecodeTxt(data.AsSpan(), out value);
    }

    // RFC 6698 §2.1
    private static ImmutableArray<byte> EncodeTlsa(TlsaRecord record) =>
    [
        (byte)record.Parameters.Usage, (byte)record.Parameters.Selector, (byte)record.Parameters.MatchingType,
        .. Convert.FromHexString(record.Data),
    ];

    private static bool TryDecodeTlsa(ImmutableArray<byte> data, out string value)
    {
        value = "";
        if (data.Length < 4)
            return false;

        var parameters = new TlsaParameters((CertificateUsage)data[0], (Selector)data[1], (MatchingType)data[2]);
        value = new TlsaRecord(parameters, Convert.ToHexStringLower(data.AsSpan()[3..])).ToString();
        return true;
    }

    // RFC 1035 §3.3.14: one string or more, of 255 octets at most each.
    private static ImmutableArray<byte> EncodeTxt(string value)
    {
        byte[] text = Encoding.UTF8.GetBytes(value);
        var strings = new MessageWriter();
        int at = 0;
        do
        {
            int length = Math.Min(LongestString, text.Length - at);
            strings.Octet((byte)length).Octets(text.AsSpan(at, length));
            at += length;
        }
        while (at < text.Length);

        byte[] data = strings.ToArray();
        return data.Length <= ushort.MaxValue
            ? [.. data]
            : throw new ArgumentException("a TXT value of more than 65,000 octets fits into no record", nameof(value));
    }

    private static bool TryDecodeTxt(ReadOnlySpan<byte> data, out string value)
    {
        var text = new List<byte>(data.Length);
        value = "";
        while (!data.IsEmpty)
        {
            int length = data[0];
            if (length > data.Length - 1)
                return false;
            text.AddRange(data.Slice(1, length));
            data = data[(1 + length)..];
        }

        value = Encoding.UTF8.GetString([.. text]);
        return true;
    }
}

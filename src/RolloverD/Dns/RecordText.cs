using System.Net;
using System.Text;
using RolloverD.Core.Dane;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns;

/// <summary>Record data as text, the way the rest of the program keeps it.</summary>
internal static class RecordText
{
    /// <summary>
    /// Addresses, names and <c>preference name</c> in their usual form, TLSA as <see cref="TlsaRecord.ToString"/>, TXT
    /// as its character-strings put together (RFC 1035 §3.3.14), everything else in hexadecimal digits.
    /// </summary>
    /// <exception cref="FormatException">The data is malformed.</exception>
    public static string Of(ResourceRecord record) => record.Type switch
    {
        RecordType.A when record.Data.Length == 4 => new IPAddress(record.Data).ToString(),
        RecordType.Aaaa when record.Data.Length == 16 => new IPAddress(record.Data).ToString(),
        RecordType.A or RecordType.Aaaa => throw new FormatException("an address of a wrong length"),
        RecordType.Ns or RecordType.Cname or RecordType.Dname => record.Target.ToString(),
        RecordType.Mx => $"{new WireReader(record.Data).ReadUInt16()} {record.Target}",
        RecordType.Tlsa => Tlsa(record.Data).ToString(),
        RecordType.Txt => Txt(record.Data),
        _ => Convert.ToHexStringLower(record.Data),
    };

    private static TlsaRecord Tlsa(byte[] data)
    {
        var reader = new WireReader(data);
        var parameters = new TlsaParameters(
            (CertificateUsage)reader.ReadByte(), (Selector)reader.ReadByte(), (MatchingType)reader.ReadByte());
        return new(parameters, Convert.ToHexStringLower(reader.TakeRest()));
    }

    private static string Txt(byte[] data)
    {
        var text = new StringBuilder(data.Length);
        var reader = new WireReader(data);
        while (reader.Position < reader.Length)
            text.Append(Encoding.Latin1.GetString(reader.Take(reader.ReadByte())));
        return text.ToString();
    }
}

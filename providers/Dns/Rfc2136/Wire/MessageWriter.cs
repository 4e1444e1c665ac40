using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace RolloverD.Providers.Dns.Rfc2136.Wire;

/// <summary>Puts together the octets of a DNS message, in network order and without name compression.</summary>
/// <remarks>RFC 1035 §4.1.</remarks>
internal sealed class MessageWriter
{
    private readonly ArrayBufferWriter<byte> _octets = new();

    public byte[] ToArray() => _octets.WrittenSpan.ToArray();

    public MessageWriter Octet(byte value)
    {
        _octets.Write([value]);
        return this;
    }

    public MessageWriter Number16(int value) => Number(value, 2);

    public MessageWriter Number32(uint value) => Number(value, 4);

    /// <summary>The 48-bit time of TSIG, seconds since 1970.</summary>
    public MessageWriter Number48(long value) => Number(value, 6);

    public MessageWriter Octets(ReadOnlySpan<byte> value)
    {
        _octets.Write(value);
        return this;
    }

    /// <summary>A name, in lower case as the canonical form wants it.</summary>
    public MessageWriter Name(string name)
    {
        if (name != ".")
        {
            foreach (string label in name.TrimEnd('.').ToLowerInvariant().Split('.'))
                Octet(checked((byte)label.Length)).Octets(Encoding.ASCII.GetBytes(label));
        }

        return Octet(0);
    }

    public MessageWriter Record(WireRecord record) =>
        Name(record.Name).Number16(record.Type).Number16(record.Class).Number32(record.Ttl)
            .Number16(record.Data.Length).Octets(record.Data.AsSpan());

    private MessageWriter Number(long value, int octets)
    {
        Span<byte> all = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(all, value);
        return Octets(all[^octets..]);
    }
}

using System.Buffers.Binary;

namespace RolloverD.Dns.Messages;

/// <summary>
/// Reads a DNS message or a record's data from its bytes. Throws <see cref="FormatException"/> for anything that does
/// not fit, so that a hostile message can do no more than be refused.
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> bytes = bytes;

    public int Position { get; private set; }

    public readonly int Length => bytes.Length;

    public byte ReadByte() => Take(1)[0];

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > bytes.Length - Position)
            throw new FormatException("the DNS message ends too early");
        ReadOnlySpan<byte> taken = bytes.Slice(Position, count);
        Position += count;
        return taken;
    }

    public ReadOnlySpan<byte> TakeRest() => Take(bytes.Length - Position);

    /// <summary>Reads a name that may be compressed. RFC 1035 §4.1.4.</summary>
    public Name ReadName()
    {
        Span<byte> name = stackalloc byte[Name.LongestWire];
        int length = 0;
        int at = Position;
        int? resumeAt = null;
        int lowest = at;
        while (true)
        {
            byte head = ByteAt(at);
            if ((head & 0xC0) == 0xC0)
            {
                int target = ((head & 0x3F) << 8) | ByteAt(at + 1);
                resumeAt ??= at + 2;
                // A pointer may only lead back, so that no loop is possible.
                if (target >= lowest)
                    throw new FormatException("a compressed name points forward");
                at = lowest = target;
                continue;
            }

            if ((head & 0xC0) != 0 || length + head + 1 > name.Length || at + head + 1 > bytes.Length)
                throw new FormatException("a name in the DNS message is malformed");
            bytes.Slice(at, head + 1).CopyTo(name[length..]);
            length += head + 1;
            at += head + 1;
            if (head == 0)
                break;
        }

        Position = resumeAt ?? at;
        return Name.FromWire(name[..length]);
    }

    public Name ReadNameAt(int position)
    {
        Position = position;
        return ReadName();
    }

    /// <summary>Reads a record; its data comes out uncompressed and canonical.</summary>
    public ResourceRecord ReadRecord()
    {
        Name owner = ReadName();
        var type = (RecordType)ReadUInt16();
        ushort recordClass = ReadUInt16();
        uint ttl = ReadUInt32();
        int end = ReadUInt16() + Position;
        if (end > bytes.Length)
            throw new FormatException("a record's data ends after the DNS message");
        // The class of an OPT pseudo-record is a buffer size.
        if (recordClass != 1 && type != RecordType.Opt)
            throw new FormatException($"a record of class {recordClass}, not IN");
        byte[] data = ReadCanonicalData(type, end);
        // RFC 2181 §8: a TTL with its highest bit set counts as zero.
        return new(owner, type, ttl > int.MaxValue && type != RecordType.Opt ? 0 : ttl, data);
    }

    private readonly byte ByteAt(int at) =>
        at < bytes.Length ? bytes[at] : throw new FormatException("a name runs over the end of the DNS message");

    // RFC 4034 §6.2 names the types whose data holds names in lower case; RFC 6840 §5.1 takes NSEC out of that list.
    private byte[] ReadCanonicalData(RecordType type, int end)
    {
        (int fixedBytes, int names) = (ushort)type switch
        {
            2 or 3 or 4 or 5 or 7 or 8 or 9 or 12 or 30 or 39 => (0, 1),
            6 or 14 or 17 => (0, 2),
            15 or 18 or 21 or 36 => (2, 1),
            26 => (2, 2),
            33 => (6, 1),
            35 => (NaptrPrefix(), 1),
            24 or 46 => (18, 1),
            _ => (end - Position, 0),
        };
        var data = new List<byte>(end - Position);
        data.AddRange(Take(fixedBytes));
        for (int i = 0; i < names; i++)
            data.AddRange(ReadName().Wire);
        if (Position > end)
            throw new FormatException("a record's data is longer than it says");
        data.AddRange(Take(end - Position));
        return [.. data];
    }

    private readonly int NaptrPrefix()
    {
        int at = Position + 4;
        for (int i = 0; i < 3; i++)
            at += ByteAt(at) + 1;
        return at - Position;
    }
}

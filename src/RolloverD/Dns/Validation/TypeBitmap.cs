using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Validation;

/// <summary>The types that an NSEC or NSEC3 record says its owner has. RFC 4034 §4.1.2.</summary>
internal sealed class TypeBitmap
{
    private readonly HashSet<ushort> types = [];

    public TypeBitmap(ReadOnlySpan<byte> data)
    {
        var reader = new WireReader(data);
        while (reader.Position < reader.Length)
        {
            int window = reader.ReadByte() << 8;
            ReadOnlySpan<byte> bits = reader.Take(reader.ReadByte());
            for (int i = 0; i < bits.Length * 8; i++)
            {
                if ((bits[i / 8] & (0x80 >> (i % 8))) != 0)
                    types.Add((ushort)(window + i));
            }
        }
    }

    public bool Has(RecordType type) => types.Contains((ushort)type);

    /// <summary>The record belongs to the parent's side of a zone cut: it says nothing of what lies below.</summary>
    /// <remarks>RFC 6840 §4.1.</remarks>
    public bool IsDelegation => Has(RecordType.Ns) && !Has(RecordType.Soa);

    /// <summary>Whether the owner has neither the type nor an alias, told from the right side of a zone cut.</summary>
    /// <remarks>RFC 6840 §4.1 and §4.3; DS lives on the parent's side (RFC 4035 §5.2).</remarks>
    public bool Denies(RecordType type) =>
        !Has(type)
        && !Has(RecordType.Cname)
        && (type == RecordType.Ds ? !Has(RecordType.Soa) : !IsDelegation);
}

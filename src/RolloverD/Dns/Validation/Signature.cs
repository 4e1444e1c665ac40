using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Validation;

/// <summary>An RRSIG record. RFC 4034 §3.1.</summary>
internal sealed record Signature(
    RecordType Covered,
    byte Algorithm,
    byte Labels,
    uint OriginalTtl,
    uint Expiration,
    uint Inception,
    ushort KeyTag,
    Name Signer,
    byte[] SignedPrefix,
    byte[] Value)
{
    public static Signature Read(ReadOnlySpan<byte> data)
    {
        var reader = new WireReader(data);
        var covered = (RecordType)reader.ReadUInt16();
        byte algorithm = reader.ReadByte();
        byte labels = reader.ReadByte();
        uint ttl = reader.ReadUInt32();
        uint expiration = reader.ReadUInt32();
        uint inception = reader.ReadUInt32();
        ushort tag = reader.ReadUInt16();
        Name signer = reader.ReadName();
        byte[] prefix = data[..reader.Position].ToArray();
        byte[] value = reader.TakeRest().ToArray();
        return new(covered, algorithm, labels, ttl, expiration, inception, tag, signer, prefix, value);
    }

    public bool MayBeBy(DnsKey key) => key.Tag == KeyTag && key.Algorithm == Algorithm;

    /// <summary>The end of its validity, read as the moment nearest to now. RFC 4034 §3.1.5.</summary>
    public DateTimeOffset ExpiresAt(DateTimeOffset now) => NearestTo(now, Expiration);

    /// <summary>The start of its validity, read as the moment nearest to now.</summary>
    public DateTimeOffset ValidFrom(DateTimeOffset now) => NearestTo(now, Inception);

    // RFC 1982 §3.2: 32-bit numbers that wrap around.
    private static DateTimeOffset NearestTo(DateTimeOffset now, uint moment)
    {
        long seconds = now.ToUnixTimeSeconds();
        return DateTimeOffset.FromUnixTimeSeconds(seconds + (int)(moment - (uint)seconds));
    }
}

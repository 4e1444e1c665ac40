using System.Buffers.Binary;
using System.Collections.Immutable;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Validation;

/// <summary>The records of one owner and type in a message section, with the signatures that cover them.</summary>
internal sealed record Rrset(
    Name Owner, RecordType Type, ImmutableArray<ResourceRecord> Records, ImmutableArray<Signature> Signatures)
{
    // Enough for every honest zone, and a bound for one that makes validators work (colliding key tags).
    private const int MostVerifications = 16;

    /// <summary>Picks an RRset out of a section, or null when the section has none.</summary>
    public static Rrset? Find(ImmutableArray<ResourceRecord> section, Name owner, RecordType type)
    {
        ImmutableArray<ResourceRecord> records =
            [.. section.Where(r => r.Type == type && r.Owner.Equals(owner))];
        if (records.IsEmpty)
            return null;
        ImmutableArray<Signature> signatures =
        [
            .. section.Where(r => r.Type == RecordType.Rrsig && r.Owner.Equals(owner))
                .Select(r => Signature.Read(r.Data))
                .Where(s => s.Covered == type),
        ];
        return new(owner, type, records, signatures);
    }

    /// <summary>The TTL as it came: the smallest, when the records differ (RFC 2181 §5.2).</summary>
    public TimeSpan Ttl => TimeSpan.FromSeconds(Records.Min(r => r.TtlSeconds));

    /// <summary>
    /// Looks for signatures by the zone's keys that verify. One suffices; of several the one that lives longest counts,
    /// because a validator is content with any.
    /// </summary>
    /// <remarks>RFC 4035 §5.3.1 and §5.3.3.</remarks>
    public Verification Verify(ZoneKeys zone, DateTimeOffset now)
    {
        string problem = Signatures.IsEmpty
            ? "has no signature"
            : $"is signed by {Signatures[0].Signer}, not by {zone.Zone}";
        Verification.Valid? best = null;
        int attempts = 0;
        foreach (Signature signature in Signatures.Where(s => s.Signer.Equals(zone.Zone)))
        {
            if (Reject(signature, zone, now) is { } rejected)
            {
                problem = rejected;
                continue;
            }

            byte[] signed = SignedBytes(signature);
            foreach (DnsKey key in zone.Keys.Where(signature.MayBeBy))
            {
                if (++attempts > MostVerifications)
                    return new Verification.Invalid(Describe("has too many signatures"));
                if (!SignatureAlgorithm.Verify(key, signed, signature.Value))
                    problem = $"does not verify with key {key.Tag} of {zone.Zone}";
                else if (best is null || signature.ExpiresAt(now) > best.Expires)
                    best = new(signature.ExpiresAt(now), TimeSpan.FromSeconds(signature.OriginalTtl), signature.Labels);
            }
        }

        if (best is null)
            return new Verification.Invalid(Describe(problem));
        return best.Expires > zone.Expires ? best with { Expires = zone.Expires } : best;
    }

    /// <summary>Whether an attempt at signing by this zone is there at all, valid or not.</summary>
    public bool IsSignedBy(Name zone) => Signatures.Any(s => s.Signer.Equals(zone));

    private string Describe(string problem) => $"{Owner} {Type.ToString().ToUpperInvariant()} {problem}";

    private string? Reject(Signature signature, ZoneKeys zone, DateTimeOffset now)
    {
        if (!Owner.IsAtOrBelow(zone.Zone))
            return $"lies outside its signer's zone {zone.Zone}";
        if (signature.Labels > Owner.LabelCount - (Owner.IsWildcard ? 1 : 0))
            return "has a signature with too many labels";
        if (now > signature.ExpiresAt(now))
            return $"has a signature that expired at {signature.ExpiresAt(now):u}";
        if (now < signature.ValidFrom(now))
            return $"has a signature that is valid only from {signature.ValidFrom(now):u}";
        return zone.Keys.Any(signature.MayBeBy)
            ? null
            : $"is signed with key {signature.KeyTag}, which {zone.Zone} does not have";
    }

    // RFC 4034 §3.1.8.1 and §6.3: the signature's own fields, then each record once, in the order of their data.
    private byte[] SignedBytes(Signature signature)
    {
        ReadOnlySpan<byte> owner = SignedOwner(signature).Wire;
        Span<byte> between = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16BigEndian(between, (ushort)Type);
        between[3] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(between[4..], signature.OriginalTtl);
        var bytes = new List<byte>(512);
        bytes.AddRange(signature.SignedPrefix);
        byte[]? previous = null;
        foreach (byte[] data in Records.Select(r => r.Data).Order(CanonicalOrder.Instance))
        {
            if (previous is not null && data.AsSpan().SequenceEqual(previous))
                continue;
            previous = data;
            bytes.AddRange(owner);
            bytes.AddRange(between);
            bytes.Add((byte)(data.Length >> 8));
            bytes.Add((byte)data.Length);
            bytes.AddRange(data);
        }

        return [.. bytes];
    }

    // RFC 4035 §5.3.2: a record that a wildcard made is signed under the wildcard's name.
    private Name SignedOwner(Signature signature)
    {
        if (signature.Labels >= Owner.LabelCount)
            return Owner;
        Name closest = Owner.Last(signature.Labels);
        return closest.TryPrepend("*"u8, out Name? wildcard) ? wildcard : Owner;
    }

    private sealed class CanonicalOrder : IComparer<byte[]>
    {
        public static readonly CanonicalOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}

/// <summary>What came of verifying an RRset.</summary>
internal abstract record Verification
{
    private Verification()
    {
    }

    /// <summary>A signature verifies.</summary>
    /// <param name="Expires">Until when the longest-lived of them does, and the zone's keys are trusted.</param>
    /// <param name="Ttl">The TTL that was signed: what an authoritative server serves.</param>
    /// <param name="Labels">Fewer than the owner has: a wildcard made the records.</param>
    internal sealed record Valid(DateTimeOffset Expires, TimeSpan Ttl, int Labels) : Verification;

    internal sealed record Invalid(string Reason) : Verification;
}

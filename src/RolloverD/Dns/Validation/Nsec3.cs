using System.Collections.Immutable;
using System.Security.Cryptography;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Validation;

/// <summary>An NSEC3 record whose signature verified: as NSEC, but over hashes of names.</summary>
/// <remarks>RFC 5155 §3.</remarks>
internal sealed record Nsec3(
    byte[] OwnerHash, byte[] NextHash, bool OptOut, ushort Iterations, byte[] Salt, TypeBitmap Types)
{
    // RFC 9276 §3.2: validators may treat more as insecure; resolvers in use draw the line here or lower.
    private const int MostIterations = 150;
    private const string Digits = "0123456789abcdefghijklmnopqrstuv";

    /// <summary>Reads a record; null when its hash is one that this program does not know (RFC 5155 §8.1).</summary>
    public static Nsec3? Read(ResourceRecord record)
    {
        var reader = new WireReader(record.Data);
        byte algorithm = reader.ReadByte();
        byte flags = reader.ReadByte();
        ushort iterations = reader.ReadUInt16();
        byte[] salt = reader.Take(reader.ReadByte()).ToArray();
        byte[] next = reader.Take(reader.ReadByte()).ToArray();
        var types = new TypeBitmap(reader.TakeRest());
        return algorithm == 1 && (flags & 0xFE) == 0 && next.Length == 20 && Decode(record.Owner.Label(0)) is { } hash
            ? new(hash, next, (flags & 1) != 0, iterations, salt, types)
            : null;
    }

    /// <summary>Whether the records may be used: one set of parameters, and not too much work.</summary>
    public static bool IsUsable(ImmutableArray<Nsec3> records) =>
        records.Length > 0
        && records.All(n => n.Iterations == records[0].Iterations && n.Salt.AsSpan().SequenceEqual(records[0].Salt))
        && records[0].Iterations <= MostIterations;

    public bool Matches(Name name) => Hash(name).AsSpan().SequenceEqual(OwnerHash);

    public bool Covers(Name name)
    {
        byte[] hash = Hash(name);
        bool afterOwner = hash.AsSpan().SequenceCompareTo(OwnerHash) > 0;
        bool beforeNext = hash.AsSpan().SequenceCompareTo(NextHash) < 0;
        // The last record of the zone leads back to the first hash.
        bool isLast = NextHash.AsSpan().SequenceCompareTo(OwnerHash) <= 0;
        return isLast ? afterOwner || beforeNext : afterOwner && beforeNext;
    }

    /// <summary>Reads what a set of NSEC3 records proves about a question. RFC 5155 §8.4 to §8.7.</summary>
    public static Denial Examine(ImmutableArray<Nsec3> records, Question question, Name zone)
    {
        if (!IsUsable(records))
        {
            return records[0].Iterations > MostIterations
                ? new Denial.Unprovable($"the NSEC3 records of {zone} want {records[0].Iterations} hash rounds", false)
                : new Denial.Unproven($"the NSEC3 records of {zone} do not agree with each other");
        }

        Name name = question.Name;
        if (records.FirstOrDefault(n => n.Matches(name)) is { } own)
        {
            return own.Types.Denies(question.Type)
                ? new Denial.NoSuchType(own.Types.IsDelegation)
                : new Denial.Unproven($"the NSEC3 record of {name} does not deny {question}");
        }

        if (FindClosestEncloser(records, name, zone) is not var (closest, covering))
            return new Denial.Unproven($"no NSEC3 record proves the closest encloser of {name}");
        Denial ofWildcard = ExamineWildcard(records, closest, question.Type);
        // RFC 5155 §7.1: every name that has a signed record has an NSEC3 record, also inside such a span.
        return covering.OptOut
            ? new Denial.Unprovable($"{name} falls into an opt-out span of {zone}", ofWildcard is not Denial.Unproven)
            : ofWildcard;
    }

    private static Denial ExamineWildcard(ImmutableArray<Nsec3> records, Name closest, RecordType type)
    {
        if (!closest.TryPrepend("*"u8, out Name? wildcard) || records.Any(n => n.Covers(wildcard)))
            return new Denial.NoSuchName();
        return records.FirstOrDefault(n => n.Matches(wildcard)) is { } atWildcard && atWildcard.Types.Denies(type)
            ? new Denial.NoSuchType(IsDelegation: false)
            : new Denial.Unproven($"no NSEC3 record denies {wildcard}");
    }

    // RFC 5155 §8.3.
    private static (Name Closest, Nsec3 Covering)? FindClosestEncloser(
        ImmutableArray<Nsec3> records, Name name, Name zone)
    {
        for (int labels = name.LabelCount - 1; labels >= zone.LabelCount; labels--)
        {
            Name candidate = name.Last(labels);
            if (records.FirstOrDefault(n => n.Matches(candidate)) is not { } match)
                continue;
            if (match.Types.IsDelegation || match.Types.Has(RecordType.Dname))
                return null;
            Name nextCloser = name.Last(labels + 1);
            return records.FirstOrDefault(n => n.Covers(nextCloser)) is { } covering ? (candidate, covering) : null;
        }

        return null;
    }

    // RFC 5155 §5.
    private byte[] Hash(Name name)
    {
        byte[] hash = HashOnce([.. name.Wire, .. Salt]);
        for (int i = 0; i < Iterations; i++)
            hash = HashOnce([.. hash, .. Salt]);
        return hash;
    }

#pragma warning disable CA5350 // The only hash that NSEC3 has; it hides names and proves nothing by itself.
    private static byte[] HashOnce(byte[] bytes) => SHA1.HashData(bytes);
#pragma warning restore CA5350

    // RFC 4648 §7: base32 with the extended hexadecimal alphabet.
    private static byte[]? Decode(ReadOnlySpan<byte> label)
    {
        if (label.Length != 32)
            return null;
        byte[] hash = new byte[20];
        int buffer = 0;
        int bits = 0;
        int at = 0;
        foreach (byte b in label)
        {
            int digit = Digits.IndexOf((char)b, StringComparison.Ordinal);
            if (digit < 0)
                return null;
            buffer = (buffer << 5) | digit;
            bits += 5;
            if (bits >= 8)
            {
                bits -= 8;
                hash[at++] = (byte)(buffer >> bits);
                buffer &= (1 << bits) - 1;
            }
        }

        return hash;
    }
}

using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace RolloverD.Dns.Messages;

/// <summary>A DNS message as it came from a server.</summary>
/// <remarks>RFC 1035 §4.1; the AD bit from RFC 4035 §3.2.3.</remarks>
internal sealed record Message(
    ushort Id,
    bool IsResponse,
    bool Authoritative,
    bool Truncated,
    bool AuthenticData,
    ResponseCode Code,
    ImmutableArray<Question> Questions,
    ImmutableArray<ResourceRecord> Answer,
    ImmutableArray<ResourceRecord> Authority,
    ImmutableArray<ResourceRecord> Additional)
{
    private const ushort ResponseBit = 0x8000;
    private const ushort AuthoritativeBit = 0x0400;
    private const ushort TruncatedBit = 0x0200;
    private const ushort RecursionDesiredBit = 0x0100;
    private const ushort AuthenticDataBit = 0x0020;
    private const ushort CheckingDisabledBit = 0x0010;

    /// <summary>Reads a message; false with a reason when it is malformed.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Message? message, out string problem)
    {
        try
        {
            message = Parse(bytes);
            problem = "";
            return true;
        }
        catch (FormatException malformed)
        {
            message = null;
            problem = malformed.Message;
            return false;
        }
    }

    /// <summary>Makes a query of one question with EDNS and the DO bit.</summary>
    /// <param name="id">The query's id.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="kind">Whether a server or the resolver is asked.</param>
    /// <remarks>RFC 6891 §6.1, RFC 4035 §3.2.1 for DO and §3.2.2 for CD.</remarks>
    public static byte[] Query(ushort id, Question question, QueryKind kind)
    {
        ushort flags = kind switch
        {
            QueryKind.Authoritative => 0,
            QueryKind.Resolver => RecursionDesiredBit,
            _ => RecursionDesiredBit | CheckingDisabledBit,
        };
        ReadOnlySpan<byte> name = question.Name.Wire;
        byte[] query = new byte[12 + name.Length + 4 + 11];
        BinaryPrimitives.WriteUInt16BigEndian(query, id);
        BinaryPrimitives.WriteUInt16BigEndian(query.AsSpan(2), flags);
        query[5] = 1;
        query[11] = 1;
        name.CopyTo(query.AsSpan(12));
        Span<byte> rest = query.AsSpan(12 + name.Length);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)question.Type);
        rest[3] = 1;
        Span<byte> opt = rest[4..];
        BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)RecordType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], 1232);
        opt[7] = 0x80;
        return query;
    }

    private static Message Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        ushort id = reader.ReadUInt16();
        ushort flags = reader.ReadUInt16();
        int questionCount = reader.ReadUInt16();
        int answerCount = reader.ReadUInt16();
        int authorityCount = reader.ReadUInt16();
        int additionalCount = reader.ReadUInt16();
        var questions = ImmutableArray.CreateBuilder<Question>();
        for (int i = 0; i < questionCount; i++)
        {
            questions.Add(new(reader.ReadName(), (RecordType)reader.ReadUInt16()));
            if (reader.ReadUInt16() != 1)
                throw new FormatException("a question of a class other than IN");
        }

        ImmutableArray<ResourceRecord> answer = ReadSection(ref reader, answerCount);
        ImmutableArray<ResourceRecord> authority = ReadSection(ref reader, authorityCount);
        ImmutableArray<ResourceRecord> additional = ReadSection(ref reader, additionalCount);
        ResourceRecord? opt = additional.FirstOrDefault(r => r.Type == RecordType.Opt);
        // RFC 6891 §6.1.3: the upper bits of the response code travel in the OPT record's TTL.
        int code = (flags & 0x0F) | (int)(((opt?.TtlSeconds ?? 0) >> 24) << 4);
        return new(
            id,
            (flags & ResponseBit) != 0,
            (flags & AuthoritativeBit) != 0,
            (flags & TruncatedBit) != 0,
            (flags & AuthenticDataBit) != 0,
            (ResponseCode)code,
            questions.ToImmutable(),
            answer,
            authority,
            additional);
    }

    private static ImmutableArray<ResourceRecord> ReadSection(ref WireReader reader, int count)
    {
        var records = ImmutableArray.CreateBuilder<ResourceRecord>();
        for (int i = 0; i < count; i++)
            records.Add(reader.ReadRecord());
        return records.ToImmutable();
    }
}

/// <summary>Who is asked, which decides the bits of the query.</summary>
internal enum QueryKind
{
    /// <summary>An authoritative server: no recursion.</summary>
    Authoritative,

    /// <summary>The local resolver.</summary>
    Resolver,

    /// <summary>The local resolver, which shall hand out what it found even when that does not validate.</summary>
    ResolverUnchecked,
}

using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace RolloverD.Providers.Dns.Rfc2136.Wire;

/// <summary>A server's message, taken apart as far as it is needed. Nothing in it is believed yet.</summary>
/// <param name="Octets">The whole message.</param>
/// <param name="Id">The message's id.</param>
/// <param name="IsResponse">The QR bit.</param>
/// <param name="Opcode">What kind of request it answers.</param>
/// <param name="IsAuthoritative">The AA bit.</param>
/// <param name="IsTruncated">The TC bit.</param>
/// <param name="Rcode">The result.</param>
/// <param name="Questions">The question (in updates: zone) section.</param>
/// <param name="Answers">The answer (in updates: prerequisite) section.</param>
/// <param name="Aliases">The CNAME records among the answers, with the names that they lead to.</param>
/// <param name="Signature">The TSIG record, which must be the last one; null when there is none.</param>
internal sealed record Reply(
    ImmutableArray<byte> Octets,
    ushort Id,
    bool IsResponse,
    Opcode Opcode,
    bool IsAuthoritative,
    bool IsTruncated,
    Rcode Rcode,
    ImmutableArray<(string Name, ushort Type, ushort Class)> Questions,
    ImmutableArray<WireRecord> Answers,
    ImmutableArray<(string From, string To)> Aliases,
    TsigRecord? Signature)
{
    /// <summary>Reads a message; false when it is cut short or breaks the format.</summary>
    /// <remarks>RFC 1035 §4.1.</remarks>
    public static bool TryParse(byte[] message, out Reply reply)
    {
        try
        {
            reply = Parse(message);
            return true;
        }
        catch (Exception exception) when (exception is InvalidDataException or ArgumentOutOfRangeException)
        {
            reply = null!;
            return false;
        }
    }

    private static Reply Parse(byte[] message)
    {
        var reader = new Reader(message);
        ushort id = reader.Number16();
        ushort flags = reader.Number16();
        int questionCount = reader.Number16(), answerCount = reader.Number16();
        int authorityCount = reader.Number16(), additionalCount = reader.Number16();

        var questions = ImmutableArray.CreateBuilder<(string, ushort, ushort)>();
        for (int i = 0; i < questionCount; i++)
            questions.Add((reader.Name(), reader.Number16(), reader.Number16()));

        var answers = ImmutableArray.CreateBuilder<WireRecord>();
        var aliases = ImmutableArray.CreateBuilder<(string, string)>();
        for (int i = 0; i < answerCount; i++)
        {
            WireRecord record = reader.Record(out int dataAt);
            answers.Add(record);
            if (record is { Type: WireType.Cname, Class: WireClass.In })
                aliases.Add((record.Name, new Reader(message, dataAt).Name()));
        }

        for (int i = 0; i < authorityCount; i++)
            reader.Record(out _);

        TsigRecord? signature = null;
        for (int i = 0; i < additionalCount; i++)
        {
            int start = reader.Position;
            WireRecord record = reader.Record(out int dataAt);
            if (record.Type != WireType.Tsig)
                continue;

            // RFC 8945 §5.1: one TSIG record at most, and the last record of the message.
            if (i != additionalCount - 1)
                throw new InvalidDataException();
            signature = ReadSignature(new Reader(message, dataAt), record, start);
        }

        return new(
            [.. message], id, (flags & 0x8000) != 0, (Opcode)((flags >> 11) & 15), (flags & 0x0400) != 0,
            (flags & 0x0200) != 0, (Rcode)(flags & 15), questions.ToImmutable(), answers.ToImmutable(),
            aliases.ToImmutable(), signature);
    }

    private static TsigRecord ReadSignature(Reader reader, WireRecord record, int start)
    {
        string algorithm = reader.Name();
        long time = reader.Number48();
        ushort fudge = reader.Number16();
        ImmutableArray<byte> mac = reader.Octets(reader.Number16());
        ushort originalId = reader.Number16();
        ushort error = reader.Number16();
        ImmutableArray<byte> other = reader.Octets(reader.Number16());
        return new(record.Name, algorithm, time, fudge, mac, originalId, (Rcode)error, other, start);
    }

    private sealed class Reader(byte[] message, int position = 0)
    {
        public int Position { get; private set; } = position;

        public ushort Number16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

        public long Number48() => ((long)Number16() << 32) | BinaryPrimitives.ReadUInt32BigEndian(Take(4));

        public ImmutableArray<byte> Octets(int count) => [.. Take(count)];

        public WireRecord Record(out int dataAt)
        {
            string name = Name();
            ushort type = Number16(), recordClass = Number16();
            uint ttl = BinaryPrimitives.ReadUInt32BigEndian(Take(4));
            int length = Number16();
            dataAt = Position;
            return new(name, type, recordClass, ttl, Octets(length));
        }

        /// <summary>A name in lower case, unusual octets as <c>\DDD</c>. Pointers must lead backwards.</summary>
        public string Name()
        {
            var name = new StringBuilder();
            int at = Position, after = -1, limit = Position;
            while (true)
            {
                int length = At(at++);
                if (length == 0)
                    break;

                if (length >= 0xC0)
                {
                    int target = ((length & 0x3F) << 8) | At(at++);
                    after = after < 0 ? at : after;
                    limit = target < limit ? target : throw new InvalidDataException();
                    at = target;
                    continue;
                }

                if (length > 63)
                    throw new InvalidDataException();
                if (name.Length > 0)
                    name.Append('.');
                for (int end = at + length; at < end; at++)
                    Append(name, (char)At(at));
                if (name.Length > 1100)
                    throw new InvalidDataException();
            }

            Position = after < 0 ? at : after;
            return name.Length == 0 ? "." : name.ToString();
        }

        private static void Append(StringBuilder name, char octet)
        {
            if (char.IsAsciiLetterOrDigit(octet) || octet is '-' or '_' or '*' or '/')
                name.Append(char.ToLowerInvariant(octet));
            else
                name.Append('\\').Append(((int)octet).ToString("D3"));
        }

        private int At(int position) =>
            position < message.Length ? message[position] : throw new InvalidDataException();

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > message.Length - Position)
                throw new InvalidDataException();
            ReadOnlySpan<byte> taken = message.AsSpan(Position, count);
            Position += count;
            return taken;
        }
    }
}

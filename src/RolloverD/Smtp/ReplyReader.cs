using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace RolloverD.Smtp;

/// <summary>Reads replies from a connection, within bounds on what a server may make this program keep.</summary>
/// <remarks>RFC 5321 §4.2, §4.5.3.1.5; the bounds are wider than what it allows servers.</remarks>
internal sealed class ReplyReader(Stream stream)
{
    private const int LongestLine = 2048;
    private const int MostLines = 128;

    private readonly byte[] _buffer = new byte[LongestLine];
    private int _length;

    /// <summary>
    /// Whether bytes came after the last reply. After the reply to STARTTLS there must be none: they would be taken for
    /// what the server says inside of TLS, though anybody on the way may have put them there.
    /// </summary>
    public bool HasMore => _length > 0;

    /// <summary>Reads one reply of one or more lines.</summary>
    /// <exception cref="InvalidDataException">What came is no reply.</exception>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    public async Task<Reply> ReadAsync(CancellationToken cancellation)
    {
        var lines = ImmutableArray.CreateBuilder<string>();
        int code = 0;
        while (lines.Count < MostLines)
        {
            string line = await ReadLineAsync(cancellation);
            if (line.Length < 3
                || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int lineCode)
                || lineCode is < 200 or > 599
                || (line.Length > 3 && line[3] is not (' ' or '-'))
                || (lines.Count > 0 && lineCode != code))
            {
                throw new InvalidDataException($"not an SMTP reply: '{new Reply(0, [line]).ToString()[2..]}'");
            }

            code = lineCode;
            lines.Add(line.Length > 4 ? line[4..] : "");
            if (line.Length == 3 || line[3] == ' ')
                return new(code, lines.DrainToImmutable());
        }

        throw new InvalidDataException($"a reply of more than {MostLines} lines");
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        int searched = 0;
        while (true)
        {
            int end = _buffer.AsSpan(searched, _length - searched).IndexOf((byte)'\n');
            if (end >= 0)
            {
                int next = searched + end + 1;
                string line = Encoding.Latin1.GetString(_buffer, 0, next).TrimEnd('\n').TrimEnd('\r');
                _buffer.AsSpan(next, _length - next).CopyTo(_buffer);
                _length -= next;
                return line;
            }

            searched = _length;
            if (_length == LongestLine)
                throw new InvalidDataException($"a reply line of more than {LongestLine} bytes");

            int read = await stream.ReadAsync(_buffer.AsMemory(_length), cancellation);
            if (read == 0)
                throw new EndOfStreamException("the server closed the connection");

            _length += read;
        }
    }
}

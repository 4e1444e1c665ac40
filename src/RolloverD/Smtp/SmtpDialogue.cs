using System.Buffers;
using System.Text;

namespace RolloverD.Smtp;

/// <summary>What an SMTP server answered: the code and the lines, for people.</summary>
internal sealed record SmtpReply(int Code, string Text);

/// <summary>The server said something that is not SMTP, or not what was asked for.</summary>
internal sealed class SmtpException(string message) : Exception(message);

/// <summary>As much of an SMTP dialogue as leads to STARTTLS.</summary>
/// <remarks>RFC 5321 §4.2 for replies, RFC 3207 §4 for STARTTLS.</remarks>
internal sealed class SmtpDialogue(Stream stream)
{
    private const int LongestReply = 16 * 1024;
    private readonly byte[] buffer = new byte[2048];
    private int begin;
    private int end;

    /// <summary>Reads the greeting, says EHLO, and asks for TLS. Returns when the server is ready for the handshake.</summary>
    public async Task StartTlsAsync(string ownName, CancellationToken cancellation)
    {
        await ExpectAsync(220, "the greeting", cancellation);
        await SendAsync($"EHLO {ownName}", cancellation);
        SmtpReply ehlo = await ExpectAsync(250, "EHLO", cancellation);
        if (!ehlo.Text.Split('\n').Any(l => l.Trim().Equals("STARTTLS", StringComparison.OrdinalIgnoreCase)))
            throw new StartTlsMissingException("the server does not offer STARTTLS");

        await SendAsync("STARTTLS", cancellation);
        SmtpReply ready = await ReadAsync(cancellation);
        if (ready.Code != 220)
            throw new StartTlsMissingException($"the server refuses STARTTLS: {ready.Code} {ready.Text}");
        if (begin < end)
            throw new SmtpException("the server sent more before the handshake: somebody may be injecting commands"); // RFC 3207 §6
    }

    private async Task<SmtpReply> ExpectAsync(int code, string what, CancellationToken cancellation)
    {
        SmtpReply reply = await ReadAsync(cancellation);
        return reply.Code == code
            ? reply
            : throw new SmtpException($"{what} was answered with {reply.Code} {reply.Text}");
    }

    private async Task SendAsync(string line, CancellationToken cancellation) =>
        await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), cancellation);

    private async Task<SmtpReply> ReadAsync(CancellationToken cancellation)
    {
        var text = new StringBuilder();
        while (text.Length < LongestReply)
        {
            string line = await ReadLineAsync(cancellation);
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), out int code))
                throw new SmtpException($"this is not an SMTP reply: '{Printable(line)}'");

            text.Append(Printable(line.Length > 4 ? line[4..] : ""));
            if (line.Length == 3 || line[3] != '-')
                return new(code, text.ToString());

            text.Append('\n');
        }

        throw new SmtpException("the server's reply does not end");
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        var line = new ArrayBufferWriter<byte>();
        while (line.WrittenCount < LongestReply)
        {
            if (begin == end)
            {
                begin = 0;
                end = await stream.ReadAsync(buffer, cancellation);
                if (end == 0)
                    throw new SmtpException("the server closed the connection");
            }

            int feed = buffer.AsSpan(begin, end - begin).IndexOf((byte)'\n');
            int length = feed < 0 ? end - begin : feed + 1;
            line.Write(buffer.AsSpan(begin, length));
            begin += length;
            if (feed >= 0)
                return Encoding.Latin1.GetString(line.WrittenSpan).TrimEnd('\r', '\n');
        }

        throw new SmtpException("the server's line does not end");
    }

    private static string Printable(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}

/// <summary>STARTTLS is not to be had.</summary>
internal sealed class StartTlsMissingException(string message) : Exception(message);

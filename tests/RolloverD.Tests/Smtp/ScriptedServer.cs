using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace RolloverD.Tests.Smtp;

/// <summary>
/// A mail server that says what a test wrote for it: each line of the script is sent, then a line is awaited from the
/// client. A script that ends in <see cref="Tls"/> begins TLS there.
/// </summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    /// <summary>At the end of a script: TLS begins.</summary>
    public const string Tls = "<TLS>";

    /// <summary>At the end of a script: nothing more is said, the connection stays.</summary>
    public const string Silence = "<silence>";

    private readonly TcpListener _listener;
    private readonly string[] _script;
    private readonly X509Certificate2? _certificate;
    private readonly SslProtocols _protocols;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;

    public ScriptedServer(
        string[] script, X509Certificate2? certificate = null, SslProtocols protocols = SslProtocols.None,
        IPEndPoint? at = null)
    {
        _script = script;
        _certificate = certificate;
        _protocols = protocols;
        _listener = new(at ?? new(IPAddress.Loopback, 0));
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The lines that clients sent in the clear, and inside of TLS.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Heard { get; } = new();

    /// <summary>The name that the last client asked for by SNI.</summary>
    public string? AskedFor { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _serving;
        _listener.Stop();
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        List<Task> clients = [];
        try
        {
            while (true)
                clients.Add(ServeAsync(await _listener.AcceptSocketAsync(_end.Token)));
        }
        catch (OperationCanceledException)
        {
        }

        await Task.WhenAll(clients);
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            for (int i = 0; i < _script.Length; i++)
            {
                string words = _script[i];
                if (words == Silence)
                {
                    await Task.Delay(Timeout.Infinite, _end.Token);
                }
                else if (words == Tls)
                {
                    await BeginTlsAsync(stream);
                    return;
                }

                await stream.WriteAsync(Encoding.Latin1.GetBytes(words), _end.Token);
                if (i + 1 < _script.Length && _script[i + 1] is Tls or Silence)
                    continue;

                if (Heard.Contains("STARTTLS") && words.StartsWith("220", StringComparison.Ordinal))
                {
                    // What comes now has no lines.
                    if (await stream.ReadAsync(new byte[8192], _end.Token) == 0)
                        return;

                    continue;
                }

                if (await ReadLineAsync(stream) is not { } line)
                    return;

                Heard.Enqueue(line);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or AuthenticationException)
        {
            // The client's part is what the tests look at.
        }
    }

    private async Task BeginTlsAsync(Stream stream)
    {
        await using var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificateSelectionCallback = (_, name) =>
            {
                AskedFor = name;
                return _certificate!;
            },
            EnabledSslProtocols = _protocols,
        }, _end.Token);
        if (await ReadLineAsync(tls) is { } line)
        {
            Heard.Enqueue(line);
            await tls.WriteAsync("221 2.0.0 Bye\r\n"u8.ToArray(), _end.Token);
        }
    }

    private async Task<string?> ReadLineAsync(Stream stream)
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        while (await stream.ReadAsync(one, _end.Token) == 1)
        {
            if (one[0] == '\n')
                return line.ToString().TrimEnd('\r');

            line.Append((char)one[0]);
        }

        return null;
    }
}

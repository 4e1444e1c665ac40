using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Org.BouncyCastle.Tls;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Smtp;

/// <summary>One connection to one address with one offer, from connecting to QUIT.</summary>
/// <remarks>RFC 3207 for STARTTLS, RFC 8314 §3 for TLS from the first byte.</remarks>
internal sealed class Attempt(
    Endpoint endpoint, IPAddress address, FamilyOffer offer, HandshakeSettings settings, TimeProvider time)
{
    private static readonly TimeSpan LeaveWithin = TimeSpan.FromSeconds(1);
    private static readonly byte[] Quit = "QUIT\r\n"u8.ToArray();

    /// <summary>Ports where TLS begins at once; at all others there is SMTP with STARTTLS.</summary>
    private static readonly int[] ImplicitTlsPorts = [443, 465, 636, 853, 990, 993, 995];

    private string _doing = "connecting";
    private bool _tls;

    /// <summary>Whether its connection went to another machine, though the address may be one of this host's.</summary>
    public bool LeftThisHost { get; private set; }

    /// <summary>Makes the attempt.</summary>
    /// <returns>What the server shows, or null when it has no certificate of the offered key family.</returns>
    public async Task<Presented?> RunAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(settings.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var client = new ObservingClient(endpoint.Host, offer);
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.NoDelay = true;
            await socket.ConnectAsync(new IPEndPoint(address, endpoint.Port), either.Token);
            LeftThisHost = !OwnAddresses.StaysHere(address, ((IPEndPoint)socket.LocalEndPoint!).Address);
            using var stream = new NetworkStream(socket);
            if (!ImplicitTlsPorts.Contains(endpoint.Port)
                && await StartTlsAsync(stream, socket, either.Token) is { } problem)
            {
                return problem;
            }

            _doing = "shaking hands";
            _tls = true;
            var tls = new TlsDialogue(stream, client);
            await tls.HandshakeAsync(either.Token);
            var shows = new Presented.Shows(ChainReader.Read(client.Sent), client.Protocol);
            await TakeLeaveAsync(tls, cancellation);
            return shows;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Problem(string.Create(
                CultureInfo.InvariantCulture, $"no answer within {settings.Timeout.TotalSeconds:0.###} s"));
        }
        catch (Exception e) when (offer.Family is not null && _tls && SaysNotOffered(e, client.Sent))
        {
            return null;
        }
        catch (Exception e) when (e is SocketException or IOException or InvalidDataException)
        {
            return Problem(Describe(e)); // TLS alerts are IOExceptions
        }
    }

    /// <summary>Greeting, EHLO, STARTTLS; null when TLS may begin.</summary>
    private async Task<Presented?> StartTlsAsync(NetworkStream stream, Socket socket, CancellationToken cancellation)
    {
        var replies = new ReplyReader(stream);
        _doing = "waiting for the greeting";
        Reply greeting = await replies.ReadAsync(cancellation);
        if (greeting.Code != 220)
            return await LeaveAsync(new Presented.Unreachable($"the server's greeting was: {greeting}"));

        _doing = "saying EHLO";
        Reply hello = await SayAsync($"EHLO {OwnName(socket)}");
        if (hello.Code == 421)
            return new Presented.Unreachable($"the server answered EHLO with: {hello}");
        if (hello.Code != 250)
            return await LeaveAsync(new Presented.NoStartTls($"the server answered EHLO with: {hello}"));
        if (!hello.Offers("STARTTLS"))
            return await LeaveAsync(new Presented.NoStartTls("the server does not offer STARTTLS"));

        _doing = "asking for STARTTLS";
        Reply start = await SayAsync("STARTTLS");
        if (start.Code != 220)
            return await LeaveAsync(new Presented.NoStartTls($"the server answered STARTTLS with: {start}"));

        // RFC 3207 §6: what came before TLS began may be anybody's.
        return replies.HasMore
            ? new Presented.HandshakeFailed(
                "plain text came after the reply to STARTTLS, from the server or from somebody on the way")
            : null;

        async Task<Reply> SayAsync(string command)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), cancellation);
            return await replies.ReadAsync(cancellation);
        }

        async Task<Presented> LeaveAsync(Presented presented)
        {
            try
            {
                await stream.WriteAsync(Quit, cancellation);
            }
            catch (IOException)
            {
                // It has gone already.
            }

            return presented;
        }
    }

    private async Task TakeLeaveAsync(TlsDialogue tls, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(LeaveWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        bool isSmtp = endpoint.Port == 465 || !ImplicitTlsPorts.Contains(endpoint.Port);
        try
        {
            await tls.TakeLeaveAsync(isSmtp ? Quit : default, either.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // What was to be seen has been seen.
        }
    }

    /// <summary>
    /// Whether the server has no certificate of the asked family: it says so in an alert, or, as some do, by closing
    /// the connection or by showing one of another family. Anything else is a problem that may hide one.
    /// </summary>
    private bool SaysNotOffered(Exception e, IReadOnlyList<byte[]> sent)
    {
        if (sent.Count > 0)
            return e is IOException && Shown(sent) is { } family && family != offer.Family;

        return e switch
        {
            TlsFatalAlertReceived alert => alert.AlertDescription
                is AlertDescription.handshake_failure
                or AlertDescription.insufficient_security
                or AlertDescription.protocol_version
                or AlertDescription.illegal_parameter
                or AlertDescription.missing_extension
                or AlertDescription.unsupported_certificate,
            EndOfStreamException => true,
            IOException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionReset } } => true,
            _ => false,
        };
    }

    private static KeyFamily? Shown(IReadOnlyList<byte[]> sent)
    {
        try
        {
            return ChainReader.Read([sent[0]]).Key.Family;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private Presented Problem(string reason) => _tls
        ? new Presented.HandshakeFailed(reason)
        : new Presented.Unreachable($"{reason} (while {_doing})");

    private static string Describe(Exception e) => e switch
    {
        TlsFatalAlertReceived alert =>
            $"the server refused with the alert {AlertDescription.GetText(alert.AlertDescription)}",
        TlsFatalAlert alert =>
            $"the server's part of the handshake is not acceptable: {AlertDescription.GetText(alert.AlertDescription)}",
        IOException { InnerException: SocketException inner } => inner.Message,
        _ => e.Message,
    };

    // RFC 5321 §4.1.1.1 and §4.1.3: a full name, or the address in brackets.
    private string OwnName(Socket socket)
    {
        if (settings.OwnName is { } chosen)
            return chosen;

        if (DnsName.TryNormalise(System.Net.Dns.GetHostName(), out string name)
            && name.Contains('.', StringComparison.Ordinal))
        {
            return name;
        }

        IPAddress own = ((IPEndPoint)socket.LocalEndPoint!).Address;
        return own.AddressFamily == AddressFamily.InterNetworkV6 && !own.IsIPv4MappedToIPv6
            ? $"[IPv6:{new IPAddress(own.GetAddressBytes())}]"
            : $"[{own.MapToIPv4()}]";
    }
}

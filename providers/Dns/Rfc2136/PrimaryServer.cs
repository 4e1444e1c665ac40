using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RolloverD.Providers.Dns.Rfc2136.Wire;

namespace RolloverD.Providers.Dns.Rfc2136;

/// <summary>
/// The server that takes updates. Every request, questions too, is signed, goes over TCP and is answered with a signed
/// reply, or it counts as unanswered: anybody on the way could have written an unsigned one.
/// </summary>
/// <remarks>RFC 8945 §5, RFC 7766 §6.</remarks>
internal sealed class PrimaryServer(IPEndPoint address, string keyFile, TimeProvider time, TimeSpan timeout)
{
    public IPEndPoint Address => address;

    /// <summary>Sends a request that is not yet signed and judges whether the reply can be believed.</summary>
    public async Task<Exchange> AskAsync(byte[] request, CancellationToken cancellation)
    {
        TsigKeyReading reading = await TsigKeyFile.ReadAsync(keyFile, cancellation).ConfigureAwait(false);
        if (reading is not TsigKeyReading.Good { Key: { } key })
        {
            var bad = (TsigKeyReading.Bad)reading;
            return new Exchange.NotAccepted(bad.Problem, bad.Remedy, IsProven: true);
        }

        (byte[] signed, byte[] mac) = key.Sign(request, time.GetUtcNow());
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        Socket connected;
        try
        {
            connected = await ConnectAsync(either.Token).ConfigureAwait(false);
        }
        catch (SocketException exception)
        {
            return new Exchange.Failed(
                $"no connection to {address} over TCP: {exception.Message}; nothing was changed",
                "see that the server runs and that TCP port " + Port + " is open from here to there");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Exchange.Failed(
                $"no connection to {address} over TCP within {timeout.TotalSeconds} s; nothing was changed",
                "see that the server runs and that no packet filter drops TCP port " + Port);
        }

        using Socket socket = connected;
        try
        {
            byte[] message = await ConverseAsync(socket, signed, either.Token).ConfigureAwait(false);
            return Judge(request, message, key, mac);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Exchange.Failed(
                $"{address} took the request and did not answer within {timeout.TotalSeconds} s",
                "see the server's log; it may be overloaded");
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            return new Exchange.Failed(
                $"{address} ended the connection before it answered: {exception.Message}", "see the server's log");
        }
    }

    private string Port => address.Port.ToString(CultureInfo.InvariantCulture);

    // Where IPv6 is turned off there is not even a socket for it.
    private async Task<Socket> ConnectAsync(CancellationToken cancellation)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellation).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // RFC 1035 §4.2.2: over TCP a message follows its length.
    private static async Task<byte[]> ConverseAsync(Socket socket, byte[] message, CancellationToken cancellation)
    {
        using var stream = new NetworkStream(socket, ownsSocket: false);
        byte[] length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, checked((ushort)message.Length));
        await stream.WriteAsync((byte[])[.. length, .. message], cancellation).ConfigureAwait(false);
        await stream.ReadExactlyAsync(length, cancellation).ConfigureAwait(false);
        byte[] reply = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(reply, cancellation).ConfigureAwait(false);
        return reply;
    }

    private Exchange Judge(byte[] request, byte[] message, TsigKey key, byte[] mac)
    {
        Exchange.Failed Untrusted(string what, string? remedy = null) => new(
            $"{address} sent a reply that proves nothing: {what}",
            remedy ?? $"see that {address} is the zone's primary server and that nothing in between answers for it");

        if (!Reply.TryParse(message, out Reply reply))
            return Untrusted("it is not a DNS message");
        if (!reply.IsResponse || reply.Id != BinaryPrimitives.ReadUInt16BigEndian(request))
            return Untrusted("it answers another request (its id is different)");
        if (reply.Opcode != (Opcode)((request[2] >> 3) & 15))
            return Untrusted("it answers another kind of request");

        bool verifies = key.Verifies(reply, mac);
        if (reply.Rcode == Rcode.NotAuth && reply.Signature is { Error: not Rcode.NoError } signature)
        {
            (string reason, string remedy) = SignatureRefused(signature, key);
            return new Exchange.NotAccepted(reason, remedy, verifies);
        }

        if (reply.Signature is null)
        {
            return Untrusted(
                $"it says {ServerErrors.Name(reply.Rcode)} without a TSIG signature although the request was signed",
                $"see that {address} is the zone's primary server and knows the key {key.Name}");
        }

        if (!verifies)
            return Untrusted($"its TSIG signature is not one by the key {key.Name} ({key.AlgorithmName})");

        TimeSpan apart = time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(reply.Signature.TimeSigned);
        return apart.Duration() > TimeSpan.FromSeconds(TsigKey.FudgeSeconds)
            ? Untrusted(
                $"it was signed {Apart(apart)} this host's clock",
                "set both clocks by NTP")
            : new Exchange.Answered(reply);
    }

    /// <summary>The server says what is wrong with the signature; mostly it cannot sign that. RFC 8945 §5.2.</summary>
    private (string Reason, string Remedy) SignatureRefused(TsigRecord signature, TsigKey key) => signature.Error switch
    {
        Rcode.BadKey => (
            $"{address} does not know the key {key.Name} with {key.AlgorithmName} (BADKEY)",
            $"add the key from {keyFile} to the server's configuration, with this name and algorithm, and reload it"),
        Rcode.BadSig => (
            $"{address} knows the key {key.Name} but finds the signature wrong (BADSIG): the secrets differ",
            $"put the same secret into {keyFile} and into the server's configuration"),
        Rcode.BadTime => (
            $"{address} finds the request signed at the wrong time (BADTIME){ClockDifference(signature)}",
            "set both clocks by NTP; the next try will then succeed"),
        Rcode.BadTrunc => (
            $"{address} wants a longer signature (BADTRUNC)",
            "choose hmac-sha256, hmac-sha384 or hmac-sha512 at the server"),
        _ => (
            $"{address} rejects the request's TSIG signature ({ServerErrors.Name(signature.Error)})",
            "see the server's log"),
    };

    // RFC 8945 §5.2.3: the server's own time travels in the other data, 48 bits.
    private string ClockDifference(TsigRecord signature)
    {
        if (signature.Other.Length != 6)
            return "";

        long seconds = 0;
        foreach (byte octet in signature.Other)
            seconds = (seconds << 8) | octet;
        DateTimeOffset now = time.GetUtcNow();
        TimeSpan apart = TimeSpan.FromSeconds(now.ToUnixTimeSeconds() - seconds);
        return $": the server's clock is {Apart(-apart)} this host's ({now:yyyy-MM-dd HH:mm:ss} UTC), "
            + $"{TsigKey.FudgeSeconds} s are allowed";
    }

    private static string Apart(TimeSpan later) =>
        $"{Math.Round(later.Duration().TotalSeconds)} s {(later > TimeSpan.Zero ? "ahead of" : "behind")}";
}

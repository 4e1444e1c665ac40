using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace RolloverD.Providers.Tests.Dns.Rfc2136;

/// <summary>
/// Stands between the provider and its server. Questions pass unchanged; what becomes of an update is up to the test,
/// which gets the request and a way to pass it on, and returns the reply (null: none, the connection stays open).
/// </summary>
internal sealed class Interloper : IAsyncDisposable
{
    public delegate Task<byte[]?> UpdateHandler(byte[] request, Func<Task<byte[]>> passOn);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly IPEndPoint _server;
    private readonly UpdateHandler _onUpdate;
    private readonly Task _work;

    public Interloper(IPEndPoint server, UpdateHandler onUpdate)
    {
        _server = server;
        _onUpdate = onUpdate;
        _listener.Start();
        _work = AcceptAsync();
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>How many updates came.</summary>
    public int Updates { get; private set; }

    /// <summary>An unsigned reply to the request, with nothing but the header.</summary>
    public static byte[] Unsigned(byte[] request, int rcode = 0)
    {
        byte[] reply = new byte[12];
        request.AsSpan(0, 3).CopyTo(reply);
        reply[2] |= 0x80;
        reply[3] = (byte)rcode;
        return reply;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _work;
        _end.Dispose();
    }

    private static async Task<byte[]> ReceiveAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellation);
        byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message, cancellation);
        return message;
    }

    private static ValueTask SendAsync(Stream stream, byte[] message, CancellationToken cancellation)
    {
        byte[] framed = [(byte)(message.Length >> 8), (byte)message.Length, .. message];
        return stream.WriteAsync(framed, cancellation);
    }

    private async Task AcceptAsync()
    {
        var conversations = new List<Task>();
        try
        {
            while (true)
                conversations.Add(ConverseAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(conversations);
        }
    }

    private async Task ConverseAsync(TcpClient client)
    {
        using TcpClient closed = client;
        try
        {
            byte[] request = await ReceiveAsync(client.GetStream(), _end.Token);
            byte[]? reply;
            if (((request[2] >> 3) & 15) == 5)
            {
                Updates++;
                reply = await _onUpdate(request, () => PassOnAsync(request));
            }
            else
            {
                reply = await PassOnAsync(request);
            }

            if (reply is null)
                await Task.Delay(Timeout.Infinite, _end.Token);
            await SendAsync(client.GetStream(), reply!, _end.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The provider went away or the test is over.
        }
    }

    private async Task<byte[]> PassOnAsync(byte[] request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_server, _end.Token);
        await SendAsync(client.GetStream(), request, _end.Token);
        return await ReceiveAsync(client.GetStream(), _end.Token);
    }
}

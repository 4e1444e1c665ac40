using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace RolloverD.Tests.Dns;

/// <summary>Passes questions on to a real server and changes its replies.</summary>
internal sealed class ForgingServer : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly Task accepting;

    public ForgingServer(IPEndPoint address, IPEndPoint upstream, Func<byte[], byte[]> forge)
    {
        listener = new(address);
        listener.Start();
        accepting = AcceptAsync(upstream, forge);
    }

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
    }

    private async Task AcceptAsync(IPEndPoint upstream, Func<byte[], byte[]> forge)
    {
        var serving = new List<Task>();
        try
        {
            while (true)
                serving.Add(ServeAsync(await listener.AcceptTcpClientAsync(), upstream, forge));
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private static async Task ServeAsync(TcpClient client, IPEndPoint upstream, Func<byte[], byte[]> forge)
    {
        using TcpClient asking = client;
        using var answering = new TcpClient();
        await answering.ConnectAsync(upstream);
        try
        {
            while (true)
            {
                await WriteAsync(answering.GetStream(), await ReadAsync(asking.GetStream()));
                await WriteAsync(asking.GetStream(), forge(await ReadAsync(answering.GetStream())));
            }
        }
        catch (IOException)
        {
            // The connection is over.
        }
    }

    private static async Task<byte[]> ReadAsync(NetworkStream stream)
    {
        byte[] length = new byte[2];
        await stream.ReadExactlyAsync(length);
        byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message);
        return message;
    }

    private static async Task WriteAsync(NetworkStream stream, byte[] message) =>
        await stream.WriteAsync((byte[])[(byte)(message.Length >> 8), (byte)message.Length, .. message]);
}

/// <summary>Takes connections and says nothing.</summary>
internal sealed class SilentServer : IAsyncDisposable
{
    private readonly Socket listener;

    public SilentServer(IPEndPoint address)
    {
        listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(address);
        listener.Listen();
    }

    public ValueTask DisposeAsync()
    {
        listener.Dispose();
        return ValueTask.CompletedTask;
    }
}

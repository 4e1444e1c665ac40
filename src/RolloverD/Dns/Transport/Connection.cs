using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Transport;

/// <summary>
/// One TCP connection to one server, on which questions may overtake each other. TCP because a reply then comes from
/// the address that was asked, which over UDP nobody promises.
/// </summary>
/// <remarks>RFC 7766 §6.2.1 for several questions on one connection, §7 for replies out of order.</remarks>
internal sealed class Connection : IAsyncDisposable
{
    private readonly Socket socket;
    private readonly IPEndPoint server;
    private readonly CancellationTokenSource closing = new();
    private readonly ConcurrentDictionary<ushort, TaskCompletionSource<Reply>> pending = new();
    private readonly ConcurrentDictionary<ushort, bool> abandoned = new();
    private readonly SemaphoreSlim sending = new(1);
    private readonly Task reading;
    private readonly Lock gate = new();
    private Reply? end;
    private int nextId = Random.Shared.Next(0x10000);

    public Connection(IPEndPoint server)
    {
        this.server = server;
        socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Connected = socket.ConnectAsync(server, closing.Token).AsTask();
        reading = ReadAsync();
    }

    private Task Connected { get; }

    /// <summary>Whether the connection can take another question.</summary>
    public bool IsOpen => end is null;

    /// <summary>Whether an answer ever came: a server that then closes has only tired of waiting.</summary>
    public bool HasAnswered { get; private set; }

    /// <summary>Asks and waits for the answer; gives up when the token is cancelled, with its exception.</summary>
    public async Task<Reply> AskAsync(Question question, QueryKind kind, CancellationToken giveUp)
    {
        var waiting = new TaskCompletionSource<Reply>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!TryRegister(waiting, out ushort id))
            return end!;
        try
        {
            await Connected.WaitAsync(giveUp);
            await SendAsync(Message.Query(id, question, kind), giveUp);
            Reply reply = await waiting.Task.WaitAsync(giveUp);
            return reply is Reply.Answered answered ? Check(answered, question) : reply;
        }
        catch (SocketException failure)
        {
            return end ?? new Reply.Unreachable(Explain(failure));
        }
        finally
        {
            if (!waiting.Task.IsCompleted)
                abandoned[id] = true;
            pending.TryRemove(id, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        socket.Dispose();
        await reading;
        closing.Dispose();
        sending.Dispose();
    }

    private static Reply Check(Reply.Answered answered, Question question)
    {
        Message message = answered.Message;
        if (!message.IsResponse)
            return new Reply.Malformed("it sent a query instead of a response");
        if (message.Truncated)
            return new Reply.Malformed("its reply over TCP is truncated");
        // A server that does not understand a query may leave the question out; every other reply repeats it.
        bool mayOmit = message.Code is ResponseCode.FormErr or ResponseCode.NotImp or ResponseCode.Refused;
        if (message.Questions.IsEmpty && mayOmit)
            return answered;
        return message.Questions.Length == 1 && message.Questions[0] == question
            ? answered
            : new Reply.Malformed($"it answered '{string.Join(", ", message.Questions)}', not '{question}'");
    }

    private bool TryRegister(TaskCompletionSource<Reply> waiting, out ushort id)
    {
        lock (gate)
        {
            do
            {
                id = (ushort)nextId++;
            }
            while (end is null && (abandoned.ContainsKey(id) || !pending.TryAdd(id, waiting)));
            return end is null;
        }
    }

    private async Task SendAsync(byte[] query, CancellationToken giveUp)
    {
        byte[] framed = new byte[query.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed.AsSpan(2));
        await sending.WaitAsync(giveUp);
        try
        {
            // Not cancelled half way: the next query on this connection would not be understood.
            await socket.SendAsync(framed, SocketFlags.None, closing.Token);
        }
        finally
        {
            sending.Release();
        }
    }

    private async Task ReadAsync()
    {
        Reply why;
        try
        {
            await Connected;
            await using var stream = new BufferedStream(new NetworkStream(socket, ownsSocket: false), 4096);
            do
            {
                why = await ReadOneAsync(stream);
            }
            while (why is Reply.Answered);
        }
        catch (EndOfStreamException)
        {
            why = new Reply.Unreachable("it closed the connection without an answer");
        }
        catch (SocketException failure)
        {
            why = new Reply.Unreachable(Explain(failure));
        }
        catch (IOException failure)
        {
            string reason = failure.InnerException is SocketException inner ? Explain(inner) : failure.Message;
            why = new Reply.Unreachable(reason);
        }
        catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
        {
            why = new Reply.Unreachable("the question was given up");
        }

        lock (gate)
            end = why;
        foreach (TaskCompletionSource<Reply> waiting in pending.Values)
            waiting.TrySetResult(why);
    }

    private async Task<Reply> ReadOneAsync(Stream stream)
    {
        byte[] length = new byte[2];
        await stream.ReadExactlyAsync(length, closing.Token);
        byte[] bytes = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(bytes, closing.Token);
        AcknowledgeAtOnce();
        if (!Message.TryParse(bytes, out Message? message, out string problem))
            return new Reply.Malformed($"its reply is malformed: {problem}");
        var answered = new Reply.Answered(message);
        if (pending.TryGetValue(message.Id, out TaskCompletionSource<Reply>? waiting))
            waiting.TrySetResult(answered);
        else if (!abandoned.TryRemove(message.Id, out _))
            return new Reply.Malformed($"its reply has the id {message.Id}, which no question has");
        HasAnswered = true;
        return answered;
    }

    // A server that leaves Nagle's algorithm on (RFC 896) holds its second reply back until the first one is
    // acknowledged, which Linux puts off by 40 ms unless told otherwise after each segment.
    private void AcknowledgeAtOnce()
    {
        const int Tcp = 6;
        const int QuickAck = 12;
        if (OperatingSystem.IsLinux())
            socket.SetRawSocketOption(Tcp, QuickAck, [1, 0, 0, 0]);
    }

    private string Explain(SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => $"{server} refused the TCP connection",
        SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.AddressNotAvailable
            or SocketError.AddressFamilyNotSupported =>
            server.AddressFamily == AddressFamily.InterNetworkV6
                ? $"this host has no IPv6 route to {server.Address}"
                : $"this host has no route to {server.Address}",
        _ => $"TCP with {server} failed: {failure.Message}",
    };
}

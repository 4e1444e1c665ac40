using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Transport;

/// <summary>
/// Carries the questions of one round to servers, one connection a server. Everything that the network does is a
/// value; only the caller's own cancellation is thrown.
/// </summary>
internal sealed class Exchange : IAsyncDisposable
{
    private readonly DnsPatience patience;
    private readonly TimeProvider clock;
    private readonly CancellationToken caller;
    private readonly CancellationTokenSource roundOver;
    private readonly CancellationTokenSource over;
    private readonly ConcurrentDictionary<IPEndPoint, Connection> connections = new();
    private readonly Lock gate = new();

    public Exchange(DnsPatience patience, TimeProvider clock, CancellationToken caller)
    {
        this.patience = patience;
        this.clock = clock;
        this.caller = caller;
        roundOver = new(patience.Round, clock);
        over = CancellationTokenSource.CreateLinkedTokenSource(caller, roundOver.Token);
    }

    /// <summary>Asks one server one question, again when a connection used before turns out to be closed.</summary>
    public async Task<Reply> AskAsync(IPEndPoint server, Question question, QueryKind kind)
    {
        using var late = new CancellationTokenSource(patience.Question, clock);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(late.Token, over.Token);
        try
        {
            Connection connection = Open(server);
            Reply reply = await connection.AskAsync(question, kind, giveUp.Token);
            if (reply is Reply.Unreachable && connection.HasAnswered && !connection.IsOpen)
                reply = await Open(server).AskAsync(question, kind, giveUp.Token);
            return reply;
        }
        catch (OperationCanceledException)
        {
            caller.ThrowIfCancellationRequested();
            TimeSpan waited = roundOver.IsCancellationRequested ? patience.Round : patience.Question;
            return new Reply.Unreachable($"{server} did not answer within {waited.TotalSeconds:0.#} s");
        }
        catch (SocketException failure)
        {
            return new Reply.Unreachable($"{server} cannot be asked: {failure.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Connection connection in connections.Values)
            await connection.DisposeAsync();
        over.Dispose();
        roundOver.Dispose();
    }

    private Connection Open(IPEndPoint server)
    {
        lock (gate)
        {
            if (connections.TryGetValue(server, out Connection? connection) && connection.IsOpen)
                return connection;
            return connections[server] = new(server);
        }
    }
}

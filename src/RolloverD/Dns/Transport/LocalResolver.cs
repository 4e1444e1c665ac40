using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Transport;

/// <summary>
/// Asks the local resolver, each question once a round. When it answers SERVFAIL, it is asked again for what it found
/// unchecked, because only then can be told why: a signature that is wrong, or a server that is away.
/// </summary>
/// <remarks>RFC 4035 §3.2.2 and §4.9 for the CD bit.</remarks>
internal sealed class LocalResolver(Exchange exchange, ImmutableArray<IPEndPoint> servers)
{
    private readonly ConcurrentDictionary<Question, Lazy<Task<Reply>>> asked = new();

    public Task<Reply> AskAsync(Name name, RecordType type) =>
        asked.GetOrAdd(new(name, type), q => new(() => AskServersAsync(q))).Value;

    private async Task<Reply> AskServersAsync(Question question)
    {
        Reply reply = new Reply.Unreachable("no resolver is configured");
        foreach (IPEndPoint server in servers)
        {
            reply = await exchange.AskAsync(server, question, QueryKind.Resolver);
            if (reply is Reply.Answered { Message.Code: ResponseCode.ServFail })
                reply = await exchange.AskAsync(server, question, QueryKind.ResolverUnchecked);
            if (reply is Reply.Answered { Message.Code: ResponseCode.NoError or ResponseCode.NxDomain })
                return reply;
        }

        return reply is Reply.Answered failed
            ? new Reply.Malformed($"the resolver answers {Describe(failed.Message.Code)} for {question}")
            : new Reply.Unreachable($"the resolver gives no answer for {question}: {reply.Problem}");
    }

    internal static string Describe(ResponseCode code) => code.ToString().ToUpperInvariant();
}

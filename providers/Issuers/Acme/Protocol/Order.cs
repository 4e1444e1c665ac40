using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text.Json;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>How far an order is. RFC 8555 §7.1.6.</summary>
internal enum OrderStatus
{
    /// <summary>Names are still to be proven.</summary>
    Pending,

    /// <summary>All names are proven; the signing request may be sent.</summary>
    Ready,

    /// <summary>The certificate is being made.</summary>
    Processing,

    /// <summary>The certificate can be had.</summary>
    Valid,

    /// <summary>It will never be fulfilled.</summary>
    Invalid,
}

/// <summary>An order as it stood when it was last looked at. RFC 8555 §7.1.3.</summary>
internal sealed class Order
{
    private const int MostAlternates = 16;

    private readonly Account _account;
    private readonly OrderBody _body;

    private Order(Account account, Uri url, OrderStatus status, OrderBody body, DateTimeOffset? retryAt)
    {
        _account = account;
        _body = body;
        Url = url;
        Status = status;
        RetryAt = retryAt;
    }

    public Uri Url { get; }

    public OrderStatus Status { get; }

    /// <summary>When the server wants to be asked again; null when it does not say.</summary>
    public DateTimeOffset? RetryAt { get; }

    /// <summary>Why the order is invalid, if the server says so.</summary>
    public Problem? Error => _body.Error;

    public static Answer<Order> Read(Account account, Uri url, Reply reply)
    {
        if (!reply.Read(Bodies.Default.OrderBody).Has(out OrderBody? body, out Failure? failure))
            return failure;

        OrderStatus? status = body.Status switch
        {
            "pending" => OrderStatus.Pending,
            "ready" => OrderStatus.Ready,
            "processing" => OrderStatus.Processing,
            "valid" => OrderStatus.Valid,
            "invalid" => OrderStatus.Invalid,
            _ => null,
        };
        return (status, body) switch
        {
            ({ } known, { Finalize: not null, Authorizations: { } all })
                when all.All(url => url is not null) && known != OrderStatus.Valid || body.Certificate is not null =>
                new Order(account, url, known, body, reply.RetryAt),
            ({ }, _) => new Failure.Nonsense(url, $"the order in state '{body.Status}' lacks what belongs to it"),
            _ => new Failure.Nonsense(url, "the order is in no state of RFC 8555"),
        };
    }

    /// <summary>Looks at the order again.</summary>
    public Task<Answer<Order>> ReadAgainAsync(CancellationToken cancellation) =>
        _account.OrderAtAsync(Url, cancellation);

    /// <summary>What is to be proven, and what is proven already. RFC 8555 §7.5.</summary>
    public async Task<Answer<Authorization[]>> AuthorizationsAsync(CancellationToken cancellation)
    {
        Answer<Authorization>[] answers = await Task.WhenAll(
            _body.Authorizations!.Value.Select(url => Authorization.ReadAsync(_account, url, cancellation)))
            .ConfigureAwait(false);
        var authorizations = new Authorization[answers.Length];
        for (int i = 0; i < answers.Length; i++)
        {
            if (!answers[i].Has(out Authorization? authorization, out Failure? failure))
                return failure;
            authorizations[i] = authorization;
        }

        return authorizations;
    }

    /// <summary>Sends the signing request. RFC 8555 §7.4.</summary>
    /// <param name="csr">PKCS #10, DER.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public async Task<Answer<Order>> FinalizeAsync(ImmutableArray<byte> csr, CancellationToken cancellation)
    {
        byte[] payload = JsonSerializer.SerializeToUtf8Bytes(
            new(Base64Url.EncodeToString(csr.AsSpan())), Bodies.Default.FinalizeBody);
        return (await _account.PostAsync(_body.Finalize!, payload, cancellation).ConfigureAwait(false))
            .Has(out Reply? reply, out Failure? failure)
            ? Read(_account, Url, reply)
            : failure;
    }

    /// <summary>The certificate with its default chain, then with every other chain that can be had.</summary>
    /// <remarks>
    /// RFC 8555 §7.4.2. Another chain that cannot be had is left out: the default one serves as well, and is here.
    /// </remarks>
    public async Task<Answer<IssuedChain[]>> DownloadAsync(CancellationToken cancellation)
    {
        Uri url = _body.Certificate!;
        if (!(await _account.ReadAsync(url, cancellation).ConfigureAwait(false))
                .Has(out Reply? reply, out Failure? failure)
            || !IssuedChain.Read(reply).Has(out IssuedChain? first, out failure))
        {
            return failure;
        }

        Answer<Reply>[] others = await Task.WhenAll(
            reply.Alternates.Distinct().Take(MostAlternates).Select(link => _account.ReadAsync(link, cancellation)))
            .ConfigureAwait(false);
        var chains = new List<IssuedChain> { first };
        foreach (Answer<Reply> other in others)
        {
            if (other.Has(out Reply? alternate, out _)
                && IssuedChain.Read(alternate).Has(out IssuedChain? chain, out _))
            {
                chains.Add(chain);
            }
        }

        return chains.ToArray();
    }
}

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>How far the proof of a name is. RFC 8555 §7.1.6.</summary>
internal enum AuthorizationStatus
{
    Pending,
    Valid,

    /// <summary>Failed, expired, revoked or given up: it will never be valid (again).</summary>
    Dead,
}

/// <summary>The proof that a name is one's own, as it stood when it was last looked at. RFC 8555 §7.1.4.</summary>
internal sealed class Authorization
{
    private readonly Account _account;
    private readonly Uri _url;
    private readonly AuthorizationBody _body;

    private Authorization(
        Account account, Uri url, AuthorizationStatus status, AuthorizationBody body, DateTimeOffset? retryAt)
    {
        _account = account;
        _url = url;
        _body = body;
        Status = status;
        RetryAt = retryAt;
    }

    public AuthorizationStatus Status { get; }

    /// <summary>When the server wants to be asked again; null when it does not say.</summary>
    public DateTimeOffset? RetryAt { get; }

    /// <summary>The name that is proven, lower case; without the asterisk of a wildcard.</summary>
    public string Name => _body.Identifier!.Value.ToLowerInvariant();

    /// <summary>The name as the order has it.</summary>
    public string OrderedName => _body.Wildcard == true ? "*." + Name : Name;

    /// <summary>The server's word for the state.</summary>
    public string StatusWord => Problem.OneLine(_body.Status ?? "");

    /// <summary>Why it failed, if the server says so.</summary>
    public Problem? Error =>
        Challenges.Select(c => c.Error).FirstOrDefault(e => e is not null);

    private IEnumerable<ChallengeBody> Challenges => (_body.Challenges ?? []).OfType<ChallengeBody>();

    /// <summary>The challenge that is met by a TXT record; null when the server offers none. RFC 8555 §8.4.</summary>
    public Challenge? Dns =>
        Challenges.FirstOrDefault(c => c.Type == "dns-01") is { Url: { } url, Token: { } token } body
        && token.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') // RFC 8555 §8.1
            ? new(_account, url, token, body.Status == "pending")
            : null;

    /// <summary>The kinds of challenges that are offered.</summary>
    public string Offered =>
        string.Join(", ", Challenges.Select(c => Problem.OneLine(c.Type ?? "?")));

    public static async Task<Answer<Authorization>> ReadAsync(Account account, Uri url, CancellationToken cancellation)
    {
        if (!(await account.ReadAsync(url, cancellation).ConfigureAwait(false))
                .Has(out Reply? reply, out Failure? failure)
            || !reply.Read(Bodies.Default.AuthorizationBody).Has(out AuthorizationBody? body, out failure))
        {
            return failure;
        }

        AuthorizationStatus? status = body.Status switch
        {
            "pending" => AuthorizationStatus.Pending,
            "valid" => AuthorizationStatus.Valid,
            "invalid" or "deactivated" or "expired" or "revoked" => AuthorizationStatus.Dead,
            _ => null,
        };
        return status is { } known && body.Identifier is { Type: "dns", Value.Length: > 0 }
            ? new Authorization(account, url, known, body, reply.RetryAt)
            : new Failure.Nonsense(url, "it is no authorization of RFC 8555 for a DNS name");
    }

    /// <summary>Looks at it again.</summary>
    public Task<Answer<Authorization>> ReadAgainAsync(CancellationToken cancellation) =>
        ReadAsync(_account, _url, cancellation);
}

/// <summary>A dns-01 challenge: a value to show in a TXT record. RFC 8555 §8.4.</summary>
internal sealed class Challenge(Account account, Uri url, string token, bool isPending)
{
    /// <summary>Whether the server waits to be told that the record is there.</summary>
    public bool IsPending => isPending;

    /// <summary>What the TXT record must hold.</summary>
    public string TxtValue => account.Key.TxtValue(token);

    /// <summary>Tells the server to look now. RFC 8555 §7.5.1.</summary>
    public Task<Answer<Reply>> AnswerAsync(CancellationToken cancellation) =>
        account.PostAsync(url, "{}"u8.ToArray(), cancellation);
}

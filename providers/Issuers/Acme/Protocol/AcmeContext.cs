using System.Collections.Immutable;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>An ACME server, found by its directory: where accounts are opened and found again. RFC 8555.</summary>
internal sealed class AcmeContext
{
    private readonly DirectoryBody _directory;

    private AcmeContext(Transport transport, DirectoryBody directory)
    {
        Transport = transport;
        _directory = directory;
    }

    public Transport Transport { get; }

    /// <summary>Where orders are placed.</summary>
    public Uri NewOrder => _directory.NewOrder!;

    /// <summary>What whoever opens an account agrees to; null when there are no terms.</summary>
    public Uri? TermsOfService => _directory.Meta?.TermsOfService;

    /// <summary>Whether an account is opened only for somebody who is known to the authority already.</summary>
    public bool NeedsExternalAccount => _directory.Meta?.ExternalAccountRequired == true;

    /// <summary>Reads the directory. RFC 8555 §7.1.1.</summary>
    public static async Task<Answer<AcmeContext>> OpenAsync(
        Transport transport, Uri directory, CancellationToken cancellation) =>
        (await transport.ReadDirectoryAsync(directory, cancellation).ConfigureAwait(false))
            .Has(out DirectoryBody? body, out Failure? failure)
            ? new AcmeContext(transport, body)
            : failure;

    /// <summary>Opens an account for the key; finds the one that the key has, if it has one. RFC 8555 §7.3.</summary>
    /// <param name="key">Signs the account's requests from now on.</param>
    /// <param name="contact">A mail address for the authority's warnings; null gives none.</param>
    /// <param name="external">Who one is at the authority, when it asks.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public Task<Answer<Account>> NewAccountAsync(
        AccountKey key, string? contact, ExternalAccount? external, CancellationToken cancellation) =>
        AccountAsync(
            key, new(Account.ContactOf(contact), true, null, external?.Bind(key, _directory.NewAccount!)),
            cancellation);

    /// <summary>Finds the account that the key has; fails with <c>accountDoesNotExist</c>. RFC 8555 §7.3.1.</summary>
    public Task<Answer<Account>> FindAccountAsync(AccountKey key, CancellationToken cancellation) =>
        AccountAsync(key, new(null, null, true, null), cancellation);

    /// <summary>An account whose address is known.</summary>
    public Account AccountAt(AccountKey key, Uri url) => new(this, key, url);

    private async Task<Answer<Account>> AccountAsync(
        AccountKey key, NewAccountBody request, CancellationToken cancellation)
    {
        Uri url = _directory.NewAccount!;
        if (!(await Transport.PostAsync(url, key, null, request, Bodies.Default.NewAccountBody, cancellation)
                .ConfigureAwait(false)).Has(out Reply? reply, out Failure? failure)
            || !reply.Read(Bodies.Default.AccountBody).Has(out AccountBody? body, out failure))
        {
            return failure;
        }

        if (reply.Location is not { } location)
            return new Failure.Nonsense(url, "it does not say where the account is (no Location header)");

        return body.Status is null or "valid"
            ? new Account(this, key, location)
            : new Failure.Denied(
                url, 403, Problem.Of("unauthorized", $"the account is {Problem.OneLine(body.Status)}"), null);
    }
}

/// <summary>An account at an ACME server: places orders and finds them again. RFC 8555 §7.1.2.</summary>
internal sealed class Account(AcmeContext context, AccountKey key, Uri url)
{
    public Uri Url => url;

    public AccountKey Key => key;

    public static ImmutableArray<string>? ContactOf(string? mailAddress) =>
        mailAddress is null ? null : ["mailto:" + mailAddress]; // RFC 8555 §7.3

    /// <summary>Tells the server another mail address. RFC 8555 §7.3.2.</summary>
    public Task<Answer<Reply>> ChangeContactAsync(string? contact, CancellationToken cancellation) =>
        context.Transport.PostAsync(
            url, key, url, new(ContactOf(contact) ?? [], null, null, null), Bodies.Default.NewAccountBody,
            cancellation);

    /// <summary>Asks for a certificate for the names. RFC 8555 §7.4.</summary>
    public async Task<Answer<Order>> NewOrderAsync(IEnumerable<string> names, CancellationToken cancellation)
    {
        var request = new NewOrderBody([.. names.Select(name => new Identifier("dns", name))]);
        if (!(await context.Transport
                .PostAsync(context.NewOrder, key, url, request, Bodies.Default.NewOrderBody, cancellation)
                .ConfigureAwait(false)).Has(out Reply? reply, out Failure? failure))
        {
            return failure;
        }

        return reply.Location is { } location
            ? Order.Read(this, location, reply)
            : new Failure.Nonsense(context.NewOrder, "it does not say where the order is (no Location header)");
    }

    /// <summary>Looks at an order that was placed before.</summary>
    public async Task<Answer<Order>> OrderAtAsync(Uri order, CancellationToken cancellation) =>
        (await ReadAsync(order, cancellation).ConfigureAwait(false)).Has(out Reply? reply, out Failure? failure)
            ? Order.Read(this, order, reply)
            : failure;

    public Task<Answer<Reply>> ReadAsync(Uri resource, CancellationToken cancellation) =>
        context.Transport.ReadAsync(resource, key, url, cancellation);

    public Task<Answer<Reply>> PostAsync(Uri resource, byte[] payload, CancellationToken cancellation) =>
        context.Transport.PostAsync(resource, key, url, payload, cancellation);
}

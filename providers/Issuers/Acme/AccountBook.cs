using RolloverD.Core.Ports;
using RolloverD.Providers.Issuers.Acme.Protocol;

namespace RolloverD.Providers.Issuers.Acme;

/// <summary>Opens the account that all certificates of an issuer share, once, and finds it again.</summary>
internal sealed class AccountBook(AcmeSettings settings) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>The account; whoever asked disposes of its key.</summary>
    public async Task<Answer<Account>> OpenAsync(AcmeContext context, Notes notes, CancellationToken cancellation)
    {
        // Two certificates that are ordered for the first time at the same time shall not open two accounts.
        await _one.WaitAsync(cancellation).ConfigureAwait(false);
        AccountKey? key = null;
        try
        {
            AccountNote? note = await notes.ReadAccountAsync(cancellation).ConfigureAwait(false);
            key = note is { Key: { } text } ? AccountKey.Import(text) : null;
            Answer<Account> answer = key is null
                ? await OpenWithNewKeyAsync(context, notes, key = AccountKey.Create(), cancellation)
                    .ConfigureAwait(false)
                : await OpenAgainAsync(context, notes, note!, key, cancellation).ConfigureAwait(false);
            if (answer.Has(out _, out _))
                key = null; // it is the account's now
            return answer;
        }
        finally
        {
            key?.Dispose();
            _one.Release();
        }
    }

    /// <summary>The server does not know the account any more: the next opening makes one with the same key.</summary>
    public static async Task ForgetAddressAsync(Notes notes, CancellationToken cancellation)
    {
        if (await notes.ReadAccountAsync(cancellation).ConfigureAwait(false) is { } note)
            await notes.WriteAccountAsync(note with { Url = null }, cancellation).ConfigureAwait(false);
    }

    public void Dispose() => _one.Dispose();

    private async Task<Answer<Account>> OpenWithNewKeyAsync(
        AcmeContext context, Notes notes, AccountKey key, CancellationToken cancellation)
    {
        // Noted first: after a crash the same key finds the account that it may have opened.
        await notes.WriteAccountAsync(new(key.Export(), null, null), cancellation).ConfigureAwait(false);
        return await RegisterAsync(context, notes, key, cancellation).ConfigureAwait(false);
    }

    private async Task<Answer<Account>> OpenAgainAsync(
        AcmeContext context, Notes notes, AccountNote note, AccountKey key, CancellationToken cancellation)
    {
        if (note.Url is { } url)
        {
            Account known = context.AccountAt(key, url);
            if (note.Contact == settings.Contact)
                return known;

            // A contact that is refused is no reason to have no certificate; it is tried again the next time.
            Answer<Reply> changed =
                await known.ChangeContactAsync(settings.Contact, cancellation).ConfigureAwait(false);
            if (changed.Has(out _, out Failure? unchanged))
            {
                await notes.WriteAccountAsync(note with { Contact = settings.Contact }, cancellation)
                    .ConfigureAwait(false);
            }

            return unchanged?.Is("accountDoesNotExist") == true ? unchanged : known;
        }

        // Asked without the external account: the authority may let its secret be used only once. RFC 8555 §7.3.1
        Answer<Account> found = await context.FindAccountAsync(key, cancellation).ConfigureAwait(false);
        if (found.Has(out Account? account, out Failure? failure))
            return await KeepAsync(notes, account, cancellation).ConfigureAwait(false);

        return failure.Is("accountDoesNotExist")
            ? await RegisterAsync(context, notes, key, cancellation).ConfigureAwait(false)
            : failure;
    }

    private async Task<Answer<Account>> RegisterAsync(
        AcmeContext context, Notes notes, AccountKey key, CancellationToken cancellation)
    {
        (ExternalAccount? external, IssueOutcome.Refused? fault) = await ReadExternalAsync(context, cancellation)
            .ConfigureAwait(false);
        if (fault is not null)
            return new Failure.Known(fault);

        Answer<Account> opened = await context.NewAccountAsync(key, settings.Contact, external, cancellation)
            .ConfigureAwait(false);
        return opened.Has(out Account? account, out Failure? failure)
            ? await KeepAsync(notes, account, cancellation).ConfigureAwait(false)
            : failure;
    }

    private async Task<Account> KeepAsync(Notes notes, Account account, CancellationToken cancellation)
    {
        await notes.WriteAccountAsync(new(account.Key.Export(), account.Url, settings.Contact), cancellation)
            .ConfigureAwait(false);
        return account;
    }

    private async Task<(ExternalAccount? External, IssueOutcome.Refused? Fault)> ReadExternalAsync(
        AcmeContext context, CancellationToken cancellation)
    {
        const string Remedy = "set 'eab-kid' and 'eab-hmac-file' to what the authority gave you for your account there";
        if (settings is not { EabKid: { } kid, EabHmacFile: { } file })
        {
            return settings.EabKid is not null || settings.EabHmacFile is not null || context.NeedsExternalAccount
                ? (null, new(
                    $"{settings.Directory.Authority} opens an account only for somebody it knows (external account "
                    + "binding), and 'eab-kid' and 'eab-hmac-file' are not both set", Remedy, null))
                : (null, null);
        }

        try
        {
            string text = await File.ReadAllTextAsync(file, cancellation).ConfigureAwait(false);
            return ExternalAccount.Read(kid, text) is { } external
                ? (external, null)
                : (null, new($"{file} does not hold a base64url secret", Remedy, null));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, new($"the secret of the account '{kid}' cannot be read: {e.Message}", Remedy, null));
        }
    }
}

using System.Net.Security;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Providers.Issuers.Acme.Protocol;

namespace RolloverD.Providers.Issuers.Acme;

/// <summary>
/// Has a signing request certified by an ACME server. Names are proven by TXT records, which are published through the
/// configured zones and seen on every authoritative server before the authority is told to look.
/// </summary>
/// <remarks>RFC 8555.</remarks>
public sealed class AcmeIssuer(AcmeSettings settings, ProviderSurroundings surroundings) : IIssuer, IDisposable
{
    public static readonly ProviderDescription Description = AcmeSettings.Description;

    private static readonly TimeSpan LongestRequest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(10);

    private const int MostConnections = 8;

    private readonly AccountBook _accounts = new(settings);

    /// <summary>Makes the issuer from settings that were checked against <see cref="Description"/>.</summary>
    public static AcmeIssuer Create(ProviderSettings settings, ProviderSurroundings surroundings) =>
        new(AcmeSettings.From(settings), surroundings);

    public async Task<IssueOutcome> IssueAsync(IssueRequest request, CancellationToken cancellation)
    {
        var notes = new Notes(request, settings);
        var records = new ChallengeRecords(settings, surroundings, notes);
        IssueOutcome outcome = await AttemptAsync(request, notes, records, cancellation).ConfigureAwait(false);

        // After anything but a refusal the order goes on later, and then the authority still has to see the records.
        if (outcome is IssueOutcome.Refused)
            await records.RemoveAsync(cancellation).ConfigureAwait(false);
        return outcome;
    }

    public void Dispose() => _accounts.Dispose();

    private async Task<IssueOutcome> AttemptAsync(
        IssueRequest request, Notes notes, ChallengeRecords records, CancellationToken cancellation)
    {
        TrustedRoots? roots = null;
        if (settings.CaFile is { } file)
        {
            (roots, string? reason) = TrustedRoots.Read(file);
            if (roots is null)
            {
                return new IssueOutcome.Refused(
                    reason!, "set 'ca-file' to a PEM file with the self-signed root of the server, or leave it out",
                    null);
            }
        }

        using var transport = new Transport(
            HandlerWith(roots), surroundings.Time, settings.Wait < LongestRequest ? settings.Wait : LongestRequest);
        if (!(await AcmeContext.OpenAsync(transport, settings.Directory, cancellation).ConfigureAwait(false))
            .Has(out AcmeContext? context, out Failure? failure))
        {
            return Outcomes.Of(failure, null);
        }

        for (int round = 1; ; round++)
        {
            Answer<IssueOutcome.Issued> answer =
                await WithAccountAsync(context, request, notes, records, cancellation).ConfigureAwait(false);
            if (answer.Has(out IssueOutcome.Issued? issued, out failure))
                return issued;
            if (!failure.Is("accountDoesNotExist") || round > 1)
                return Outcomes.Of(failure, context);

            // The server has lost the account, and with it the orders: begin anew with the same key.
            await AccountBook.ForgetAddressAsync(notes, cancellation).ConfigureAwait(false);
            await notes.ForgetOrderAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task<Answer<IssueOutcome.Issued>> WithAccountAsync(
        AcmeContext context, IssueRequest request, Notes notes, ChallengeRecords records,
        CancellationToken cancellation)
    {
        if (!(await _accounts.OpenAsync(context, notes, cancellation).ConfigureAwait(false))
            .Has(out Account? account, out Failure? failure))
        {
            return failure;
        }

        using AccountKey key = account.Key;
        return await new Issuance(account, settings, request, notes, records, surroundings.Time)
            .RunAsync(cancellation).ConfigureAwait(false);
    }

    private static SocketsHttpHandler HandlerWith(TrustedRoots? roots)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // a signed request is for one address only
            ConnectTimeout = LongestConnect,
            MaxConnectionsPerServer = MostConnections,
            UseCookies = false,
        };
        if (roots is not null)
        {
            handler.SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, sent, errors) =>
                    roots.Accept(certificate, sent, errors),
            };
        }

        return handler;
    }
}

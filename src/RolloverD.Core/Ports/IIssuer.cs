using System.Collections.Immutable;

namespace RolloverD.Core.Ports;

/// <summary>
/// Gets a certificate for a given signing request: an ACME server, a private CA, or another client's files.
/// </summary>
public interface IIssuer
{
    /// <summary>
    /// Certifies the request. May be called again with the same request after a crash or a failure and then goes on
    /// where
    /// it stood, by what it wrote into the notebook. Never throws for what the issuer or the network does.
    /// </summary>
    Task<IssueOutcome> IssueAsync(IssueRequest request, CancellationToken cancellation);
}

/// <summary>What is to be certified.</summary>
/// <param name="Certificate">Name of the certificate in the configuration.</param>
/// <param name="Generation">Number of the generation.</param>
/// <param name="Names">The DNS names, the first one first.</param>
/// <param name="Csr">PKCS #10 request, DER, signed with the generation's key (RFC 2986).</param>
/// <param name="Notebook">
/// Survives restarts; entries are this request's alone unless the key starts with <c>account</c>.
/// </param>
/// <param name="Replaces">
/// The certificate (DER) that an earlier order for the same request brought and that is to be replaced, so that it is
/// not handed out again; default or empty when there is none.
/// </param>
public sealed record IssueRequest(
    string Certificate,
    int Generation,
    ImmutableArray<string> Names,
    ImmutableArray<byte> Csr,
    IIssuerNotebook Notebook,
    ImmutableArray<byte> Replaces = default);

/// <summary>
/// Small texts that an issuer must find again after a restart: account and order addresses, account keys (secret).
/// </summary>
public interface IIssuerNotebook
{
    Task<string?> ReadAsync(string key, CancellationToken cancellation);

    /// <summary>Keeps the text durably before it returns; null forgets it.</summary>
    Task WriteAsync(string key, string? value, CancellationToken cancellation);
}

/// <summary>What came of asking for a certificate.</summary>
public abstract record IssueOutcome
{
    private IssueOutcome()
    {
    }

    /// <summary>
    /// Certified. Each chain is DER certificates, the leaf first; the issuer's default chain comes first.
    /// </summary>
    public sealed record Issued(ImmutableArray<ImmutableArray<ImmutableArray<byte>>> Chains) : IssueOutcome;

    /// <summary>Not yet: ask again from then on.</summary>
    public sealed record Pending(string Reason, DateTimeOffset RetryAt) : IssueOutcome;

    /// <summary>
    /// The issuer says no. Try again not before then (null: the usual backoff); somebody may have to act.
    /// </summary>
    public sealed record Refused(string Reason, string Remedy, DateTimeOffset? RetryAt) : IssueOutcome;

    /// <summary>The issuer, or something needed on the way, could not be reached.</summary>
    public sealed record Unavailable(string Reason, string Remedy) : IssueOutcome;
}

using RolloverD.Core.Ports;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>Why something that was asked of an ACME server, or of name servers on its behalf, was not had.</summary>
internal abstract record Failure
{
    private Failure()
    {
    }

    /// <summary>The server answered with a problem document. RFC 8555 §6.7.</summary>
    /// <param name="Url">The resource that was asked.</param>
    /// <param name="Status">The HTTP status.</param>
    /// <param name="Problem">What the server says.</param>
    /// <param name="RetryAt">When the server wants to be asked again; null when it does not say.</param>
    public sealed record Denied(Uri Url, int Status, Problem Problem, DateTimeOffset? RetryAt) : Failure;

    /// <summary>The server could not be reached, did not answer in time, or is out of order (HTTP 5xx).</summary>
    public sealed record Away(string Reason, string Remedy, DateTimeOffset? RetryAt = null) : Failure;

    /// <summary>The answer is not what RFC 8555 describes.</summary>
    public sealed record Nonsense(Uri Url, string What) : Failure;

    /// <summary>The outcome of the whole attempt is known.</summary>
    public sealed record Known(IssueOutcome Outcome) : Failure;

    /// <summary>Whether it is a problem of this type, given without its common beginning.</summary>
    public bool Is(string type) => this is Denied denied && denied.Problem.Is(type);
}

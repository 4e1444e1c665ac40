using RolloverD.Core.Ports;
using RolloverD.Providers.Issuers.Acme.Protocol;

namespace RolloverD.Providers.Issuers.Acme;

/// <summary>Says in words what a failure means and what to do about it.</summary>
internal static class Outcomes
{
    public static IssueOutcome Of(Failure failure, AcmeContext? context) => failure switch
    {
        Failure.Known known => known.Outcome,
        Failure.Away { RetryAt: { } retryAt } away => new IssueOutcome.Pending(away.Reason, retryAt),
        Failure.Away away => new IssueOutcome.Unavailable(away.Reason, away.Remedy),
        Failure.Denied denied => new IssueOutcome.Refused(
            $"{denied.Url.Authority} refuses: {denied.Problem}", RemedyFor(denied, context), denied.RetryAt),
        Failure.Nonsense nonsense => new IssueOutcome.Refused(
            $"what {nonsense.Url.OriginalString} answers cannot be used: {nonsense.What}",
            "see that the issuer's 'directory' is the address of an ACME server (RFC 8555)", null),
        _ => throw new InvalidOperationException($"no such failure: {failure}"),
    };

    // RFC 8555 §6.7
    private static string RemedyFor(Failure.Denied denied, AcmeContext? context) => denied.Problem.Word switch
    {
        "rateLimited" =>
            "wait: it is tried again when the authority allows it; what it limits stands in its documentation",
        "externalAccountRequired" =>
            "set 'eab-kid' and 'eab-hmac-file' to what the authority gave you for your account there",
        "userActionRequired" =>
            $"open {denied.Problem.Instance ?? context?.TermsOfService} and do what the authority asks for there",
        "accountDoesNotExist" => "nothing: another account is opened at the next attempt",
        "rejectedIdentifier" or "unsupportedIdentifier" =>
            "take the name out of 'names', or use an issuer that certifies it",
        "caa" => "let the zone's CAA records allow this authority, or use another issuer",
        "badCSR" or "badPublicKey" =>
            "use a key kind that the authority takes (setting 'key' of the certificate): ecdsa-p256 or rsa-2048",
        "invalidContact" or "unsupportedContact" => "correct the issuer's 'contact', or leave it out",
        "badNonce" => "nothing: it is tried again; the authority refuses every nonce that it gives out itself",
        "unauthorized" =>
            "ask the authority whether the account is still in force; with 'eab-kid', see that it is known there",
        "malformed" or "badSignatureAlgorithm" =>
            "see that the issuer's 'directory' is right; if it is, report this as a fault of RolloverD",
        _ => "see the authority's documentation; it is tried again",
    };
}

using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>Where the server's resources are. RFC 8555 §7.1.1.</summary>
internal sealed record DirectoryBody(Uri? NewNonce, Uri? NewAccount, Uri? NewOrder, DirectoryMeta? Meta);

internal sealed record DirectoryMeta(Uri? TermsOfService, bool? ExternalAccountRequired);

/// <summary>A name that is to be certified. RFC 8555 §9.7.7.</summary>
internal sealed record Identifier(string Type, string Value);

/// <summary>RFC 8555 §7.3.</summary>
internal sealed record NewAccountBody(
    ImmutableArray<string>? Contact,
    bool? TermsOfServiceAgreed,
    bool? OnlyReturnExisting,
    SignedBody? ExternalAccountBinding);

/// <summary>RFC 8555 §7.1.2.</summary>
internal sealed record AccountBody(string? Status);

/// <summary>RFC 8555 §7.4.</summary>
internal sealed record NewOrderBody(ImmutableArray<Identifier> Identifiers);

/// <summary>RFC 8555 §7.1.3.</summary>
internal sealed record OrderBody(
    string? Status,
    ImmutableArray<Identifier>? Identifiers,
    Problem? Error,
    ImmutableArray<Uri>? Authorizations,
    Uri? Finalize,
    Uri? Certificate);

/// <summary>The signing request, DER, base64url. RFC 8555 §7.4.</summary>
internal sealed record FinalizeBody(string Csr);

/// <summary>RFC 8555 §7.1.4.</summary>
internal sealed record AuthorizationBody(
    string? Status,
    Identifier? Identifier,
    bool? Wildcard,
    ImmutableArray<ChallengeBody>? Challenges);

/// <summary>RFC 8555 §8.</summary>
internal sealed record ChallengeBody(string? Type, Uri? Url, string? Status, string? Token, Problem? Error);

/// <summary>A signed request: three base64url texts. RFC 7515 §7.2.2.</summary>
internal sealed record SignedBody(string Protected, string Payload, string Signature);

/// <summary>What is said of the signature and covered by it. RFC 8555 §6.2.</summary>
internal sealed record ProtectedHeader(string Alg, string? Nonce, Uri Url, string? Kid, Jwk? Jwk);

/// <summary>A public key on P-256. RFC 7517 §4, RFC 7518 §6.2.1.</summary>
internal sealed record Jwk(string Crv, string Kty, string X, string Y);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DirectoryBody))]
[JsonSerializable(typeof(NewAccountBody))]
[JsonSerializable(typeof(AccountBody))]
[JsonSerializable(typeof(NewOrderBody))]
[JsonSerializable(typeof(OrderBody))]
[JsonSerializable(typeof(FinalizeBody))]
[JsonSerializable(typeof(AuthorizationBody))]
[JsonSerializable(typeof(ChallengeBody))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(SignedBody))]
[JsonSerializable(typeof(ProtectedHeader))]
[JsonSerializable(typeof(Jwk))]
internal sealed partial class Bodies : JsonSerializerContext;

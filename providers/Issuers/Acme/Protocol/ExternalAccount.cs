using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>An account at the certificate authority outside ACME, proven by a shared secret. RFC 8555 §7.3.4.</summary>
/// <remarks>Not a record, so that no text of it ever holds the secret.</remarks>
internal sealed class ExternalAccount(string kid, byte[] secret)
{
    /// <summary>Reads the secret as authorities hand it out: base64url, or base64, with or without padding.</summary>
    public static ExternalAccount? Read(string kid, string text)
    {
        string base64 = text.Trim().TrimEnd('=').Replace('+', '-').Replace('/', '_');
        if (base64.Length == 0 || !Base64Url.IsValid(base64))
            return null;

        return new(kid, Base64Url.DecodeFromChars(base64));
    }

    /// <summary>Binds an ACME account's key to the external account.</summary>
    public SignedBody Bind(AccountKey key, Uri newAccount) => Jws.Sign(
        new("HS256", null, newAccount, kid, null),
        JsonSerializer.SerializeToUtf8Bytes(key.Jwk, Bodies.Default.Jwk),
        text => HMACSHA256.HashData(secret, text));
}

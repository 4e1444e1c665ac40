using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>The key that an account's requests are signed with: ECDSA on P-256 with SHA-256 (ES256).</summary>
/// <remarks>Not a record, so that no text of it ever holds the secret. RFC 8555 §6.2, RFC 7518 §3.4.</remarks>
internal sealed class AccountKey : IDisposable
{
    private readonly ECDsa _key;

    private AccountKey(ECDsa key)
    {
        _key = key;
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        Jwk = new("P-256", "EC", Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));

        // RFC 7638 §3: the required members in lexical order, no white space.
        string canonical = $$"""{"crv":"{{Jwk.Crv}}","kty":"{{Jwk.Kty}}","x":"{{Jwk.X}}","y":"{{Jwk.Y}}"}""";
        Thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(canonical)));
    }

    public Jwk Jwk { get; }

    /// <summary>The public key's digest, base64url: binds a challenge's token to the account.</summary>
    public string Thumbprint { get; }

    public static AccountKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads what <see cref="Export"/> wrote; null when it is not such a key.</summary>
    public static AccountKey? Import(string text)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(Convert.FromBase64String(text), out _);
            if (key.KeySize == 256)
                return new(key);
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            // Not a key: the caller makes another one.
        }

        key.Dispose();
        return null;
    }

    /// <summary>The private key, PKCS #8, base64. Secret.</summary>
    public string Export() => Convert.ToBase64String(_key.ExportPkcs8PrivateKey());

    /// <summary>What the TXT record of a dns-01 challenge holds. RFC 8555 §8.4.</summary>
    public string TxtValue(string token) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes($"{token}.{Thumbprint}"))); // RFC 8555 §8.1

    /// <summary>Signs a payload; an empty one makes a request that only reads. RFC 8555 §6.3.</summary>
    /// <param name="url">The resource that the request goes to.</param>
    /// <param name="nonce">A nonce of the server that was not used yet.</param>
    /// <param name="account">The account's address; null when there is none yet: the key is sent along.</param>
    /// <param name="payload">The request, JSON.</param>
    public byte[] Sign(Uri url, string nonce, Uri? account, byte[] payload)
    {
        var header = new ProtectedHeader(
            "ES256", nonce, url, account?.OriginalString, account is null ? Jwk : null);
        return JsonSerializer.SerializeToUtf8Bytes(
            Jws.Sign(header, payload, text => _key.SignData(text, HashAlgorithmName.SHA256)),
            Bodies.Default.SignedBody);
    }

    public void Dispose() => _key.Dispose();
}

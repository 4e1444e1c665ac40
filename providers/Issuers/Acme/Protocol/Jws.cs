using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>Signed requests in the flattened form that ACME asks for. RFC 7515 §7.2.2, RFC 8555 §6.2.</summary>
internal static class Jws
{
    /// <param name="header">What the signature covers beside the payload.</param>
    /// <param name="payload">The octets that are signed; may be empty.</param>
    /// <param name="sign">Signs octets.</param>
    public static SignedBody Sign(ProtectedHeader header, byte[] payload, Func<byte[], byte[]> sign)
    {
        string head = Base64Url.EncodeToString(
            JsonSerializer.SerializeToUtf8Bytes(header, Bodies.Default.ProtectedHeader));
        string body = Base64Url.EncodeToString(payload);
        byte[] signature = sign(Encoding.ASCII.GetBytes($"{head}.{body}")); // RFC 7515 §5.1
        return new(head, body, Base64Url.EncodeToString(signature));
    }
}

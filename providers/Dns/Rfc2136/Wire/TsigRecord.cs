using System.Collections.Immutable;

namespace RolloverD.Providers.Dns.Rfc2136.Wire;

/// <summary>
/// The signature at the end of a message: a keyed digest over the message, the time and, in a reply, the digest of the
/// request, so that a reply answers this request and no other.
/// </summary>
/// <param name="KeyName">Names the shared key.</param>
/// <param name="Algorithm">The digest's name, such as <c>hmac-sha256</c>.</param>
/// <param name="TimeSigned">Seconds since 1970.</param>
/// <param name="FudgeSeconds">How far the clocks may be apart.</param>
/// <param name="Mac">The digest; empty in replies that report an unknown key or a wrong digest.</param>
/// <param name="OriginalId">The message id when it was signed.</param>
/// <param name="Error">What the server found wrong with the request's signature.</param>
/// <param name="Other">The server's time when the error is BADTIME.</param>
/// <param name="Start">Where the record begins in its message.</param>
/// <remarks>RFC 8945 §4.2.</remarks>
internal sealed record TsigRecord(
    string KeyName,
    string Algorithm,
    long TimeSigned,
    ushort FudgeSeconds,
    ImmutableArray<byte> Mac,
    ushort OriginalId,
    Rcode Error,
    ImmutableArray<byte> Other,
    int Start);

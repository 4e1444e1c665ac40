using System.Collections.Concurrent;
using System.Net.Http.Headers;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>
/// Nonces that the server gave with its answers, so that most requests need no round trip for one. The newest is used
/// first: an old one may have run out, and what a <c>badNonce</c> answer brings is the one to try next.
/// </summary>
/// <remarks>RFC 8555 §6.5.</remarks>
internal sealed class NoncePool
{
    private const int Most = 16;
    private const string Header = "Replay-Nonce";

    private readonly ConcurrentStack<string> _nonces = new();

    public string? Take() => _nonces.TryPop(out string? nonce) ? nonce : null;

    /// <summary>Keeps the nonce of an answer, if it has a sound one. RFC 8555 §6.5.1.</summary>
    public void Keep(HttpResponseHeaders headers)
    {
        if (headers.TryGetValues(Header, out IEnumerable<string>? values)
            && values.FirstOrDefault() is { Length: > 0 and < 1000 } nonce
            && nonce.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            && _nonces.Count < Most)
        {
            _nonces.Push(nonce);
        }
    }
}

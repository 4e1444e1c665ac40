using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>
/// Carries requests to an ACME server and answers back: nonces, signatures, limits of time and size. A request whose
/// nonce is refused is signed anew and repeated; everything else that goes wrong is handed up as a failure.
/// </summary>
internal sealed class Transport : IDisposable
{
    // With a server that refuses every third nonce, one request in 500,000 still fails.
    private const int NonceAttempts = 12;
    private const int LargestBody = 1024 * 1024;

    private static readonly MediaTypeHeaderValue Jose = new("application/jose+json"); // RFC 8555 §6.2
    private static readonly byte[] Nothing = [];

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly NoncePool _nonces = new();
    private Uri? _newNonce;

    /// <param name="handler">Makes the connections; disposed of with this.</param>
    /// <param name="time">The clock.</param>
    /// <param name="timeout">How long one request may take.</param>
    public Transport(HttpMessageHandler handler, TimeProvider time, TimeSpan timeout)
    {
        _time = time;
        _timeout = timeout;
        _http = new(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan, // each request has a limit of its own, by the given clock
            MaxResponseContentBufferSize = LargestBody,
        };

        // RFC 8555 §6.1
        Version? version = typeof(Transport).Assembly.GetName().Version;
        _http.DefaultRequestHeaders.UserAgent.Add(new("RolloverD", version?.ToString(3)));
        _http.DefaultRequestHeaders.AcceptLanguage.Add(new("en"));
    }

    public DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Reads the directory and remembers where nonces are had.</summary>
    public async Task<Answer<DirectoryBody>> ReadDirectoryAsync(Uri directory, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, directory);
        if (!(await SendAsync(request, cancellation).ConfigureAwait(false)).Has(out Reply? reply, out Failure? failure)
            || !reply.Read(Bodies.Default.DirectoryBody).Has(out DirectoryBody? body, out failure))
        {
            return failure;
        }

        if (body is not { NewNonce: { } newNonce, NewAccount: not null, NewOrder: not null })
            return new Failure.Nonsense(directory, "its answer is no ACME directory (RFC 8555)");

        _newNonce = newNonce;
        return body;
    }

    /// <summary>Sends a signed request.</summary>
    public Task<Answer<Reply>> PostAsync<T>(
        Uri url, AccountKey key, Uri? account, T payload, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        PostAsync(url, key, account, JsonSerializer.SerializeToUtf8Bytes(payload, type), cancellation);

    /// <summary>Reads a resource that is the account's alone: POST-as-GET. RFC 8555 §6.3.</summary>
    public Task<Answer<Reply>> ReadAsync(Uri url, AccountKey key, Uri account, CancellationToken cancellation) =>
        PostAsync(url, key, account, Nothing, cancellation);

    public async Task<Answer<Reply>> PostAsync(
        Uri url, AccountKey key, Uri? account, byte[] payload, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            if (_nonces.Take() is not { } nonce)
            {
                if (!(await FetchNonceAsync(cancellation).ConfigureAwait(false)).Has(out nonce, out Failure? without))
                    return without;
            }

            using var request = new HttpRequestMessage(HttpMethod.Post, url)
            {
                Content = new ByteArrayContent(key.Sign(url, nonce, account, payload)),
            };
            request.Content.Headers.ContentType = Jose;
            Answer<Reply> answer = await SendAsync(request, cancellation).ConfigureAwait(false);

            // RFC 8555 §6.5: the answer brought a fresh nonce; nothing was done with the request.
            if (answer.Has(out _, out Failure? failure) || !failure.Is("badNonce") || attempt >= NonceAttempts)
                return answer;
        }
    }

    public void Dispose() => _http.Dispose();

    // RFC 8555 §7.2
    private async Task<Answer<string>> FetchNonceAsync(CancellationToken cancellation)
    {
        Uri url = _newNonce ?? throw new InvalidOperationException("the directory was not read yet");
        using var request = new HttpRequestMessage(HttpMethod.Head, url);
        if (!(await SendAsync(request, cancellation).ConfigureAwait(false)).Has(out _, out Failure? failure))
            return failure;

        return _nonces.Take() is { } nonce ? nonce : new Failure.Nonsense(url, "it gives no nonce");
    }

    private async Task<Answer<Reply>> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        Uri url = request.RequestUri!;
        if (!MayBeAsked(url))
        {
            return new Failure.Nonsense(
                url, "only https addresses are asked, since anybody on the way could change plain http");
        }

        using var limit = new CancellationTokenSource(_timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, both.Token).ConfigureAwait(false);
            byte[] body = await response.Content.ReadAsByteArrayAsync(both.Token).ConfigureAwait(false);
            _nonces.Keep(response.Headers);
            DateTimeOffset? retryAt = Reply.RetryAtOf(response.Headers, Now);
            return response.IsSuccessStatusCode
                ? new Reply(
                    url, body, LocationOf(response, url),
                    Reply.LinksOf(response.Headers, url, "alternate"), retryAt)
                : RefusedAnswer.Read(url, response, body, retryAt);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Failure.Away(
                $"{url.Authority} did not answer within {_timeout.TotalSeconds:0.#} s ({url.AbsolutePath})",
                "nothing: it is tried again");
        }
        catch (HttpRequestException e)
        {
            return RefusedAnswer.Of(url, e, LargestBody);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return RefusedAnswer.Of(url, new HttpRequestException(e.Message, e), LargestBody);
        }
    }

    private static Uri? LocationOf(HttpResponseMessage response, Uri url) =>
        response.Headers.Location is { } location && Uri.TryCreate(url, location, out Uri? absolute) ? absolute : null;

    /// <summary>RFC 8555 §6.1; plain http only to this host itself, where nobody is on the way.</summary>
    private static bool MayBeAsked(Uri url) =>
        url.IsAbsoluteUri
        && (url.Scheme == Uri.UriSchemeHttps
            || (url.Scheme == Uri.UriSchemeHttp && IPAddress.TryParse(url.Host, out IPAddress? address)
                && IPAddress.IsLoopback(address)));
}

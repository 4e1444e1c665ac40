using System.Collections.Immutable;
using System.Net;
using RolloverD.Core.Policy;
using RolloverD.Dns.Transport;
using RolloverD.Dns.Validation;

namespace RolloverD.Dns;

/// <summary>
/// What the questions of one observation share: connections, the resolver's answers and the chain of trust. Lives as
/// long as the observation; nothing is carried into the next one.
/// </summary>
internal sealed class Round : IAsyncDisposable
{
    // Each round keeps a TCP connection to the resolver, and a resolver takes few of them (Unbound: ten).
    private static readonly SemaphoreSlim Places = new(4);

    private Round(Exchange exchange, ImmutableArray<IPEndPoint> servers, TrustAnchors anchors, TimeProvider clock)
    {
        Exchange = exchange;
        Resolver = new(exchange, servers);
        Chain = new(Resolver, anchors, clock);
        Clock = clock;
    }

    public Exchange Exchange { get; }

    public LocalResolver Resolver { get; }

    public TrustChain Chain { get; }

    public TimeProvider Clock { get; }

    /// <summary>
    /// Begins a round. The trust anchor is read each time, because a resolver may renew its file (RFC 5011 §2).
    /// </summary>
    /// <exception cref="InvalidDataException">The resolver's address or the trust anchor cannot be used.</exception>
    public static async Task<Round> BeginAsync(
        ResolverSettings settings, TimeProvider clock, DnsPatience patience, CancellationToken cancellation)
    {
        ImmutableArray<IPEndPoint> servers = [.. settings.Servers.Select(ParseServer)];
        try
        {
            TrustAnchors anchors = TrustAnchors.Load(settings.TrustAnchorFile);
            await Places.WaitAsync(cancellation);
            return new(new(patience, clock, cancellation), servers, anchors, clock);
        }
        catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException)
        {
            throw new InvalidDataException(
                $"the trust anchor {settings.TrustAnchorFile} cannot be used: {failure.Message}; "
                + "name a file with the root's DS or DNSKEY records in [resolver] trust-anchor",
                failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Exchange.DisposeAsync();
        Places.Release();
    }

    internal static IPEndPoint ParseServer(string text)
    {
        if (IPAddress.TryParse(text, out IPAddress? address))
            return new(address, 53);
        return IPEndPoint.TryParse(text, out IPEndPoint? server)
            ? server
            : throw new InvalidDataException($"the resolver '{text}' is not an address with a port, as 127.0.0.1:53");
    }
}

using System.Collections.Immutable;
using System.Net;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Smtp;

/// <summary>
/// Shakes hands with every address of an endpoint at once. At each, the first handshake is one that any sender would
/// make; then, when asked to be thorough, one for each key family that the first did not show.
/// </summary>
public sealed class Handshake(IAddressLookup lookup, HandshakeSettings settings, TimeProvider time) : IHandshake
{
    public async Task<EndpointObservation> ObserveAsync(
        Endpoint endpoint, ImmutableArray<string> former, CancellationToken cancellation)
    {
        DateTimeOffset startedAt = time.GetUtcNow();
        HostAddresses addresses = IPAddress.TryParse(endpoint.Host, out IPAddress? literal)
            ? new HostAddresses.Found([literal])
            : await lookup.FindAsync(endpoint.Host, cancellation);
        if (addresses is not HostAddresses.Found { Addresses: { IsEmpty: false } found, Ttl: var ttl })
        {
            string? problem = (addresses as HostAddresses.Unknown)?.Reason;
            return new(endpoint, startedAt, time.GetUtcNow(), problem ?? $"{endpoint.Host} has no address", []);
        }

        IEnumerable<IPAddress> left = former.Select(IPAddress.Parse).Where(a => !found.Contains(a));
        ImmutableArray<AddressObservation> observed = await ObserveAsync(endpoint, [.. found, .. left], cancellation);
        return new(
            endpoint, startedAt, time.GetUtcNow(), null, observed[..found.Length], observed[found.Length..], ttl);
    }

    private async Task<ImmutableArray<AddressObservation>> ObserveAsync(
        Endpoint endpoint, ImmutableArray<IPAddress> addresses, CancellationToken cancellation)
    {
        OwnAddresses before = OwnAddresses.Now();
        AddressObservation[] observed =
            await Task.WhenAll(addresses.Select(address => ObserveAsync(endpoint, address, cancellation)));
        OwnAddresses after = OwnAddresses.Now(); // an address may move to another host in between
        return
        [
            .. observed.Zip(addresses, (seen, address) => seen with
            {
                IsLocal = seen.IsLocal && before.Contains(address) && after.Contains(address),
            }),
        ];
    }

    private async Task<AddressObservation> ObserveAsync(
        Endpoint endpoint, IPAddress address, CancellationToken cancellation)
    {
        List<Attempt> attempts = [];
        Presented first = (await TryAsync(FamilyOffer.Everything))!;
        ImmutableArray<Presented> presented = [first];
        if (first is Presented.Shows shows && settings.Depth == HandshakeDepth.EveryFamily)
        {
            Presented?[] others = await Task.WhenAll(
                FamilyOffer.EachFamily.Where(offer => offer.Family != shows.Chain.Key.Family).Select(TryAsync));
            presented = [first, .. others.OfType<Presented>()];
        }

        return new(address.ToString(), presented, IsLocal: !attempts.Any(a => a.LeftThisHost));

        Task<Presented?> TryAsync(FamilyOffer offer)
        {
            var attempt = new Attempt(endpoint, address, offer, settings, time);
            attempts.Add(attempt);
            return attempt.RunAsync(cancellation);
        }
    }
}

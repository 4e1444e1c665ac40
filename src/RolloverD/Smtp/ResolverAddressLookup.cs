using RolloverD.Dns;

namespace RolloverD.Smtp;

/// <summary>
/// Finds addresses through the validating resolver. When one family of addresses cannot be looked up the whole answer
/// is unknown: "every address" must never mean those that happened to be found.
/// </summary>
internal sealed class ResolverAddressLookup(ValidatingResolver resolver) : IAddressLookup
{
    /// <inheritdoc/>
    public async Task<HostAddresses> FindAsync(string host, CancellationToken cancellation)
    {
        Dns.HostAddresses found = await resolver.FindAddressesAsync(host, cancellation);
        return found.Problem is { } problem
            ? new HostAddresses.Unknown(problem)
            : new HostAddresses.Found(found.Addresses);
    }
}

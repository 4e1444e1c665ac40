using RolloverD.Smtp;

namespace RolloverD.Dns;

/// <summary>
/// Finds addresses through the validating resolver. When one family of addresses cannot be looked up the whole answer
/// is unknown: "every address" must never mean those that happened to be found.
/// </summary>
internal sealed class ResolverAddressLookup(ValidatingResolver resolver) : IAddressLookup
{
    /// <inheritdoc/>
    public async Task<Smtp.HostAddresses> FindAsync(string host, CancellationToken cancellation)
    {
        HostAddresses found = await resolver.FindAddressesAsync(host, cancellation);
        return found.Problem is { } problem
            ? new Smtp.HostAddresses.Unknown(problem)
            : new Smtp.HostAddresses.Found(found.Addresses, found.Ttl);
    }
}

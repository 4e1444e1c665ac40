using System.Collections.Immutable;
using System.Net;

namespace RolloverD.Smtp;

/// <summary>Finds the addresses of a host: by the validating resolver, or in tests a table.</summary>
public interface IAddressLookup
{
    /// <summary>Looks up all IPv4 and IPv6 addresses. A resolver that fails is an answer, never an exception.</summary>
    Task<HostAddresses> FindAsync(string host, CancellationToken cancellation);
}

/// <summary>What came of looking up a host.</summary>
public abstract record HostAddresses
{
    private HostAddresses()
    {
    }

    /// <param name="Addresses">At least one.</param>
    /// <param name="Ttl">How long a sender may keep them; zero where that is not known.</param>
    public sealed record Found(ImmutableArray<IPAddress> Addresses, TimeSpan Ttl = default) : HostAddresses;

    /// <summary>No address was found; the reason tells absence from a resolver that fails.</summary>
    public sealed record Unknown(string Reason) : HostAddresses;
}

using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace RolloverD.Smtp;

/// <summary>The addresses of this host: traffic to them never leaves the machine.</summary>
/// <remarks>
/// The interfaces are asked. That an address can be bound to proves nothing where the kernel lets any be bound to
/// (net.ipv4.ip_nonlocal_bind), as on hosts that share an address.
/// </remarks>
internal sealed class OwnAddresses
{
    private readonly HashSet<IPAddress> addresses;

    private OwnAddresses(HashSet<IPAddress> addresses) => this.addresses = addresses;

    /// <summary>Those of this instant; none but loopback when the interfaces cannot be read.</summary>
    public static OwnAddresses Now()
    {
        try
        {
            return new([
                .. NetworkInterface.GetAllNetworkInterfaces()
                    .Where(i => i.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
                    .SelectMany(i => i.GetIPProperties().UnicastAddresses)
                    .Select(a => Plain(a.Address)),
            ]);
        }
        catch (NetworkInformationException)
        {
            return new([]);
        }
    }

    public bool Contains(IPAddress address) =>
        IPAddress.IsLoopback(Plain(address)) || addresses.Contains(Plain(address));

    /// <summary>Whether a connection to a listed address ends on this machine.</summary>
    /// <param name="address">Where it was made to.</param>
    /// <param name="from">The address that the kernel gave its own end.</param>
    /// <remarks>
    /// An IPv6 address that another host on the link has as well (duplicate address detection failed) is listed, and
    /// yet not this host's: connections to it go to the other one, and come from another address. Those that stay here
    /// come from the address itself; but for loopback, and for IPv4, where there is no such state and the second
    /// address of a network is reached from its first.
    /// </remarks>
    public static bool StaysHere(IPAddress address, IPAddress from) =>
        Plain(address).AddressFamily == AddressFamily.InterNetwork
        || IPAddress.IsLoopback(Plain(address))
        || Plain(address).Equals(Plain(from));

    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.IsIPv6LinkLocal ? new(address.GetAddressBytes())
        : address;
}

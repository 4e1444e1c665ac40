using System.Net;
using System.Net.NetworkInformation;

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

    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.IsIPv6LinkLocal ? new(address.GetAddressBytes())
        : address;
}

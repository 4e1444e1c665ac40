using System.Net;
using System.Net.Sockets;

namespace RolloverD.Smtp;

/// <summary>Asks the system's resolver: the hosts file and whatever else it is set up with. No validation.</summary>
public sealed class SystemAddressLookup : IAddressLookup
{
    public async Task<HostAddresses> FindAsync(string host, CancellationToken cancellation)
    {
        try
        {
            IPAddress[] addresses = await System.Net.Dns.GetHostAddressesAsync(host, cancellation);
            return addresses.Length == 0
                ? new HostAddresses.Unknown($"{host} has no address")
                : new HostAddresses.Found([.. addresses.Distinct()]);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
        {
            return new HostAddresses.Unknown($"the system's resolver knows no address of {host}");
        }
        catch (SocketException e)
        {
            return new HostAddresses.Unknown($"the system's resolver could not look up {host}: {e.Message}");
        }
    }
}

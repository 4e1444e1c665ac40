using System.Net;
using System.Net.NetworkInformation;
using RolloverD.Smtp;
using Xunit;

namespace RolloverD.Tests.Smtp;

public sealed class OwnAddressesTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.25.1")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    public void Loopback_never_leaves_the_machine(string address) =>
        Assert.True(OwnAddresses.Now().Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("192.0.2.25")]
    [InlineData("2001:db8::25")]
    [InlineData("::ffff:192.0.2.25")]
    [InlineData("0.0.0.0")]
    public void Another_hosts_address_is_not_this_hosts(string address) =>
        Assert.False(OwnAddresses.Now().Contains(IPAddress.Parse(address)));

    [Fact]
    public void The_addresses_of_every_interface_that_is_up_are_this_hosts()
    {
        IPAddress[] addresses =
        [
            .. NetworkInterface.GetAllNetworkInterfaces()
                .Where(i => i.OperationalStatus is OperationalStatus.Up)
                .SelectMany(i => i.GetIPProperties().UnicastAddresses)
                .Select(a => a.Address),
        ];
        Assert.All(addresses, a => Assert.True(OwnAddresses.Now().Contains(a)));
    }
}

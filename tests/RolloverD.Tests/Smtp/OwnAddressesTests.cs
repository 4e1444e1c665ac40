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

    [Theory]
    [InlineData("2001:db8::25", "2001:db8::25", true)]
    [InlineData("fe80::25%2", "fe80::25", true)]
    [InlineData("2001:db8::25", "2001:db8::7", false)] // another host on the link has the address, too
    [InlineData("2001:db8::25", "::1", false)]
    [InlineData("192.0.2.26", "192.0.2.25", true)] // the second address of a network is reached from the first
    [InlineData("::ffff:192.0.2.26", "::ffff:192.0.2.25", true)]
    [InlineData("127.0.25.1", "127.0.0.1", true)]
    [InlineData("::1", "::1", true)]
    public void A_connection_stays_here_when_it_comes_from_the_address_itself(
        string address, string from, bool stays) =>
        Assert.Equal(stays, OwnAddresses.StaysHere(IPAddress.Parse(address), IPAddress.Parse(from)));

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

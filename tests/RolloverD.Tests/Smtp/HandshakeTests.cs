using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using RolloverD.Core.Ports;
using RolloverD.Smtp;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Smtp;

public sealed class HandshakeTests
{
    private const string Host = "mx1.example.test";
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(0.3);

    private static readonly string[] UpToTls =
    [
        "220-mx1 ESMTP\r\n220 wait for it\r\n", "250-mx1\r\n250-SIZE 1000\r\n250 starttls\r\n", "220 go\r\n",
        ScriptedServer.Tls,
    ];

    private static readonly TestCertificate Root = TestCertificate.Root("Root");

    [Theory]
    [InlineData(TestKey.Ecdsa, SslProtocols.Tls13)]
    [InlineData(TestKey.Ecdsa, SslProtocols.Tls12)]
    [InlineData(TestKey.Rsa, SslProtocols.Tls13)]
    [InlineData(TestKey.Rsa, SslProtocols.Tls12)]
    public async Task The_chain_is_seen_whatever_the_key_and_protocol(TestKey kind, SslProtocols protocol)
    {
        TestCertificate leaf = Root.SignHost(Host, kind);
        await using var server = new ScriptedServer(UpToTls, leaf.WithKey(), protocol);

        Presented.Shows shows = Assert.IsType<Presented.Shows>(Assert.Single(await PresentedAsync(server)));

        Assert.Equal(leaf.Der, shows.Chain.Leaf.Der.ToArray());
        Assert.StartsWith(
            protocol == SslProtocols.Tls13 ? "TLSv1.3 TLS_" : "TLSv1.2 TLS_ECDHE_", shows.Protocol,
            StringComparison.Ordinal);
        Assert.Equal(Host, server.AskedFor);
    }

    [Fact]
    public async Task It_greets_asks_and_takes_leave_as_is_proper()
    {
        await using var server = new ScriptedServer(UpToTls, TestCertificate.SelfSigned(Host).WithKey());

        await PresentedAsync(server, new() { Depth = HandshakeDepth.Default, OwnName = "probe.example.net" });

        Assert.Equal(["EHLO probe.example.net", "STARTTLS", "QUIT"], server.Heard);
    }

    [Fact]
    public void A_name_that_would_say_more_than_a_name_is_refused() =>
        Assert.Throws<ArgumentException>(() => new HandshakeSettings { OwnName = "mx1\r\nRCPT TO:<x>" });

    [Theory]
    [InlineData("the server does not offer STARTTLS", "220 mx1\r\n", "250-mx1\r\n250 SIZE\r\n", "221 bye\r\n")]
    [InlineData("the server answered EHLO with: 502 what?", "220 mx1\r\n", "502 what?\r\n", "221 bye\r\n")]
    [InlineData(
        "the server answered STARTTLS with: 454 TLS not available", "220 mx1\r\n", "250-mx1\r\n250 STARTTLS\r\n",
        "454 TLS not available\r\n", "221 bye\r\n")]
    public async Task A_server_without_STARTTLS_is_told_apart_and_left_politely(string reason, params string[] script)
    {
        await using var server = new ScriptedServer(script);

        Assert.Equal([new Presented.NoStartTls(reason)], await PresentedAsync(server));
        Assert.True(SpinWait.SpinUntil(() => server.Heard.Contains("QUIT"), TimeSpan.FromSeconds(5)));
    }

    [Theory]
    [InlineData("the server's greeting was: 554 go away", "554 go away\r\n")]
    [InlineData("the server answered EHLO with: 421 shutting down", "220 mx1\r\n", "421 shutting down\r\n")]
    [InlineData("not an SMTP reply: 'HTTP/1.1 400 Bad' (while waiting for the greeting)", "HTTP/1.1 400 Bad\r\n")]
    [InlineData("not an SMTP reply: '25?[2J0 x' (while saying EHLO)", "220 mx1\r\n", "25\u001b[2J0 x\r\n")]
    [InlineData("not an SMTP reply: '220 mx1' (while saying EHLO)", "220 mx1\r\n", "250-mx1\r\n220 mx1\r\n")]
    [InlineData("no answer within 0.3 s (while waiting for the greeting)", ScriptedServer.Silence)]
    [InlineData("no answer within 0.3 s (while saying EHLO)", "220 mx1\r\n", ScriptedServer.Silence)]
    [InlineData("the server closed the connection (while waiting for the greeting)")]
    public async Task A_server_that_cannot_be_talked_to_is_unreachable(string reason, params string[] script)
    {
        await using var server = new ScriptedServer(script);

        Assert.Equal(
            [new Presented.Unreachable(reason)],
            await PresentedAsync(server, script is [.., ScriptedServer.Silence] ? new() { Timeout = Short } : null));
    }

    [Fact]
    public async Task A_server_that_never_stops_talking_is_cut_short()
    {
        await using var endlessLine = new ScriptedServer([new string('x', 1 << 20)]);
        await using var endlessReply = new ScriptedServer([string.Concat(Enumerable.Repeat("220-mx1\r\n", 10_000))]);

        Assert.Equal(
            [new Presented.Unreachable("a reply line of more than 2048 bytes (while waiting for the greeting)")],
            await PresentedAsync(endlessLine));
        Assert.Equal(
            [new Presented.Unreachable("a reply of more than 128 lines (while waiting for the greeting)")],
            await PresentedAsync(endlessReply));
    }

    [Fact]
    public async Task Plain_text_smuggled_in_before_TLS_is_refused()
    {
        await using var server = new ScriptedServer(
            ["220 mx1\r\n", "250-mx1\r\n250 STARTTLS\r\n", "220 go\r\n250 injected\r\n", ScriptedServer.Tls]);

        Presented.HandshakeFailed failed =
            Assert.IsType<Presented.HandshakeFailed>(Assert.Single(await PresentedAsync(server)));
        Assert.StartsWith("plain text came after the reply to STARTTLS", failed.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no answer within 0.3 s", ScriptedServer.Silence)]
    [InlineData("the server's part of the handshake is not acceptable: unexpected_message(10)", "I know no TLS\r\n")]
    [InlineData("the server closed the connection")]
    public async Task A_failed_handshake_says_why(string reason, params string[] afterwards)
    {
        await using var server = new ScriptedServer(
            ["220 mx1\r\n", "250-mx1\r\n250 STARTTLS\r\n", "220 go\r\n", .. afterwards]);

        Presented presented = Assert.Single(await PresentedAsync(
            server, afterwards is [ScriptedServer.Silence] ? new() { Timeout = Short } : null));

        Assert.Equal(reason, Assert.IsType<Presented.HandshakeFailed>(presented).Reason);
    }

    [Fact]
    public async Task A_closed_port_is_unreachable()
    {
        int port;
        await using (var gone = new ScriptedServer([]))
            port = gone.Port;

        EndpointObservation seen = await Over(new HandshakeSettings()).ObserveAsync(new(Host, port), [], default);

        Assert.Equal(
            new Presented.Unreachable("Connection refused (while connecting)"),
            Assert.Single(Assert.Single(seen.Addresses).Presented));
    }

    [Fact]
    public async Task TLS_begins_at_once_on_the_ports_that_are_for_it()
    {
        TestCertificate leaf = TestCertificate.SelfSigned(Host);
        var address = IPAddress.Parse("127.46.5.1");
        ScriptedServer? server = null;
        try
        {
            server = new([ScriptedServer.Tls], leaf.WithKey(), at: new(address, 465));
        }
        catch (SocketException e)
        {
            Assert.Skip($"port 465 cannot be had here: {e.Message}");
        }

        await using (server)
        {
            EndpointObservation seen = await new Handshake(new Table(address), new(), TimeProvider.System)
                .ObserveAsync(new(Host, 465), [], default);

            Presented presented = Assert.Single(Assert.Single(seen.Addresses).Presented);
            Presented.Shows shows = Assert.IsType<Presented.Shows>(presented);
            Assert.Equal(leaf.Der, shows.Chain.Leaf.Der.ToArray());
        }
    }

    [Fact]
    public async Task Every_address_is_looked_at_and_all_at_once()
    {
        await using var server = new ScriptedServer([ScriptedServer.Silence], at: new(IPAddress.Any, 0));
        var handshake = new Handshake(
            new Table([.. Enumerable.Range(1, 20).Select(i => IPAddress.Parse($"127.0.1.{i}"))]),
            new HandshakeSettings { Timeout = TimeSpan.FromSeconds(0.5) }, TimeProvider.System);
        var clock = Stopwatch.StartNew();

        EndpointObservation seen = await handshake.ObserveAsync(new(Host, server.Port), [], default);

        Assert.Equal(20, seen.Addresses.Length);
        Assert.All(seen.Addresses, a => Assert.IsType<Presented.Unreachable>(Assert.Single(a.Presented)));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"took {clock.Elapsed}");
    }

    [Fact]
    public async Task A_host_without_address_is_a_problem_not_an_exception()
    {
        EndpointObservation seen = await new Handshake(
            new Table(), new HandshakeSettings(), TimeProvider.System).ObserveAsync(new(Host, 25), [], default);

        Assert.Equal("nothing known of mx1.example.test", seen.AddressProblem);
        Assert.Empty(seen.Addresses);
    }

    [Fact]
    public async Task Cancellation_ends_it_with_an_exception()
    {
        await using var server = new ScriptedServer([ScriptedServer.Silence]);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(0.2));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Over(new HandshakeSettings()).ObserveAsync(new(Host, server.Port), [], cancellation.Token));
    }

    [Fact]
    public async Task Addresses_that_the_host_has_no_more_are_met_and_told_apart()
    {
        await using var server = new ScriptedServer([ScriptedServer.Silence]);
        string[] former = ["127.0.0.1", "127.0.0.9"]; // of which the host has one again
        EndpointObservation seen = await Over(new() { Timeout = TimeSpan.FromSeconds(0.2) })
            .ObserveAsync(new(Host, server.Port), [.. former], default);
        Assert.Equal("127.0.0.1", Assert.Single(seen.Addresses).Address);
        Assert.Equal("127.0.0.9", Assert.Single(seen.Former).Address);
        Assert.IsType<Presented.Unreachable>(Assert.Single(seen.Former[0].Presented));
        Assert.Equal(TimeSpan.FromHours(2), seen.AddressesTtl);
    }

    private static async Task<ImmutableArray<Presented>> PresentedAsync(
        ScriptedServer server, HandshakeSettings? settings = null)
    {
        EndpointObservation seen =
            await Over(settings ?? new HandshakeSettings()).ObserveAsync(new(Host, server.Port), [], default);
        Assert.Null(seen.AddressProblem);
        AddressObservation address = Assert.Single(seen.Addresses);
        Assert.Equal("127.0.0.1", address.Address);
        Assert.True(address.IsLocal);
        return address.Presented;
    }

    private static Handshake Over(HandshakeSettings settings) =>
        new(new Table(IPAddress.Loopback), settings, TimeProvider.System);

    private sealed class Table(params ImmutableArray<IPAddress> addresses) : IAddressLookup
    {
        public Task<HostAddresses> FindAsync(string host, CancellationToken cancellation) =>
            Task.FromResult<HostAddresses>(addresses.IsEmpty
                ? new HostAddresses.Unknown($"nothing known of {host}")
                : new HostAddresses.Found(addresses, TimeSpan.FromHours(2)));
    }
}

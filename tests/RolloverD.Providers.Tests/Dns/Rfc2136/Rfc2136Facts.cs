using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Providers.Dns.Rfc2136;
using Xunit;

namespace RolloverD.Providers.Tests.Dns.Rfc2136;

/// <summary>What BIND does with updates, and what the provider makes of each refusal.</summary>
public sealed class Rfc2136Facts(BindServer bind) : IClassFixture<BindServer>
{
    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(60);
    private static readonly string Value = "3 1 1 " + new string('a', 64);
    private readonly string _owner = $"_25._tcp.{Guid.NewGuid().ToString("N")[..12]}.{BindServer.Zone}";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha384")]
    [InlineData("sha512")]
    public async Task Every_accepted_algorithm_signs_and_verifies(string key)
    {
        DnsChangeOutcome outcome = await AddAsync(bind.Provider(key));
        Assert.IsType<DnsChangeOutcome.Applied>(outcome);
        Assert.Contains(new string('A', 56), await bind.DigAsync(_owner, "TLSA"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_catalogue_makes_the_provider_from_its_settings()
    {
        Entry<IDnsProvider> entry = Catalogue.Dns.Single(e => e.Description.Type == "rfc2136");
        var settings = new ProviderSettings("rfc2136", ImmutableDictionary<string, string>.Empty
            .Add("server", bind.Address.ToString()).Add("tsig-file", bind.KeyFile("sha256")));
        var surroundings = new ProviderSurroundings(TimeProvider.System, null!, _ => null) { Zone = BindServer.Zone };
        Assert.IsType<DnsChangeOutcome.Applied>(await AddAsync(entry.Create(settings, surroundings)));
    }

    [Fact]
    public async Task A_long_text_with_quotes_is_one_record_in_the_words_of_dig()
    {
        string text = "a \"quoted\" \\ text " + new string('x', 282);
        var change = new DnsChange(_owner, DnsRecordType.Txt, Minute, [], [text], []);
        Assert.IsType<DnsChangeOutcome.Applied>(await bind.Provider().ChangeAsync(change, Cancellation));
        string line = Assert.Single((await bind.DigAsync(_owner, "TXT")).Trim().Split('\n'));
        Assert.EndsWith(
            $"\"a \\\"quoted\\\" \\\\ text {new string('x', 237)}\" \"{new string('x', 45)}\"", line,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_somebody_cut_otherwise_is_expected_and_removed_all_the_same()
    {
        await bind.UpdateAsync($"update add {_owner}. 60 TXT \"cut \" \"here\"");
        var change = new DnsChange(_owner, DnsRecordType.Txt, Minute, ["cut here"], ["new"], ["cut here"]);
        DnsRecordSet now = Applied(await bind.Provider().ChangeAsync(change, Cancellation));
        Assert.Equal("new", Assert.Single(now.Values));
    }

    [Fact]
    public async Task A_set_with_a_ttl_of_others_takes_the_asked_one()
    {
        await bind.UpdateAsync($"update add {_owner}. 7200 TLSA 3 1 1 {new string('f', 64)}");
        DnsRecordSet now = Applied(await AddAsync(bind.Provider(), expected: null));
        Assert.Equal(Minute, now.Ttl);
        Assert.Equal(2, now.Values.Length);
    }

    [Fact]
    public async Task A_change_is_applied_with_the_ttl_that_the_server_makes_of_it_also_when_it_comes_again()
    {
        string owner = _owner.Replace(BindServer.Zone, BindServer.CappedZone, StringComparison.Ordinal);
        var change = new DnsChange(owner, DnsRecordType.Tlsa, Minute, [], [Value], []);
        for (int i = 0; i < 2; i++)
        {
            DnsRecordSet now = Applied(
                await bind.Provider(zone: BindServer.CappedZone).ChangeAsync(change, Cancellation));
            Assert.Equal(TimeSpan.FromSeconds(30), now.Ttl);
            Assert.Equal([Value], now.Values);
        }
    }

    [Fact]
    public async Task A_change_in_a_signed_zone_is_applied_when_it_shows_with_its_signature()
    {
        string owner = _owner.Replace(BindServer.Zone, BindServer.SignedZone, StringComparison.Ordinal);
        var change = new DnsChange(owner, DnsRecordType.Tlsa, Minute, [], [Value], []);
        Applied(await bind.Provider(zone: BindServer.SignedZone).ChangeAsync(change, Cancellation));
        Assert.Contains("RRSIG\tTLSA", await bind.DigAsync(owner, "TLSA"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_the_server_does_not_know_is_refused_with_its_name()
    {
        string file = bind.WriteFile("stranger.key", Key("stranger", "c3RyYW5nZXI="));
        var refused = Refused(await AddAsync(bind.Provider(keyFile: file)));
        Assert.Contains(
            "does not know the key stranger with hmac-sha256 (BADKEY)", refused.Reason, StringComparison.Ordinal);
        Assert.Contains(file, refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_secret_is_refused_and_never_shown()
    {
        string file = bind.WriteFile("wrong.key", Key("sha256", "d3Jvbmcgc2VjcmV0"));
        var refused = Refused(await AddAsync(bind.Provider(keyFile: file)));
        Assert.Contains("(BADSIG): the secrets differ", refused.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("d3Jvbmcgc2VjcmV0", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "behind")]
    [InlineData(-1, "ahead of")]
    public async Task A_clock_that_is_an_hour_off_is_refused_with_the_difference(int hours, string side)
    {
        var refused = Refused(await AddAsync(bind.Provider(time: new ShiftedTime(TimeSpan.FromHours(hours)))));
        Assert.Matches($"BADTIME.*the server's clock is 3(599|600|601) s {side} this host's", refused.Reason);
        Assert.Contains("NTP", refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_zone_that_the_server_does_not_serve_is_refused()
    {
        var change = new DnsChange("_25._tcp.mx1.other.test", DnsRecordType.Tlsa, Minute, [], [Value], []);
        var refused = Refused(await bind.Provider(zone: "other.test").ChangeAsync(change, Cancellation));
        Assert.Contains("see that it serves the zone other.test", refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_zone_that_is_a_part_of_the_servers_zone_is_refused_as_not_its_own()
    {
        var change = new DnsChange("_25._tcp.mx1.example.test", DnsRecordType.Tlsa, Minute, [], [Value], []);
        var refused = Refused(await bind.Provider(zone: "mx1.example.test").ChangeAsync(change, Cancellation));
        Assert.Contains(
            "is not a server of the zone mx1.example.test (NOTAUTH)", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_update_policy_forbids_is_refused()
    {
        var refused = Refused(await AddAsync(bind.Provider(BindServer.LimitedKey)));
        Assert.Contains($"refuses to change {_owner} (REFUSED)", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("update-policy", refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_update_policy_allows_is_done()
    {
        var change = new DnsChange($"allowed.{BindServer.Zone}", DnsRecordType.Txt, Minute, null, ["token"], []);
        Applied(await bind.Provider(BindServer.LimitedKey).ChangeAsync(change, Cancellation));
    }

    [Fact]
    public async Task A_set_that_the_server_finds_too_large_is_unknown_and_its_limit_is_named()
    {
        IEnumerable<string> values = "abc".Select(digit => "3 1 1 " + new string(digit, 64));
        var change = new DnsChange(
            $"_25._tcp.mx1.{BindServer.SmallZone}", DnsRecordType.Tlsa, Minute, [], [.. values], []);
        var unknown = Unknown(await bind.Provider(zone: BindServer.SmallZone).ChangeAsync(change, Cancellation));
        Assert.Contains("SERVFAIL", unknown.Reason, StringComparison.Ordinal);
        Assert.Contains("max-records-per-type", unknown.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_down_is_unknown_and_says_that_nothing_was_changed()
    {
        Rfc2136Provider provider = bind.Provider(address: new(IPAddress.Loopback, BindServer.FreePort()));
        var unknown = Unknown(await AddAsync(provider));
        Assert.Contains("Connection refused; nothing was changed", unknown.Reason, StringComparison.Ordinal);
        Assert.IsType<DnsReadOutcome.Unavailable>(await provider.ReadAsync(_owner, DnsRecordType.Tlsa, Cancellation));
    }

    [Fact]
    public async Task A_server_of_an_address_family_that_this_host_does_not_have_is_unknown()
    {
        Rfc2136Provider provider = bind.Provider(address: new StrangeAddress());
        Assert.Contains("nothing was changed", Unknown(await AddAsync(provider)).Reason, StringComparison.Ordinal);
        Assert.IsType<DnsReadOutcome.Unavailable>(await provider.ReadAsync(_owner, DnsRecordType.Tlsa, Cancellation));
    }

    [Fact]
    public async Task A_server_that_keeps_silent_is_unknown()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        Rfc2136Provider provider = bind.Provider(
            address: (IPEndPoint)silent.LocalEndpoint, timeout: TimeSpan.FromMilliseconds(200));
        var unknown = Unknown(await AddAsync(provider));
        Assert.Contains("did not answer within 0.2 s", unknown.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alias_is_refused_with_its_target()
    {
        var change = new DnsChange($"_25._tcp.alias.{BindServer.Zone}", DnsRecordType.Tlsa, Minute, [], [Value], []);
        var refused = Refused(await bind.Provider().ChangeAsync(change, Cancellation));
        Assert.Contains("alias (CNAME) of _25._tcp.mx1.example.test", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_in_a_delegated_zone_is_refused()
    {
        var change = new DnsChange($"_25._tcp.child.{BindServer.Zone}", DnsRecordType.Tlsa, Minute, [], [Value], []);
        var refused = Refused(await bind.Provider().ChangeAsync(change, Cancellation));
        Assert.Contains("is not authoritative for", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Records_made_by_a_wildcard_are_found_out()
    {
        string held = "3 1 1 " + new string('d', 64);
        var change = new DnsChange(
            $"_25._tcp.wild.{BindServer.Zone}", DnsRecordType.Tlsa, Minute, [held], [Value], []);
        var refused = Refused(await bind.Provider().ChangeAsync(change, Cancellation));
        Assert.Contains("a wildcard in example.test makes them", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_of_the_key_file_is_noticed_without_a_restart()
    {
        string file = bind.WriteFile("changed.key", Key("stranger", "c3RyYW5nZXI="));
        Rfc2136Provider provider = bind.Provider(keyFile: file);
        Refused(await AddAsync(provider));
        File.Copy(bind.KeyFile("sha256"), file, overwrite: true);
        Applied(await AddAsync(provider));
    }

    [Fact]
    public async Task A_key_file_that_is_gone_is_refused()
    {
        var refused = Refused(await AddAsync(bind.Provider(keyFile: bind.KeyFile("absent"))));
        Assert.Contains("absent.key cannot be read", refused.Reason, StringComparison.Ordinal);
    }

    private static string Key(string name, string secret) =>
        $"key {name} {{ algorithm hmac-sha256; secret \"{secret}\"; }};";

    private static DnsRecordSet Applied(DnsChangeOutcome outcome) =>
        Assert.IsType<DnsChangeOutcome.Applied>(outcome).Now;

    private static DnsChangeOutcome.Refused Refused(DnsChangeOutcome outcome) =>
        Assert.IsType<DnsChangeOutcome.Refused>(outcome);

    private static DnsChangeOutcome.Unknown Unknown(DnsChangeOutcome outcome) =>
        Assert.IsType<DnsChangeOutcome.Unknown>(outcome);

    private Task<DnsChangeOutcome> AddAsync(IDnsProvider provider) => AddAsync(provider, []);

    private Task<DnsChangeOutcome> AddAsync(IDnsProvider provider, ImmutableArray<string>? expected) =>
        provider.ChangeAsync(new(_owner, DnsRecordType.Tlsa, Minute, expected, [Value], []), Cancellation);

    // As IPv6 is where it is turned off.
    private sealed class StrangeAddress() : IPEndPoint(IPAddress.IPv6Loopback, 53)
    {
        public override AddressFamily AddressFamily => AddressFamily.DecNet;
    }

    private sealed class ShiftedTime(TimeSpan shift) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + shift;
    }
}

using System.Collections.Immutable;
using RolloverD.Config;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using Xunit;

namespace RolloverD.Tests.Config;

public sealed class EnvironmentTests : IDisposable
{
    private const string File = """
        [timing]
        ttl = "1h"

        [zones."example.net"]
        provider = "rfc2136"
        server = "192.0.2.53:53"
        tsig-file = "{dir}/tsig.key"

        [zones."my-zone.example"]

        [issuers.test-ca]
        type = "acme"
        directory = "https://acme.example.org/directory"

        [certificates.mx1]
        names = ["mx1.example.net"]
        issuer = "test-ca"

        [[certificates.mx1.deploy]]
        server = "postfix"
        """;

    private const string ZonesMyZone = "ROLLOVERD__ZONES__MY_ZONE_EXAMPLE__";

    private readonly ConfigurationDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_variable_goes_before_the_file()
    {
        Desired desired = Load(
            ("ROLLOVERD__TIMING__TTL", "30m"),
            ("ROLLOVERD__TIMING__ROLLBACK_WINDOW", "2h"),
            ("ROLLOVERD__STATE__DIRECTORY", "/srv/rolloverd"),
            ("ROLLOVERD__CERTIFICATES__MX1__KEY_POLICY", "rotate"),
            ("ROLLOVERD__ISSUERS__TEST_CA__CHALLENGE", "dns-01"),
            ("ROLLOVERD__ZONES__EXAMPLE_NET__SERVER", "[2001:db8::53]:53"));

        Assert.Equal(TimeSpan.FromMinutes(30), desired.Timing.Ttl);
        Assert.Equal(TimeSpan.FromHours(2), desired.Timing.RollbackWindow);
        Assert.Equal("/srv/rolloverd", desired.StateDirectory);
        Assert.Equal(KeyPolicy.Rotate, desired.Certificates["mx1"].KeyPolicy);
        Assert.Equal("dns-01", desired.Issuers["test-ca"].Find("challenge"));
        Assert.Equal("[2001:db8::53]:53", desired.Zones["example.net"].Get("server"));
    }

    [Fact]
    public void Lists_are_written_with_commas()
    {
        Desired desired = Load(
            ("ROLLOVERD__CERTIFICATES__MX1__NAMES", "mx1.example.net, mail.example.net"),
            ("ROLLOVERD__CERTIFICATES__MX1__ENDPOINTS", "mx1.example.net:25,mail.example.net:465"),
            ("ROLLOVERD__CERTIFICATES__MX1__TLSA", "3 1 1,2 1 1"));

        DesiredCertificate mx1 = desired.Certificates["mx1"];
        Assert.Equal<string>(["mx1.example.net", "mail.example.net"], mx1.Names);
        Assert.Equal<Endpoint>([new("mx1.example.net", 25), new("mail.example.net", 465)], mx1.Endpoints);
        Assert.Equal(["3 1 1", "2 1 1"], mx1.Tlsa.Select(p => p.ToString()));
    }

    [Fact]
    public void Whole_tables_can_come_from_the_environment()
    {
        Desired desired = Load(
            ("ROLLOVERD__ZONES__MAIL_EXAMPLE_ORG__PROVIDER", "rfc2136"),
            ("ROLLOVERD__ZONES__MAIL_EXAMPLE_ORG__SERVER", "192.0.2.54:53"),
            ("ROLLOVERD__ZONES__MAIL_EXAMPLE_ORG__TSIG_FILE", _directory.Root + "/tsig.key"),
            ("ROLLOVERD__ISSUERS__OTHER_CA__TYPE", "acme"),
            ("ROLLOVERD__ISSUERS__OTHER_CA__DIRECTORY", "https://acme.example.com/"),
            ("ROLLOVERD__CERTIFICATES__MX_2__NAMES", "mail.example.org"),
            ("ROLLOVERD__CERTIFICATES__MX_2__ISSUER", "other-ca"),
            ("ROLLOVERD__CERTIFICATES__MX_2__DEPLOY__0__SERVER", "postfix"),
            ("ROLLOVERD__CERTIFICATES__MX_2__DEPLOY__1__SERVER", "postfix"),
            ("ROLLOVERD__CERTIFICATES__MX_2__DEPLOY__1__CONFIG_DIRECTORY", _directory.Root + "/postfix"));

        Assert.Equal("192.0.2.54:53", desired.Zones["mail.example.org"].Get("server"));
        Assert.Equal("other-ca", desired.Certificates["mx-2"].Issuer);
        Assert.Equal(
            [null, _directory.Root + "/postfix"],
            desired.Certificates["mx-2"].Deployments.Select(d => d.Find("config-directory")));
    }

    [Fact]
    public void A_zone_with_a_hyphen_is_found_by_its_table_in_the_file()
    {
        Desired desired = Load();

        Assert.Equal("192.0.2.55:53", desired.Zones["my-zone.example"].Get("server"));
    }

    [Theory]
    [InlineData(
        "ROLLOVERD__TIMING__TTL",
        "soon",
        "timing.ttl: 'soon' is not a length of time; write it like 90s, 5m, 1h30m or 2d")]
    [InlineData("ROLLOVERD__TIMING__TTL", "", "is empty; unset it or give it a value")]
    [InlineData("ROLLOVERD__TIMING__TLL", "1h", "timing.tll: is no key of [timing]; did you mean ttl?")]
    [InlineData("ROLLOVERD__TIMNG__TTL", "1h", "there is no table [timng]; did you mean timing?")]
    [InlineData("ROLLOVERD__TIMING", "1h", "names no key; write ROLLOVERD__TIMING__KEY")]
    [InlineData("ROLLOVERD__ZONES__PROVIDER", "rfc2136", "names no key; write ROLLOVERD__ZONES__NAME__KEY")]
    [InlineData(
        "ROLLOVERD__CERTIFICATES__MX1__TLSA",
        "3 1 1,1 1 1",
        "certificates.mx1.tlsa[1]: '1 1 1' cannot be used for mail: senders treat usages 0 and 1 as unusable, "
            + "for they share no list of public CAs; use 3 1 1, "
            + "or another of 3 0 1, 3 0 2, 3 1 2, 2 0 1, 2 0 2, 2 1 1, 2 1 2")]
    [InlineData(
        "ROLLOVERD__CERTIFICATES__MX1__DEPLOY__2__SERVER",
        "postfix",
        "names no deployment; write …__DEPLOY__0__KEY for the first mail server, __DEPLOY__1__ for the second, "
            + "without a gap")]
    public void What_is_wrong_with_a_variable_is_said_under_its_name(string variable, string value, string expected)
    {
        ConfigurationResult result = _directory.Load(File, Complete([(variable, value)]));

        var invalid = Assert.IsType<ConfigurationResult.Invalid>(result);
        Assert.Equal($"{variable}: {expected}", Assert.Single(invalid.Errors).ToString());
    }

    [Fact]
    public void A_variable_that_may_mean_two_zones_is_refused()
    {
        const string both = "[zones.\"a-b.example\"]\n[zones.\"a.b.example\"]\n";
        ConfigurationResult result = _directory.Load(
            both, ImmutableDictionary<string, string>.Empty.Add("ROLLOVERD__ZONES__A_B_EXAMPLE__PROVIDER", "rfc2136"));

        var invalid = Assert.IsType<ConfigurationResult.Invalid>(result);
        Assert.Contains(
            "ROLLOVERD__ZONES__A_B_EXAMPLE__PROVIDER: may mean [zones.\"a-b.example\"] or [zones.\"a.b.example\"]; "
                + "set the key in the file instead",
            invalid.Errors.Select(e => e.ToString()));
    }

    [Fact]
    public void Other_variables_are_left_alone() =>
        Assert.NotNull(Load(("ROLLOVERD", "x"), ("ROLLOVERD_CONFIG", "x"), ("PATH", "/bin")));

    private Desired Load(params (string Name, string Value)[] variables) =>
        _directory.LoadValid(File, Complete(variables));

    // The file leaves one zone to the environment.
    private Dictionary<string, string> Complete((string Name, string Value)[] variables)
    {
        var all = variables.ToDictionary(v => v.Name, v => v.Value);
        all[ZonesMyZone + "PROVIDER"] = "rfc2136";
        all[ZonesMyZone + "SERVER"] = "192.0.2.55:53";
        all[ZonesMyZone + "TSIG_FILE"] = _directory.Root + "/tsig.key";
        return all;
    }
}

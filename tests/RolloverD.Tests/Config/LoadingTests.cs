using System.Text;
using RolloverD.Config;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using Xunit;

namespace RolloverD.Tests.Config;

public sealed class LoadingTests : IDisposable
{
    private const string Smallest = """
        zones."example.net" = { provider = "rfc2136", server = "192.0.2.53:53", tsig-file = "{dir}/tsig.key" }
        issuers.ca = { type = "acme", directory = "https://acme.example.org/directory" }

        [certificates.mx1]
        names = ["MX1.example.net."]
        issuer = "ca"
        deploy = [{ server = "postfix" }]
        """;

    private readonly ConfigurationDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_is_left_out_has_the_documented_defaults()
    {
        Desired desired = _directory.LoadValid(Smallest);

        Assert.Equal("/var/lib/rolloverd", desired.StateDirectory);
        Assert.Equal<string>(["127.0.0.1:53"], desired.Resolver.Servers);
        Assert.Null(desired.Resolver.TrustAnchorFile);
        Assert.Equal(new Timing(TimeSpan.FromHours(1), TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)), desired.Timing);
        DesiredCertificate mx1 = desired.Certificates["mx1"];
        Assert.Equal<string>(["mx1.example.net"], mx1.Names);
        Assert.Equal(KeyAlgorithm.EcdsaP256, mx1.Key);
        Assert.Equal(KeyPolicy.Standby, mx1.KeyPolicy);
        Assert.Equal(TimeSpan.FromDays(365), mx1.RotateAfter);
        Assert.Null(mx1.RenewBefore);
        Assert.Equal<TlsaParameters>([TlsaParameters.DaneEeSpkiSha256], mx1.Tlsa);
        Assert.Equal<Endpoint>([new("mx1.example.net", 25)], mx1.Endpoints);
        Assert.Equal("postfix", Assert.Single(mx1.Deployments).Type);
    }

    [Fact]
    public void Everything_that_is_written_is_read()
    {
        Desired desired = _directory.LoadValid("""
            [state]
            directory = "/srv/rolloverd"
            [resolver]
            servers = ["127.0.0.2:5300", "[::1]:53"]
            trust-anchor = "{dir}/ca.pem"
            [timing]
            ttl = "1m30s"
            safety-margin = "0s"
            rollback-window = "10m"
            verification-patience = "20s"
            [zones."Example.NET."]
            provider = "rfc2136"
            server = "192.0.2.53:53"
            tsig-file = "{dir}/tsig.key"
            [issuers.ca]
            type = "acme"
            directory = "http://127.0.0.1:14000/dir"
            contact = "postmaster@example.net"
            challenge = "dns-01"
            ca-file = "{dir}/ca.pem"
            patience = "5m"
            [certificates.mx1]
            names = ["mx1.example.net", "*.example.net"]
            issuer = "ca"
            key = "rsa-3072"
            key-policy = "reuse"
            rotate-after = "30d"
            renew-before = "1d12h"
            tlsa = ["3 1 1", "3 1 2", "2 0 1"]
            endpoints = ["mx1.example.net", "MX2.example.net:465"]
            """ + "\n[[certificates.mx1.deploy]]\nserver = \"postfix\"\nconfig-directory = \"{dir}/postfix\"\n");

        Assert.Equal("/srv/rolloverd", desired.StateDirectory);
        Assert.Equal<string>(["127.0.0.2:5300", "[::1]:53"], desired.Resolver.Servers);
        Assert.Equal($"{_directory.Root}/ca.pem", desired.Resolver.TrustAnchorFile);
        Assert.Equal(
            new Timing(TimeSpan.FromSeconds(90), TimeSpan.Zero, TimeSpan.FromMinutes(10))
            {
                VerificationPatience = TimeSpan.FromSeconds(20),
            },
            desired.Timing);
        Assert.Equal($"{_directory.Root}/tsig.key", desired.Zones["example.net"].Get("tsig-file"));
        Assert.Equal(
            ["ca-file", "challenge", "contact", "directory", "patience"], desired.Issuers["ca"].Values.Keys.Order());
        DesiredCertificate mx1 = desired.Certificates["mx1"];
        Assert.Equal<string>(["mx1.example.net", "*.example.net"], mx1.Names);
        Assert.Equal(KeyAlgorithm.Rsa3072, mx1.Key);
        Assert.Equal(KeyPolicy.Reuse, mx1.KeyPolicy);
        Assert.Equal(TimeSpan.FromDays(30), mx1.RotateAfter);
        Assert.Equal(TimeSpan.FromHours(36), mx1.RenewBefore);
        Assert.Equal(["3 1 1", "3 1 2", "2 0 1"], mx1.Tlsa.Select(p => p.ToString()));
        Assert.Equal<Endpoint>([new("mx1.example.net", 25), new("mx2.example.net", 465)], mx1.Endpoints);
        Assert.Equal($"{_directory.Root}/postfix", Assert.Single(mx1.Deployments).Get("config-directory"));
    }

    [Fact]
    public void A_secret_that_everybody_can_read_is_warned_of()
    {
        _directory.WriteFile(
            "tsig.key", "key", UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        var valid = Assert.IsType<ConfigurationResult.Valid>(_directory.Load(Smallest));

        Assert.Equal(
            $"{_directory.ConfigurationPath}:1:85: zones.\"example.net\".tsig-file: everybody on this host can read "
                + $"the secret in {_directory.Root}/tsig.key, or change it; chmod o-rwx {_directory.Root}/tsig.key",
            Assert.Single(valid.Warnings).ToString());
    }

    [Fact]
    public void A_secret_in_the_place_of_its_file_is_not_repeated()
    {
        ConfigurationResult result = _directory.Load(
            Smallest.Replace("{dir}/tsig.key", "c2VjcmV0IHNlY3JldA==", StringComparison.Ordinal));

        Assert.DoesNotContain("c2VjcmV0", _directory.Describe(result), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_said_to_be_so()
    {
        // A link to itself: nobody can read it, not even root.
        string file = Path.Combine(_directory.Root, "tsig.key");
        File.Delete(file);
        File.CreateSymbolicLink(file, file);

        Assert.Contains(
            "tsig.key cannot be read: ",
            _directory.Describe(_directory.Load(Smallest)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_that_is_not_there_is_said_to_be_so() =>
        Assert.Equal(
            "invalid\nerror: absent.toml: the file absent.toml does not exist; "
                + "create it, or name another with --config FILE\n",
            _directory.Describe(ConfigurationFile.Load(
                Path.Combine(_directory.Root, "absent.toml"),
                ConfigurationDirectory.NoVariables,
                ConfigurationDirectory.Providers)));

    [Fact]
    public void A_directory_is_no_configuration() =>
        Assert.Equal(
            "invalid\nerror: postfix: postfix is a directory, not a file; "
                + "create it, or name another with --config FILE\n",
            _directory.Describe(ConfigurationFile.Load(
                Path.Combine(_directory.Root, "postfix"),
                ConfigurationDirectory.NoVariables,
                ConfigurationDirectory.Providers)));

    [Fact]
    public void A_file_that_is_not_UTF8_is_refused_with_the_place()
    {
        File.WriteAllBytes(_directory.ConfigurationPath, [.. Encoding.UTF8.GetBytes("# ü\n# caf"), 0xe9, (byte)'\n']);

        Assert.Equal(
            "invalid\nerror: rolloverd.toml:2:6: the file is not UTF-8 from here on; save it as UTF-8\n",
            _directory.Describe(ConfigurationFile.Load(
                _directory.ConfigurationPath, ConfigurationDirectory.NoVariables, ConfigurationDirectory.Providers)));
    }

    [Fact]
    public void A_byte_order_mark_and_foreign_line_ends_do_no_harm() =>
        Assert.NotNull(_directory.LoadValid(
            "\ufeff" + Smallest.Replace("\n", "\r\n", StringComparison.Ordinal)));

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("2d", 172_800)]
    [InlineData("1d1h1m1s", 90_061)]
    [InlineData("0s", 0)]
    public void Lengths_of_time_are_read(string text, int seconds)
    {
        Assert.True(DurationText.TryParse(text, out TimeSpan duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
        Assert.True(DurationText.TryParse(DurationText.Format(duration), out TimeSpan again));
        Assert.Equal(duration, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("5 m")]
    [InlineData("-5m")]
    [InlineData("1.5h")]
    [InlineData("5M")]
    [InlineData("5w")]
    [InlineData("1m1h")]
    [InlineData("1m1m")]
    [InlineData("1h5")]
    [InlineData("٣m")]
    [InlineData("36501d")]
    [InlineData("99999999999999999999s")]
    public void What_is_no_length_of_time_is_refused(string text) => Assert.False(DurationText.TryParse(text, out _));
}

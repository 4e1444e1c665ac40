using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using RolloverD.Config;
using RolloverD.Core.Policy;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Config;

/// <summary>config/ tells every key, and its example is a configuration that works.</summary>
public sealed partial class ReferenceTests
{
    private static readonly string Page = Repository.FileAt("config/README.md");

    [Fact]
    public void The_page_tells_every_key()
    {
        string page = File.ReadAllText(Page);
        int begin = page.IndexOf('\n', page.IndexOf("<!-- keys: begin", StringComparison.Ordinal)) + 1;
        int end = page.IndexOf("<!-- keys: end -->", StringComparison.Ordinal);

        GoldenFile.Matches(Page, page[..begin] + Keys() + page[end..]);
    }

    [Fact]
    public void The_example_works_with_the_defaults_that_it_shows()
    {
        string example = File.ReadAllText(Repository.FileAt("config/rolloverd.toml"));
        string uncommented = CommentedOut().Replace(example, "$1");
        using var directory = new ConfigurationDirectory();

        Desired shown = LoadHere(directory, example);
        Desired spelledOut = LoadHere(directory, uncommented);

        DesiredCertificate a = shown.Certificates["mx1"];
        DesiredCertificate b = spelledOut.Certificates["mx1"];
        Assert.Equal(shown.StateDirectory, spelledOut.StateDirectory);
        Assert.Equal<string>(shown.Resolver.Servers, spelledOut.Resolver.Servers);
        Assert.Equal(shown.Timing, spelledOut.Timing);
        Assert.Equal((a.Key, a.KeyPolicy, a.RotateAfter), (b.Key, b.KeyPolicy, b.RotateAfter));
        Assert.Equal(a.Tlsa, b.Tlsa);
        Assert.Equal(a.Endpoints, b.Endpoints);
    }

    // The files that the example names are put where the test may write, by the variables that an operator would use.
    private static Desired LoadHere(ConfigurationDirectory directory, string toml)
    {
        var environment = new Dictionary<string, string>
        {
            ["ROLLOVERD__ZONES__EXAMPLE_NET__TSIG_FILE"] = directory.Root + "/tsig.key",
            ["ROLLOVERD__CERTIFICATES__MX1__DEPLOY__0__CONFIG_DIRECTORY"] = directory.Root + "/postfix",
        };
        if (toml.Contains("\ntrust-anchor", StringComparison.Ordinal))
            environment["ROLLOVERD__RESOLVER__TRUST_ANCHOR"] = directory.Root + "/ca.pem";

        File.WriteAllText(directory.ConfigurationPath, toml);
        ConfigurationResult result = ConfigurationFile.Load(directory.ConfigurationPath, environment, Providers());
        var valid = Assert.IsType<ConfigurationResult.Valid>(result);
        Assert.Empty(valid.Warnings);
        return valid.Desired;
    }

    // The catalogue's own descriptions where it has them.
    private static KnownProviders Providers()
    {
        KnownProviders real = KnownProviders.OfCatalogue;
        KnownProviders stub = ConfigurationDirectory.Providers;
        return new(
            [.. real.Dns.UnionBy(stub.Dns, p => p.Type)],
            [.. real.Issuers.UnionBy(stub.Issuers, p => p.Type)],
            [.. real.MailServers.UnionBy(stub.MailServers, p => p.Type)]);
    }

    private static string Keys()
    {
        var text = new StringBuilder();
        KnownProviders providers = KnownProviders.OfCatalogue;
        foreach (SectionDefinition section in KnownKeys.Sections)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## `{section.Heading}`\n\n{section.Summary}\n\n");
            text.Append("| key | value | when left out | meaning | example |\n|---|---|---|---|---|\n");
            foreach (KeyDefinition key in section.Keys)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| `{key.Name}` | {key.Type} | {key.WhenLeftOut} | {key.Meaning} | `{key.Example}` |\n");
            }

            IEnumerable<ProviderDescription> own =
                section == KnownKeys.Zones ? providers.Dns
                : section == KnownKeys.Issuers ? providers.Issuers
                : section == KnownKeys.Deploy ? providers.MailServers
                : [];
            foreach (ProviderDescription provider in own)
                Append(text, section, provider);
        }

        return text.Append('\n').ToString();
    }

    private static void Append(StringBuilder text, SectionDefinition section, ProviderDescription provider)
    {
        text.Append(
            CultureInfo.InvariantCulture,
            $"\n### `{section.Keys[0].Name} = \"{provider.Type}\"`\n\n{provider.Summary}.\n\n");
        text.Append("| key | value | | meaning |\n|---|---|---|---|\n");
        foreach (SettingDefinition setting in provider.Settings)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| `{setting.Key}` | {SettingCheck.Expected(setting)}{(setting.Secret ? ", secret" : "")} "
                    + $"| {(setting.Required ? "required" : "may be left out")} | {setting.Help} |\n");
        }
    }

    [GeneratedRegex("^#([a-z-]+ = )", RegexOptions.Multiline)]
    private static partial Regex CommentedOut();
}

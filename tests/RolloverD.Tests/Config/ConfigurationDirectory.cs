using System.Collections.Immutable;
using RolloverD.Config;
using RolloverD.Core.Policy;

namespace RolloverD.Tests.Config;

/// <summary>A directory with the files that a configuration names; <c>{dir}</c> in texts stands for it.</summary>
internal sealed class ConfigurationDirectory : IDisposable
{
    /// <summary>Providers as the catalogue may describe them; the tests do not depend on which ones it has.</summary>
    public static readonly KnownProviders Providers = new(
        [
            new("rfc2136", "dynamic updates",
            [
                new("server", SettingKind.SocketAddress, true, "the zone's primary server"),
                new("tsig-file", SettingKind.File, true, "the key for TSIG") { Secret = true },
            ]),
        ],
        [
            new("acme", "an ACME server",
            [
                new("directory", SettingKind.Url, true, "the address of its directory"),
                new("contact", SettingKind.MailAddress, false, "who is told of trouble"),
                new("challenge", SettingKind.Choice, false, "how names are proved") { Choices = ["dns-01"] },
                new("ca-file", SettingKind.File, false, "an extra root"),
                new("patience", SettingKind.Duration, false, "how long it may take"),
            ]),
        ],
        [
            new("postfix", "Postfix",
            [
                new("config-directory", SettingKind.Directory, false, "where main.cf is"),
            ]),
        ]);

    public ConfigurationDirectory()
    {
        Root = Directory.CreateTempSubdirectory("rolloverd-config-").FullName;
        Directory.CreateDirectory(Path.Combine(Root, "postfix"));
        WriteFile("tsig.key", "key \"rolloverd\" { };", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        WriteFile("ca.pem", "", UnixFileMode.UserRead);
    }

    public string Root { get; }

    public string ConfigurationPath => Path.Combine(Root, "rolloverd.toml");

    public static ImmutableDictionary<string, string> NoVariables => ImmutableDictionary<string, string>.Empty;

    public void WriteFile(string name, string content, UnixFileMode mode)
    {
        string path = Path.Combine(Root, name);
        File.WriteAllText(path, content);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }

    public ConfigurationResult Load(string toml, IReadOnlyDictionary<string, string>? environment = null)
    {
        File.WriteAllText(ConfigurationPath, toml.Replace("{dir}", Root, StringComparison.Ordinal));
        return ConfigurationFile.Load(ConfigurationPath, environment ?? NoVariables, Providers);
    }

    public Desired LoadValid(string toml, IReadOnlyDictionary<string, string>? environment = null)
    {
        ConfigurationResult result = Load(toml, environment);
        return result is ConfigurationResult.Valid valid
            ? valid.Desired
            : throw new InvalidOperationException(Describe(result));
    }

    /// <summary>A result as lines, the same wherever the directory is.</summary>
    public string Describe(ConfigurationResult result)
    {
        IEnumerable<string> lines = result switch
        {
            ConfigurationResult.Valid valid => valid.Warnings.Select(w => $"warning: {w}").Prepend("valid"),
            ConfigurationResult.Invalid invalid =>
                invalid.Errors.Select(e => $"error: {e}")
                    .Concat(invalid.Warnings.Select(w => $"warning: {w}"))
                    .Prepend("invalid"),
            _ => throw new InvalidOperationException(),
        };
        return string.Concat(lines.Select(l => l.Replace(Root + "/", "", StringComparison.Ordinal) + "\n"));
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

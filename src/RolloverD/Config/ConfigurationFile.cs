using System.Collections;
using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;
using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>Reads rolloverd.toml, with the environment laid over it, into what the operator wants.</summary>
public static class ConfigurationFile
{
    /// <summary>Where the file is when nothing else is said.</summary>
    public const string DefaultPath = "/etc/rolloverd/rolloverd.toml";

    /// <summary>Reads the file by the providers of the catalogue.</summary>
    public static ConfigurationResult Load(string path, IReadOnlyDictionary<string, string> environment) =>
        Load(path, environment, KnownProviders.OfCatalogue);

    /// <summary>Reads the file. Never throws for what file or environment hold.</summary>
    /// <param name="path">The file.</param>
    /// <param name="environment">Variables; those that begin with <c>ROLLOVERD__</c> go before the file.</param>
    /// <param name="providers">The providers that can be named.</param>
    public static ConfigurationResult Load(
        string path, IReadOnlyDictionary<string, string> environment, KnownProviders providers)
    {
        var findings = new Findings();
        if (Text(path, findings) is not { } text)
            return new ConfigurationResult.Invalid(findings.Errors, []);

        TableNode root = TomlTree.Read(text, path, findings);
        EnvironmentOverlay.Apply(root, environment, findings);
        var places = new Places();
        Desired desired = new DesiredReader(providers).Read(new TableReader(root, KeyPath.Root, findings, places));
        if (!findings.FileIsBroken)
            Judge(desired, findings, places);

        return findings.HasErrors
            ? new ConfigurationResult.Invalid(findings.Errors, findings.Warnings)
            : new ConfigurationResult.Valid(desired, findings.Warnings);
    }

    /// <summary>The variables of this process.</summary>
    public static ImmutableDictionary<string, string> ProcessEnvironment() =>
        Environment.GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToImmutableDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);

    private static void Judge(Desired desired, Findings findings, Places places)
    {
        foreach (PolicyFinding finding in PolicyRules.Check(desired))
        {
            (Place place, KeyPath key) = places.Find(finding.Key);
            if (finding is PolicyFinding.Error)
                findings.Error(place, key, finding.Message, finding.Remedy);
            else
                findings.Warning(place, key, finding.Message, finding.Remedy);
        }
    }

    private static string? Text(string path, Findings findings)
    {
        string full = Path.GetFullPath(path);
        if (SettingCheck.FileFlaw(full, secret: false) is var (message, remedy))
        {
            findings.Error(
                new Place(path, 0, 0),
                KeyPath.Root,
                message,
                File.Exists(full) ? remedy : "create it, or name another with --config FILE");
            return null;
        }

        byte[] bytes = File.ReadAllBytes(full);
        ReadOnlySpan<byte> content = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(3) : bytes;
        if (Utf8.IsValid(content))
            return Encoding.UTF8.GetString(content);

        Place place = PlaceOfFirstInvalid(path, content);
        findings.Error(place, KeyPath.Root, "the file is not UTF-8 from here on", "save it as UTF-8");
        return null;
    }

    private static Place PlaceOfFirstInvalid(string path, ReadOnlySpan<byte> content)
    {
        int line = 1;
        int column = 1;
        while (Rune.DecodeFromUtf8(content, out Rune rune, out int length) == System.Buffers.OperationStatus.Done)
        {
            (line, column) = rune.Value == '\n' ? (line + 1, 1) : (line, column + 1);
            content = content[length..];
        }

        return new(path, line, column);
    }
}

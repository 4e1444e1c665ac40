using System.Collections.Immutable;
using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>Reads a table whose keys are a provider's word and that provider's own settings.</summary>
internal static class ProviderTable
{
    /// <summary>The provider and its settings; an empty type when the word is missing or unknown.</summary>
    /// <param name="table">The table.</param>
    /// <param name="word">The key that names the provider.</param>
    /// <param name="known">The providers that there are.</param>
    public static ProviderSettings Read(TableReader table, TextKey word, ImmutableArray<ProviderDescription> known)
    {
        string type = table.Required(word);
        if (known.FirstOrDefault(p => p.Type == type) is not { } description)
        {
            if (type.Length > 0)
            {
                table.Error(
                    word.Name,
                    $"there is no {word.Kind} '{type}'",
                    NearestWord.Advice(type, [.. known.Select(p => p.Type)]));
            }

            return new("", ImmutableDictionary<string, string>.Empty);
        }

        table.RefuseOthers([word.Name, .. description.Settings.Select(s => s.Key)]);
        var values = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (SettingDefinition setting in description.Settings)
        {
            if (Value(table, description, setting) is { } value)
                values.Add(setting.Key, value);
        }

        return new(type, values.ToImmutable());
    }

    private static string? Value(TableReader table, ProviderDescription provider, SettingDefinition setting)
    {
        string help = $"{setting.Key} is {setting.Help} ({SettingCheck.Expected(setting)})";
        if (!table.Keys.Contains(setting.Key))
        {
            if (setting.Required)
                table.Missing(setting.Key, $"is missing: {provider.Type} needs it", $"add it: {help}");
            return null;
        }

        if (table.Text(setting.Key, help) is not { } text)
            return null;

        if (SettingCheck.Flaw(setting, text) is var (message, remedy))
        {
            table.Error(setting.Key, message, remedy);
            return null;
        }

        if (setting is { Secret: true, Kind: SettingKind.File }
            && !OperatingSystem.IsWindows()
            && (File.GetUnixFileMode(text) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
        {
            table.Warning(
                setting.Key,
                $"everybody on this host can read the secret in {text}, or change it",
                $"chmod o-rwx {text}");
        }

        return text;
    }
}

using System.Collections.Immutable;

namespace RolloverD.Core.Policy;

/// <summary>The settings of one configured provider, as text, checked against its catalogue entry.</summary>
/// <param name="Type">The provider's word: <c>rfc2136</c>, <c>acme</c>, <c>postfix</c>.</param>
/// <param name="Values">Setting name to text; only names that the provider's catalogue entry lists.</param>
public sealed record ProviderSettings(string Type, ImmutableDictionary<string, string> Values)
{
    /// <summary>The setting's text, or null when it is left out.</summary>
    public string? Find(string key) => Values.GetValueOrDefault(key);

    /// <summary>The text of a setting that the catalogue requires.</summary>
    public string Get(string key) =>
        Values.TryGetValue(key, out string? value)
            ? value
            : throw new InvalidOperationException($"the {Type} provider's required setting '{key}' was not validated");
}

/// <summary>What a setting's text must be.</summary>
public enum SettingKind
{
    Text,

    /// <summary>A file that exists and can be read.</summary>
    File,

    /// <summary>A directory that exists.</summary>
    Directory,

    /// <summary>An http or https address.</summary>
    Url,

    /// <summary><c>address:port</c>, IPv6 in brackets.</summary>
    SocketAddress,

    /// <summary>A mail address.</summary>
    MailAddress,

    /// <summary>One of <see cref="SettingDefinition.Choices"/>.</summary>
    Choice,

    /// <summary>A length of time such as <c>90s</c>, <c>5m</c>, <c>1h</c>, <c>2d</c>.</summary>
    Duration,
}

/// <summary>One setting that a provider knows; the configuration is validated and documented from these.</summary>
public sealed record SettingDefinition(string Key, SettingKind Kind, bool Required, string Help)
{
    /// <summary>The words allowed for <see cref="SettingKind.Choice"/>.</summary>
    public ImmutableArray<string> Choices { get; init; } = [];

    /// <summary>
    /// The value, or the content of the file it names, is a secret: it is never printed, and a file that everybody may
    /// read is warned of.
    /// </summary>
    public bool Secret { get; init; }
}

/// <summary>What a provider says of itself: its word, what it is, and its settings.</summary>
public sealed record ProviderDescription(string Type, string Summary, ImmutableArray<SettingDefinition> Settings);

using System.Globalization;

namespace RolloverD.Core.Policy;

/// <summary>
/// The place of a value in the configuration, written as its TOML key: <c>certificates.mx1.tlsa[1]</c>,
/// <c>zones."example.net".server</c>. Items of a list count from zero.
/// </summary>
public sealed record KeyPath
{
    public static readonly KeyPath Root = new("", null);

    private KeyPath(string text, KeyPath? parent)
    {
        Text = text;
        Parent = parent;
    }

    /// <summary>The key as it is written; empty for the whole file.</summary>
    public string Text { get; }

    /// <summary>The table or list that holds the value; null for the whole file.</summary>
    public KeyPath? Parent { get; }

    /// <summary>The keys of one certificate.</summary>
    public static KeyPath Certificate(string name) => Root.Key("certificates").Key(name);

    /// <summary>A key inside this table.</summary>
    public KeyPath Key(string name)
    {
        string written = name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? name
            : $"\"{name}\"";
        return new(Text.Length == 0 ? written : $"{Text}.{written}", this);
    }

    /// <summary>An item of this list, counted from zero.</summary>
    public KeyPath Item(int index) => new(string.Create(CultureInfo.InvariantCulture, $"{Text}[{index}]"), this);

    public bool Equals(KeyPath? other) => other is not null && Text == other.Text;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;
}

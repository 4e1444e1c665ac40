namespace RolloverD.Core.Dane;

/// <summary>Domain names as this program keeps them: lower case, no final dot, the root as <c>.</c>.</summary>
/// <remarks>
/// RFC 1035 §2.3.4 for the limits; underscores are allowed because owners such as <c>_25._tcp</c> hold them.
/// </remarks>
public static class DnsName
{
    /// <summary>
    /// Brings a name into the kept form; false when a label is empty or over 63, or the name over 253 characters.
    /// </summary>
    public static bool TryNormalise(string text, out string name)
    {
        name = text.Trim().ToLowerInvariant();
        if (name == ".")
            return true;

        if (name.EndsWith('.'))
            name = name[..^1];

        return name.Length is > 0 and <= 253 && name.Split('.').All(IsLabel);
    }

    /// <summary>Whether the name is the zone's own or lies below it.</summary>
    public static bool IsAtOrBelow(string name, string zone) =>
        zone == "." || name == zone || name.EndsWith("." + zone, StringComparison.Ordinal);

    /// <summary>The longest of the zones that holds the name, or null.</summary>
    public static string? ClosestZone(string name, IEnumerable<string> zones) =>
        zones.Where(z => IsAtOrBelow(name, z)).MaxBy(z => z.Length);

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '*')
        && !label.StartsWith('-') && !label.EndsWith('-');
}

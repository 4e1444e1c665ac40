using System.Globalization;
using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>
/// Puts what the environment says over what the file says. <c>ROLLOVERD__TIMING__SAFETY_MARGIN</c> is
/// <c>timing.safety-margin</c>: words are parted by two underscores, and one underscore is a hyphen, or in the name of
/// a zone any character that variables cannot have.
/// </summary>
internal sealed class EnvironmentOverlay
{
    private const string Prefix = "ROLLOVERD__";
    private const string Separator = "__";
    private const string Deploy = "__DEPLOY__";

    private static readonly string[] PlainSections = ["state", "resolver", "timing"];
    private static readonly string[] NamedSections = ["zones", "issuers", "certificates"];

    private readonly TableNode _root;
    private readonly Findings _findings;

    private EnvironmentOverlay(TableNode root, Findings findings)
    {
        _root = root;
        _findings = findings;
    }

    /// <summary>Lays all variables that begin with <c>ROLLOVERD__</c> over the tree.</summary>
    public static void Apply(TableNode root, IReadOnlyDictionary<string, string> environment, Findings findings)
    {
        var overlay = new EnvironmentOverlay(root, findings);
        foreach ((string variable, string value) in environment
            .Where(v => v.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            overlay.Apply(variable, value);
        }
    }

    private void Apply(string variable, string value)
    {
        var place = Place.Variable(variable);
        string rest = variable[Prefix.Length..];
        int end = rest.IndexOf(Separator, StringComparison.Ordinal);
        string section = Word(end < 0 ? rest : rest[..end]);
        string path = end < 0 ? "" : rest[(end + Separator.Length)..];
        if (!PlainSections.Contains(section) && !NamedSections.Contains(section))
        {
            Refuse(
                place,
                $"there is no table [{section}]",
                NearestWord.Advice(section, [.. PlainSections, .. NamedSections]));
        }
        else if (path.Length == 0)
        {
            Refuse(place, "names no key", $"write {Prefix}{section.ToUpperInvariant()}__KEY");
        }
        else if (value.Length == 0)
        {
            Refuse(place, "is empty", "unset it or give it a value");
        }
        else if (Find(section, path, place) is var (table, key))
        {
            table.Entries[key] = new(place, new TextNode(place, value));
        }
    }

    /// <summary>The table and the key that a variable names; null when it was refused.</summary>
    private (TableNode Table, string Key)? Find(string section, string path, Place place)
    {
        if (TableAt(_root, section, place) is not { } table)
            return null;

        if (PlainSections.Contains(section))
            return (table, Word(path));

        // From the right, because the name of a table may itself hold two underscores where it has two hyphens.
        int deploy = section == "certificates" ? path.LastIndexOf(Deploy, StringComparison.Ordinal) : -1;
        int split = deploy >= 0 ? deploy : path.LastIndexOf(Separator, StringComparison.Ordinal);
        if (split <= 0)
        {
            Refuse(place, "names no key", $"write {Prefix}{section.ToUpperInvariant()}__NAME__KEY");
            return null;
        }

        if (NameIn(section, table, path[..split], place) is not { } name
            || TableAt(table, name, place) is not { } named)
        {
            return null;
        }

        return deploy >= 0
            ? Deployment(named, path[(deploy + Deploy.Length)..], place)
            : (named, Word(path[(split + Separator.Length)..]));
    }

    private (TableNode Table, string Key)? Deployment(TableNode certificate, string path, Place place)
    {
        if (!certificate.Entries.TryGetValue("deploy", out Entry? entry))
        {
            entry = new(place, new ListNode(place) { IsArrayOfTables = true });
            certificate.Entries.Add("deploy", entry);
        }

        int split = path.IndexOf(Separator, StringComparison.Ordinal);
        if (split <= 0
            || entry.Value is not ListNode list
            || !int.TryParse(path.AsSpan(0, split), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            || index > list.Items.Count)
        {
            Refuse(
                place,
                "names no deployment",
                "write …__DEPLOY__0__KEY for the first mail server, __DEPLOY__1__ for the second, without a gap");
            return null;
        }

        if (index == list.Items.Count)
            list.Items.Add(new TableNode(place));
        return list.Items[index] is TableNode table ? (table, Word(path[(split + Separator.Length)..])) : null;
    }

    /// <summary>The name in the file that looks like that in a variable; a new name when there is none.</summary>
    private string? NameIn(string section, TableNode table, string written, Place place)
    {
        string[] alike =
        [
            .. table.Entries.Keys.Where(n => string.Equals(Folded(n), written, StringComparison.OrdinalIgnoreCase)),
        ];
        if (alike.Length > 1)
        {
            Refuse(
                place,
                $"may mean {string.Join(" or ", alike.Select(a => $"[{KeyPath.Root.Key(section).Key(a)}]"))}",
                "set the key in the file instead");
            return null;
        }

        return alike.Length == 1 ? alike[0]
            : section == "zones" ? written.ToLowerInvariant().Replace('_', '.')
            : Word(written);
    }

    private static TableNode? TableAt(TableNode parent, string key, Place place)
    {
        if (!parent.Entries.TryGetValue(key, out Entry? entry))
        {
            entry = new(place, new TableNode(place));
            parent.Entries.Add(key, entry);
        }

        return entry.Value as TableNode; // something else is refused when the table is read
    }

    private void Refuse(Place place, string message, string remedy) =>
        _findings.Error(place, KeyPath.Root, message, remedy);

    private static string Word(string segment) => segment.ToLowerInvariant().Replace('_', '-');

    private static string Folded(string name) =>
        string.Concat(name.TrimEnd('.').Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
}

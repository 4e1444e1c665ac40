using System.Collections.Immutable;
using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>Turns the text of a list's item into a value; false with a flaw and a remedy when it is none.</summary>
internal delegate bool ItemParser<T>(string text, out T value, out string flaw, out string remedy);

/// <summary>Reads the keys of one table by their definitions. What is wrong is reported and left out.</summary>
internal sealed class TableReader
{
    private readonly TableNode _table;
    private readonly Findings _findings;
    private readonly Places _places;

    public TableReader(TableNode table, KeyPath path, Findings findings, Places places)
    {
        _table = table;
        Path = path;
        _findings = findings;
        _places = places;
        places.Add(path, table.Place);
    }

    public KeyPath Path { get; }

    public IEnumerable<string> Keys => _table.Entries.Keys;

    /// <summary>The place of a key's value; the table's when it is left out.</summary>
    public Place PlaceOf(string key) =>
        _table.Entries.TryGetValue(key, out Entry? entry) ? entry.Value.Place : _table.Place;

    public void Error(string key, string message, string remedy) =>
        _findings.Error(PlaceOf(key), Path.Key(key), message, remedy);

    public void Warning(string key, string message, string remedy) =>
        _findings.Warning(PlaceOf(key), Path.Key(key), message, remedy);

    /// <summary>Shows what is found about a value that was left out at the value that it was taken from.</summary>
    public void Alias(KeyPath leftOut, KeyPath takenFrom)
    {
        (Place place, KeyPath written) = _places.Find(takenFrom);
        _places.Add(leftOut, place, written);
    }

    /// <summary>A table inside this one; null when there is none.</summary>
    public TableReader? Table(string key) =>
        !_table.Entries.TryGetValue(key, out Entry? entry) ? null
        : entry.Value is TableNode table ? new(table, Path.Key(key), _findings, _places)
        : WrongKind<TableReader>(key, entry.Value, "a table", $"write it as [{Path.Key(key)}]");

    /// <summary>Every table inside this one, by name.</summary>
    public IEnumerable<(string Name, TableReader Table)> Tables() =>
        from name in _table.Entries.Keys
        let table = Table(name)
        where table is not null
        select (name, table);

    /// <summary>The tables of a list such as <c>[[deploy]]</c>.</summary>
    public IEnumerable<TableReader> TableList(string key)
    {
        if (!_table.Entries.TryGetValue(key, out Entry? entry))
            yield break;

        string remedy = $"write it as [[{Path.Key(key)}]]";
        if (entry.Value is not ListNode list)
        {
            WrongKind<object>(key, entry.Value, "a list of tables", remedy);
            yield break;
        }

        for (int i = 0; i < list.Items.Count; i++)
        {
            KeyPath path = Path.Key(key).Item(i);
            if (list.Items[i] is TableNode table)
                yield return new(table, path, _findings, _places);
            else
                _findings.Error(list.Items[i].Place, path, $"must be a table, not {list.Items[i].Kind}", remedy);
        }
    }

    /// <summary>A text; null when it is left out.</summary>
    /// <param name="key">The key.</param>
    /// <param name="remedy">What to write when it is something else.</param>
    public string? Text(string key, string remedy)
    {
        if (!_table.Entries.TryGetValue(key, out Entry? entry))
            return null;

        _places.Add(Path.Key(key), entry.Value.Place);
        return entry.Value is TextNode text
            ? text.Text
            : WrongKind<string>(key, entry.Value, "a text in quotes", remedy);
    }

    public string? Text(KeyDefinition key) => Text(key.Name, Write(key));

    /// <summary>A text that must be there; empty when it is not.</summary>
    public string Required(KeyDefinition key)
    {
        Missing(key);
        string? text = Text(key);
        if (text is "")
            Error(key.Name, "is empty", Write(key));
        return text ?? "";
    }

    /// <summary>What one of the words stands for; null when it is left out.</summary>
    public T? Choice<T>(ChoiceKey key, IReadOnlyDictionary<string, T> words)
        where T : struct
    {
        if (Text(key) is not { } word)
            return null;

        if (words.TryGetValue(word, out T value))
            return value;

        Error(key.Name, $"'{word}' is not one of {string.Join(", ", key.Words)}", NearestWord.Choose(word, key.Words));
        return null;
    }

    /// <summary>A length of time within the key's bounds; null when it is left out.</summary>
    public TimeSpan? Duration(DurationKey key)
    {
        if (Text(key) is not { } text)
            return null;

        if (!DurationText.TryParse(text, out TimeSpan duration))
            Error(key.Name, $"'{text}' is not a length of time", "write it like 90s, 5m, 1h30m or 2d");
        else if (duration < key.Least || duration > key.Most)
            Error(key.Name, $"{text} is out of bounds", $"use {key.Bounds}");
        else
            return duration;

        return null;
    }

    /// <summary>The items of a list, without those that were refused; null when the list is left out.</summary>
    /// <remarks>From the environment: items between commas.</remarks>
    public ImmutableArray<T>? List<T>(ListKey key, ItemParser<T> parse)
    {
        if (!_table.Entries.TryGetValue(key.Name, out Entry? entry))
            return null;

        KeyPath path = Path.Key(key.Name);
        _places.Add(path, entry.Value.Place);
        List<Node>? items = entry.Value switch
        {
            ListNode list => list.Items,
            TextNode { Place.IsVariable: true } text =>
                [.. text.Text.Split(',', StringSplitOptions.TrimEntries).Select(t => new TextNode(text.Place, t))],
            _ => null,
        };
        if (items is null)
        {
            WrongKind<object>(key.Name, entry.Value, "a list", Write(key));
            return [];
        }

        if (items.Count == 0)
            _findings.Error(entry.Value.Place, path, "is an empty list", Write(key));

        return [.. Items(key, path, items, parse)];
    }

    /// <summary>Says that a key must be there, when it is not.</summary>
    public void Missing(KeyDefinition key) => Missing(key.Name, "is missing", Write(key));

    /// <summary>Says that a key must be there, when it is not.</summary>
    public void Missing(string key, string message, string remedy)
    {
        if (!_findings.FileIsBroken && !_table.Entries.ContainsKey(key))
            _findings.Error(_table.Place, Path.Key(key), message, remedy);
    }

    /// <summary>Refuses all keys that are not known.</summary>
    public void RefuseOthers(IReadOnlyCollection<string> known)
    {
        foreach ((string key, Entry entry) in _table.Entries.Where(e => !known.Contains(e.Key)))
        {
            string what = Path.Text.Length > 0 ? $"is no key of [{Path}]" : "is no table of the configuration";
            _findings.Error(entry.KeyPlace, Path.Key(key), what, NearestWord.Advice(key, known));
        }
    }

    private List<T> Items<T>(ListKey key, KeyPath path, List<Node> items, ItemParser<T> parse)
    {
        var read = new List<T>();
        for (int i = 0; i < items.Count; i++)
        {
            KeyPath written = path.Item(i);
            if (items[i] is not TextNode item)
            {
                _findings.Error(items[i].Place, written, $"must be a text in quotes, not {items[i].Kind}", Write(key));
            }
            else if (!parse(item.Text, out T value, out string flaw, out string remedy))
            {
                _findings.Error(item.Place, written, flaw, remedy);
            }
            else
            {
                _places.Add(path.Item(read.Count), item.Place, written);
                read.Add(value);
            }
        }

        return read;
    }

    private T? WrongKind<T>(string key, Node found, string expected, string remedy)
        where T : class
    {
        _findings.Error(found.Place, Path.Key(key), $"must be {expected}, not {found.Kind}", remedy);
        return null;
    }

    private static string Write(KeyDefinition key) => $"write it like {key.Name} = {key.Example}";
}

using RolloverD.Core.Policy;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace RolloverD.Config;

/// <summary>Brings a TOML text into the form that the configuration is read from, and says what is not TOML.</summary>
internal sealed class TomlTree
{
    private readonly string _file;
    private readonly Findings _findings;

    private TomlTree(string file, Findings findings)
    {
        _file = file;
        _findings = findings;
    }

    /// <summary>Reads the text. What cannot be read is reported and left out.</summary>
    public static TableNode Read(string text, string file, Findings findings)
    {
        DocumentSyntax document = SyntaxParser.Parse(text, file, validate: false);
        foreach (DiagnosticMessage problem in document.Diagnostics)
        {
            findings.Broken(
                PlaceOf(file, problem.Span),
                $"this is not TOML: {problem.Message.TrimEnd('.')}",
                "mind that texts and lengths of time stand in quotes, as in ttl = \"1h\"");
        }

        var tree = new TomlTree(file, findings);
        var root = new TableNode(new Place(file, 1, 1));
        tree.AddAll(root, KeyPath.Root, document.KeyValues);
        foreach (TableSyntaxBase table in document.Tables)
            tree.AddTable(root, table);

        return root;
    }

    private void AddTable(TableNode root, TableSyntaxBase syntax)
    {
        if (syntax.Name is not { } name)
            return;

        Place place = PlaceOf(_file, name.Span);
        string[] words = [.. Words(name)];
        if (Descend(root, KeyPath.Root, words.AsSpan(..^1), place) is not { } found)
            return;

        (TableNode parent, KeyPath parentPath) = found;
        KeyPath path = parentPath.Key(words[^1]);
        TableNode? table = syntax is TableArraySyntax
            ? AddItem(parent, words[^1], path, place)
            : AddHeading(parent, words[^1], path, place);
        if (table is not null)
            AddAll(table, path, syntax.Items);
    }

    private TableNode? AddHeading(TableNode parent, string word, KeyPath path, Place place)
    {
        if (!parent.Entries.TryGetValue(word, out Entry? existing))
        {
            var added = new TableNode(place) { HasHeading = true };
            parent.Entries.Add(word, new(place, added));
            return added;
        }

        if (existing.Value is TableNode { HasHeading: false } implied)
        {
            implied.HasHeading = true;
            return implied;
        }

        Twice(place, path, existing);
        return null;
    }

    private TableNode? AddItem(TableNode parent, string word, KeyPath path, Place place)
    {
        if (!parent.Entries.TryGetValue(word, out Entry? existing))
        {
            existing = new(place, new ListNode(place) { IsArrayOfTables = true });
            parent.Entries.Add(word, existing);
        }

        if (existing.Value is not ListNode { IsArrayOfTables: true } list)
        {
            Twice(place, path, existing);
            return null;
        }

        var item = new TableNode(place) { HasHeading = true };
        list.Items.Add(item);
        return item;
    }

    private void AddAll(TableNode table, KeyPath path, IEnumerable<KeyValueSyntax> pairs)
    {
        foreach (KeyValueSyntax pair in pairs)
        {
            if (pair.Key is not { } key || pair.Value is not { } value)
                continue; // reported as not TOML

            Place place = PlaceOf(_file, key.Span);
            string[] words = [.. Words(key)];
            if (Descend(table, path, words.AsSpan(..^1), place) is not { } found)
                continue;

            (TableNode holder, KeyPath holderPath) = found;
            KeyPath valuePath = holderPath.Key(words[^1]);
            if (holder.Entries.TryGetValue(words[^1], out Entry? existing))
                Twice(place, valuePath, existing);
            else
                holder.Entries.Add(words[^1], new(place, NodeOf(value, valuePath)));
        }
    }

    private (TableNode, KeyPath)? Descend(TableNode from, KeyPath path, ReadOnlySpan<string> words, Place place)
    {
        foreach (string word in words)
        {
            path = path.Key(word);
            if (!from.Entries.TryGetValue(word, out Entry? entry))
            {
                entry = new(place, new TableNode(place));
                from.Entries.Add(word, entry);
            }

            TableNode? next = entry.Value switch
            {
                TableNode table => table,
                ListNode { IsArrayOfTables: true } list => (TableNode)list.Items[^1],
                _ => null,
            };
            if (next is null)
            {
                Twice(place, path, entry);
                return null;
            }

            from = next;
        }

        return (from, path);
    }

    private Node NodeOf(ValueSyntax value, KeyPath path)
    {
        Place place = PlaceOf(_file, value.Span);
        switch (value)
        {
            case StringValueSyntax text:
                return new TextNode(place, text.Value ?? "");
            case ArraySyntax array:
                var list = new ListNode(place);
                foreach (ArrayItemSyntax item in array.Items)
                {
                    if (item.Value is { } itemValue)
                        list.Items.Add(NodeOf(itemValue, path.Item(list.Items.Count)));
                }

                return list;
            case InlineTableSyntax inline:
                var table = new TableNode(place) { HasHeading = true };
                AddAll(table, path, inline.Items.Select(i => i.KeyValue).OfType<KeyValueSyntax>());
                return table;
            case IntegerValueSyntax or FloatValueSyntax:
                return new ForeignNode(place, "a number");
            case BooleanValueSyntax:
                return new ForeignNode(place, "a boolean");
            default:
                return new ForeignNode(place, "a date or time");
        }
    }

    private void Twice(Place place, KeyPath path, Entry first) =>
        _findings.Error(
            place,
            path,
            $"stands here a second time; line {first.KeyPlace.Line} has it already",
            "keep one of the two");

    private static IEnumerable<string> Words(KeySyntax key) =>
        key.DotKeys.Select(d => d.Key).Prepend(key.Key).Select(Word);

    private static string Word(BareKeyOrStringValueSyntax? key) => key switch
    {
        StringValueSyntax quoted => quoted.Value ?? "",
        BareKeySyntax bare => bare.Key?.Text ?? "",
        _ => "",
    };

    private static Place PlaceOf(string file, SourceSpan span) => new(file, span.Start.Line + 1, span.Start.Column + 1);
}

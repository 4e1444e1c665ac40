namespace RolloverD.Config;

/// <summary>Where a value stands: a place in a file, or the name of an environment variable with line 0.</summary>
/// <param name="Source">The file's path, or the variable's name.</param>
/// <param name="Line">Counted from 1; 0 for the whole file or a variable.</param>
/// <param name="Column">Counted from 1; 0 for the whole file or a variable.</param>
internal readonly record struct Place(string Source, int Line, int Column)
{
    /// <summary>Whether the value came from an environment variable.</summary>
    public bool IsVariable { get; init; }

    public static Place Variable(string name) => new(name, 0, 0) { IsVariable = true };
}

/// <summary>
/// The configuration as it was written, before anything is asked of it: tables, lists and values, each with its place.
/// File and environment are brought into this one form.
/// </summary>
internal abstract class Node(Place place)
{
    public Place Place { get; } = place;

    /// <summary>What the node is, for people.</summary>
    public abstract string Kind { get; }
}

/// <summary>A text in quotes, or a variable's value.</summary>
internal sealed class TextNode(Place place, string text) : Node(place)
{
    public string Text { get; } = text;

    public override string Kind => "a text";
}

/// <summary>A number, a boolean or a date: nothing that any key takes.</summary>
internal sealed class ForeignNode(Place place, string kind) : Node(place)
{
    public override string Kind => kind;
}

/// <summary>A list of values, or of tables.</summary>
internal sealed class ListNode(Place place) : Node(place)
{
    public List<Node> Items { get; } = [];

    /// <summary>Written as <c>[[…]]</c>, so that another such heading adds to it.</summary>
    public bool IsArrayOfTables { get; init; }

    public override string Kind => "a list";
}

/// <summary>A table: its keys in the order in which they were written.</summary>
internal sealed class TableNode(Place place) : Node(place)
{
    public OrderedDictionary<string, Entry> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>Has a heading of its own, so that a second one is a mistake.</summary>
    public bool HasHeading { get; set; }

    public override string Kind => "a table";
}

/// <summary>A key of a table and what stands there.</summary>
internal sealed record Entry(Place KeyPlace, Node Value);

using Spectre.Console;

namespace RolloverD.Commands;

/// <summary>What a piece of text means; the terminal decides how that looks.</summary>
internal enum Tone
{
    Plain,
    Strong,
    Good,
    Waiting,
    Bad,
    Faint,
}

/// <summary>A piece of a line.</summary>
internal readonly record struct Piece(string Content, Tone Tone = Tone.Plain)
{
    /// <summary>Never null: the piece that nobody made is empty.</summary>
    public string Text => Content ?? "";

    public static implicit operator Piece(string text) => new(text);
}

/// <summary>Lines of text of a given width: made once, shown plainly, in colour, or live.</summary>
/// <param name="width">Columns; no line is longer.</param>
internal sealed class Page(int width)
{
    private readonly List<Piece[]> lines = [];

    public int Width => width;

    public int Height => lines.Count;

    /// <summary>Each line as plain text.</summary>
    public IEnumerable<string> Text => lines.Select(l => string.Concat(Cut(l).Select(p => p.Text)).TrimEnd());

    /// <summary>One line, cut when it is too long.</summary>
    public void Line(params Piece[] pieces) => lines.Add(pieces);

    /// <summary>A text after a head, its further lines indented below the first.</summary>
    public void Say(string head, string text, Tone tone = Tone.Plain)
    {
        string before = head;
        foreach (string line in Words.Wrap(text, Math.Max(20, width - head.Length)))
        {
            lines.Add([before, new(line, tone)]);
            before = new(' ', head.Length);
        }
    }

    /// <summary>The lines of another page below those of this one.</summary>
    public void Append(Page other) => lines.AddRange(other.lines);

    /// <summary>The first so many lines alone.</summary>
    public void CropTo(int height)
    {
        if (lines.Count > height)
            lines.RemoveRange(height, lines.Count - height);
    }

    /// <summary>Shows the page.</summary>
    public void Print(IAnsiConsole console)
    {
        foreach (Piece[] line in lines)
            console.MarkupLine(Markup(line));
    }

    /// <summary>The page for the live display.</summary>
    public Rows ToRows() => new(lines.Select(l => new Markup(l.Length == 0 ? " " : Markup(l))));

    private string Markup(Piece[] line) => string.Concat(Cut(line).Select(p => p.Tone switch
    {
        Tone.Strong => $"[bold]{p.Text.EscapeMarkup()}[/]",
        Tone.Good => $"[green]{p.Text.EscapeMarkup()}[/]",
        Tone.Waiting => $"[yellow]{p.Text.EscapeMarkup()}[/]",
        Tone.Bad => $"[red]{p.Text.EscapeMarkup()}[/]",
        Tone.Faint => $"[dim]{p.Text.EscapeMarkup()}[/]",
        _ => p.Text.EscapeMarkup(),
    }));

    private IEnumerable<Piece> Cut(Piece[] line)
    {
        int left = width;
        foreach (Piece piece in line)
        {
            if (piece.Text.Length <= left)
            {
                left -= piece.Text.Length;
                yield return piece;
            }
            else
            {
                if (left > 0)
                    yield return piece with { Content = piece.Text[..(left - 1)] + "…" };
                yield break;
            }
        }
    }
}

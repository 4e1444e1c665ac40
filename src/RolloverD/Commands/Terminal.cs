using Spectre.Console;

namespace RolloverD.Commands;

/// <summary>How tables look, and how wide: a pipe gets whole lines, a terminal its own width.</summary>
internal static class Terminal
{
    public static bool IsInteractive => !Console.IsOutputRedirected;

    public static IAnsiConsole Create()
    {
        IAnsiConsole console = AnsiConsole.Create(new() { Interactive = InteractionSupport.No });
        if (!IsInteractive)
            console.Profile.Width = 240;
        return console;
    }

    public static Table Table(params string[] columns)
    {
        var table = new Table { Border = TableBorder.Minimal };
        foreach (string column in columns)
            table.AddColumn(new TableColumn(Markup.Escape(column)));
        return table;
    }

    public static string[] Cells(params string[] cells) => [.. cells.Select(Markup.Escape)];
}

using Spectre.Console;

namespace RolloverD.Commands;

/// <summary>
/// What standard output is: a pipe gets whole plain lines, a terminal its own width, and colour if it likes.
/// </summary>
internal static class Terminal
{
    private const int WidthOfPipe = 240;

    /// <summary>Whether a person watches, on a terminal that can move its cursor.</summary>
    public static bool IsLive =>
        !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>Columns for text.</summary>
    public static int Width => Console.IsOutputRedirected ? WidthOfPipe : Math.Max(40, Console.WindowWidth);

    /// <summary>Lines that a live display may take; one is left for the cursor.</summary>
    public static int Height => Math.Max(8, Console.WindowHeight - 1);

    /// <summary>Colour as TERM and NO_COLOR say (no-color.org).</summary>
    public static IAnsiConsole Create()
    {
        bool plain = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        IAnsiConsole console = AnsiConsole.Create(new()
        {
            Ansi = IsLive ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = plain || !IsLive ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = IsLive ? InteractionSupport.Yes : InteractionSupport.No,
        });
        console.Profile.Width = Width;
        return console;
    }

    /// <summary>Prints a page on standard output.</summary>
    public static void Print(Page page) => page.Print(Create());
}

using Spectre.Console;
using Spectre.Console.Rendering;

namespace RolloverD.Commands.Watching;

/// <summary>
/// Shows a page that changes, in place, at the bottom of the terminal; what is printed meanwhile goes above.
/// </summary>
internal sealed class LiveScreen(TimeProvider time)
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(250);
    private readonly IAnsiConsole console = Terminal.Create();

    /// <summary>One line above the page.</summary>
    public void PrintAbove(string line) => console.Write(new LineAbove(line));

    /// <summary>
    /// Shows the page until the work ends, however it ends, and leaves the last one; the cursor is back then.
    /// </summary>
    /// <param name="draw">Makes the page for so many columns and lines.</param>
    /// <param name="work">Begins the work once the page is there.</param>
    public async Task<TResult> ShowAsync<TResult>(Func<int, int, Page> draw, Func<Task<TResult>> work)
    {
        Task<TResult>? working = null;
        await console.Live(Draw(draw)).Overflow(VerticalOverflow.Crop).StartAsync(async live =>
        {
            working = Task.Run(work);
            while (!working.IsCompleted)
            {
                await Task.WhenAny(working, Task.Delay(Frame, time));
                live.UpdateTarget(Draw(draw));
            }
        });
        return await working!;
    }

    private Rows Draw(Func<int, int, Page> draw)
    {
        console.Profile.Width = Terminal.Width;
        return draw(Terminal.Width, Terminal.Height).ToRows();
    }

    // The page's lines are still there when the cursor has gone up to its first one: they are cleared before the text.
    private sealed class LineAbove(string line) : Renderable
    {
        private const string ClearToEnd = "\u001b[J";

        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            [Segment.Control(ClearToEnd), .. ((IRenderable)new Text(line + "\n")).Render(options, maxWidth)];
    }
}

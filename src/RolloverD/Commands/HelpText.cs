using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace RolloverD.Commands;

/// <summary>
/// The help of every command: what it does, how it is written, an example, the exit codes that matter.
/// </summary>
internal sealed class HelpText : SynchronousCommandLineAction
{
    private const int Widest = 100;

    private static readonly (int Code, string Means)[] AllCodes =
    [
        (0, "good"),
        (1, "the verdict is bad, or it could not be done"),
        (64, "the command line is wrong"),
        (69, "something that is needed cannot be reached or used"),
        (70, "a fault of rolloverd itself"),
        (75, "it must wait; the text says for what and until when"),
        (78, "the configuration is wrong"),
    ];

    /// <summary>Lets <c>--help</c> of all commands speak like this.</summary>
    public static void Install(RootCommand root) => root.Options.OfType<HelpOption>().Single().Action = new HelpText();

    /// <summary>Whoever asks for help need not know the arguments yet.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int width = Console.IsOutputRedirected ? 80 : Math.Min(Widest, Terminal.Width);
        Terminal.Print(Of(parseResult.CommandResult.Command, width));
        return ExitCode.Good;
    }

    /// <summary>The help of one command.</summary>
    public static Page Of(Command command, int width)
    {
        var page = new Page(width);
        foreach (string paragraph in (command.Description ?? "").ReplaceLineEndings("\n").Split("\n\n"))
        {
            page.Say("", paragraph);
            page.Line();
        }

        page.Line(new("Usage:", Tone.Strong), $" {Usage(command)}");
        if (command.Subcommands.Count > 0)
        {
            page.Line();
            page.Line(new Piece("Commands:", Tone.Strong));
            Table(page, command.Subcommands
                .SelectMany(c => c.Subcommands.Count == 0
                    ? [(Path: c.Name, Command: c)]
                    : c.Subcommands.Select(s => (Path: $"{c.Name} {s.Name}", Command: s)))
                .Select(c => ($"{c.Path}{Arguments(c.Command)}", FirstSentence(c.Command.Description ?? ""))));
        }

        if (command.Arguments.Count > 0)
        {
            page.Line();
            page.Line(new Piece("Arguments:", Tone.Strong));
            Table(page, command.Arguments.Select(a => (a.Name, a.Description ?? "")));
        }

        page.Line();
        page.Line(new Piece("Options:", Tone.Strong));
        Table(page, Options(command).Select(o => (o.HelpName is { } value ? $"{o.Name} {value}" : o.Name, Meaning(o))));
        Lesson? lesson = Lesson.Of(command);
        if (lesson?.Examples.Length > 0)
        {
            page.Line();
            page.Line(new Piece(lesson.Examples.Length == 1 ? "Example:" : "Examples:", Tone.Strong));
            foreach ((string line, string purpose) in lesson.Examples)
            {
                page.Line("  ", new($"rolloverd {line}", Tone.Good));
                page.Say("      ", purpose);
            }
        }

        page.Line();
        page.Line(new Piece("Exit codes:", Tone.Strong));
        foreach ((int code, string means) in lesson?.ExitCodes ?? AllCodes)
            page.Say($"  {code,2}  ", means);
        if (command is RootCommand)
        {
            page.Line();
            page.Say("", "'rolloverd COMMAND --help' says more of each, with examples.");
        }

        return page;
    }

    /// <summary>How a command is called: <c>rolloverd config check</c>.</summary>
    public static string PathOf(Command command) => command is RootCommand
        ? "rolloverd"
        : $"{(Parent(command) is { } parent ? PathOf(parent) : "")} {command.Name}";

    private static string Usage(Command command)
    {
        string path = PathOf(command);
        string own = string.Concat(command.Options
            .Where(o => o is not HelpOption and not VersionOption && !o.Recursive)
            .Select(o => o.HelpName is { } value ? $" [{o.Name} {value}]" : $" [{o.Name}]"));
        return command.Subcommands.Count > 0
            ? $"{path} COMMAND [options]"
            : $"{path}{Arguments(command)}{own} [options]";
    }

    private static string Arguments(Command command) => string.Concat(command.Arguments.Select(a =>
        a.Arity.MinimumNumberOfValues == 0 ? $" [{a.Name}]" : $" {a.Name}"));

    private static Command? Parent(Command command) => command.Parents.OfType<Command>().FirstOrDefault();

    private static IEnumerable<Option> Options(Command command)
    {
        IEnumerable<Option> inherited = [];
        for (Command? parent = Parent(command); parent is not null; parent = Parent(parent))
            inherited = inherited.Concat(parent.Options.Where(o => o.Recursive));
        return command.Options.Concat(inherited).OrderBy(o => o.Recursive);
    }

    private static string Meaning(Option option) => option switch
    {
        HelpOption => "This text.",
        VersionOption => "The version.",
        _ => option.Description ?? "",
    };

    private static string FirstSentence(string text)
    {
        string flat = string.Join(' ', text.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries));
        int end = flat.IndexOfAny([':', ';']);
        int stop = flat.IndexOf(". ", StringComparison.Ordinal);
        if (stop >= 0 && (end < 0 || stop < end))
            end = stop;
        return (end < 0 ? flat : flat[..end]).TrimEnd('.');
    }

    private static void Table(Page page, IEnumerable<(string Name, string Meaning)> rows)
    {
        (string Name, string Meaning)[] all = [.. rows];
        int column = all.Max(r => r.Name.Length) + 4;
        foreach ((string name, string meaning) in all)
            page.Say($"  {name}".PadRight(column), meaning);
    }
}

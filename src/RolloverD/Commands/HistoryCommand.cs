using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using RolloverD.Core.Ports;
using RolloverD.Engine;

namespace RolloverD.Commands;

/// <summary><c>rolloverd history NAME</c>: the journal of a certificate.</summary>
internal static class HistoryCommand
{
    public static Command Create(CommonOptions common)
    {
        var name = new Argument<string>("NAME") { Description = "The certificate." };
        var most = new Option<int>("--most")
        {
            Description = "How many lines, the newest.",
            DefaultValueFactory = _ => 200,
            HelpName = "N",
        };
        var command = new Command(
            "history", "Shows the journal of a certificate: every step, what came of it, and what was seen.");
        Lesson.Teach(command, new(
            [
                ("history mx1", "Who published what and when, and what was waited for."),
                ("history mx1 --most 20", "The newest lines alone."),
            ],
            [
                (0, "shown"),
                (64, "no such certificate"),
                (69, "the state directory cannot be read"),
                (78, "the configuration is wrong"),
            ]));
        command.Arguments.Add(name);
        command.Options.Add(most);
        command.SetAction(parsed =>
        {
            World world = Composition.Open(parsed.GetValue(common.File)!);
            Composition.Require(world, parsed.GetValue(name)!);
            return Show(
                world.Store.Journal(parsed.GetValue(name)!, parsed.GetValue(most)), parsed.GetValue(common.Json));
        });
        return command;
    }

    private static int Show(ImmutableArray<JournalEntry> lines, bool json)
    {
        if (json)
        {
            ReportJson.Print(new(lines), ReportJson.Default.HistoryReport);
            return ExitCode.Good;
        }

        foreach (JournalEntry line in lines)
        {
            string generation = line.Generation?.ToString(CultureInfo.InvariantCulture) ?? "";
            Console.WriteLine(
                $"{line.At:yyyy-MM-dd HH:mm:ss.ff}Z  {generation,3}  {line.Event,-8}  {line.Text}");
        }

        return ExitCode.Good;
    }
}

internal sealed record HistoryReport(ImmutableArray<JournalEntry> Entries);

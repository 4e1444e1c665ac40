using System.CommandLine;
using RolloverD.Engine;
using RolloverD.Store;

namespace RolloverD.Commands;

/// <summary>
/// <c>rolloverd status</c>: where everything stands, from the facts; asks nobody and changes nothing.
/// </summary>
internal static class StatusCommand
{
    public static Command Create(CommonOptions common)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "Only this certificate.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command(
            "status",
            """
            Shows where every certificate stands: its phase, its generations (keys and chains), what senders may still
            see in caches, what the endpoints serve, and for every hold what is waited for, since when and until when.
            """);
        Lesson.Teach(command, new(
            [
                ("status", "Everything at a glance; red lines need somebody."),
                ("status mx1 --json", "For programs; the shape is stable."),
            ],
            Lesson.CodesOfShowing));
        command.Arguments.Add(name);
        command.SetAction(parsed => Show(
            Composition.Open(parsed.GetValue(common.File)!), parsed.GetValue(name), parsed.GetValue(common.Json)));
        return command;
    }

    private static int Show(World world, string? only, bool json)
    {
        if (only is not null)
            Composition.Require(world, only);

        StatusReport report = StatusReports.Of(
            world, new FactsStore(world.Store).Load().Facts, Composition.IsAtWork(world), only,
            StateDisk.Room(world.Desired.StateDirectory));
        if (json)
            ReportJson.Print(report, ReportJson.Default.StatusReport);
        else
            Terminal.Print(StatusText.Of(report, Terminal.Width));
        return ExitCode.Good;
    }
}

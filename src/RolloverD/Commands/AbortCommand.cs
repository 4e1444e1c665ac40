using System.CommandLine;
using RolloverD.Core.Rollover;
using RolloverD.Engine;

namespace RolloverD.Commands;

/// <summary><c>rolloverd abort NAME</c>: takes a rollover back, from wherever it stands.</summary>
internal static class AbortCommand
{
    public static Command Create(CommonOptions common)
    {
        var name = new Argument<string>("NAME") { Description = "The certificate." };
        var command = new Command(
            "abort",
            """
            Takes the rollover that is under way back, safely from every phase. What was not deployed is given up: its
            records are withdrawn and its key is destroyed, or stands by again. What is being deployed, or was within
            the rollback window, makes way for the generation before, whose records are still there.

            Afterwards no rollover begins by itself for a day, less when the certificate ends soon;
            'rolloverd roll NAME' begins one at once.
            """);
        Lesson.Teach(command, new(
            [("abort mx1", "Back to the generation before.")],
            [
                (0, "it is being taken back"),
                (1, "there is nothing to take back; the text says why and what to do instead"),
                (64, "no such certificate"),
                (78, "the configuration is wrong"),
            ]));
        command.Arguments.Add(name);
        command.SetAction(parsed => Abort(
            Composition.Open(parsed.GetValue(common.File)!), parsed.GetValue(name)!, parsed.GetValue(common.Json)));
        return command;
    }

    internal static int Abort(World world, string name, bool json)
    {
        Composition.Require(world, name);
        DateTimeOffset now = default;
        Abortion abortion = null!;
        Facts after = new FactsStore(world.Store, world.Time, world.Steady).Update(facts =>
        {
            now = world.Time.GetUtcNow();
            abortion = Aborting.Of(world.Desired, facts, name, now);
            return (facts.Take(abortion, name, now),
                abortion is Abortion.Nothing ? [] : [new(0, now, name, Of(abortion), "aborted", abortion.Describe())]);
        }).Facts;
        bool done = abortion is not Abortion.Nothing;
        if (done)
            Doorbell.Ring(world.Desired.StateDirectory);

        bool daemonRuns = Composition.IsAtWork(world);
        DateTimeOffset? rests = done ? after.Certificate(name).Abort?.Until : null;
        if (json)
        {
            ReportJson.Print(
                new(name, done, abortion.Describe(), Of(abortion), rests, daemonRuns), ReportJson.Default.AbortReport);
            return done ? ExitCode.Good : ExitCode.Bad;
        }

        var page = new Page(Terminal.Width);
        page.Say($"{name}: ", abortion.Describe(), done ? Tone.Good : Tone.Waiting);
        if (rests is { } until)
        {
            page.Say(
                "  ",
                $"no rollover begins by itself before {When.AtAndIn(until, now)}; "
                    + $"'rolloverd roll {name}' begins one at once");
            page.Say("  ", Words.WhoGoesOn(daemonRuns, name));
        }

        Terminal.Print(page);
        return done ? ExitCode.Good : ExitCode.Bad;
    }

    private static int? Of(Abortion abortion) => abortion switch
    {
        Abortion.GiveUp given => given.Generation,
        Abortion.GoBack back => back.Failed,
        _ => null,
    };
}

internal sealed record AbortReport(
    string Certificate, bool Aborted, string Text, int? Generation, DateTimeOffset? RestsUntil, bool DaemonRuns);

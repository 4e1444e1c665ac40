using System.Collections.Immutable;
using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using RolloverD.Commands.Watching;
using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Store;

namespace RolloverD.Commands;

/// <summary><c>rolloverd step NAME</c>: exactly the next step, by hand.</summary>
internal static class StepCommand
{
    public static Command Create(CommonOptions common)
    {
        var name = new Argument<string>("NAME") { Description = "The certificate." };
        var wait = new Option<bool>("--wait")
        {
            Description = "Wait until the next step may be taken, showing what is waited for, then take it.",
        };
        var command = new Command(
            "step",
            """
            Takes exactly the next step of a certificate, the one that 'rolloverd plan' shows first. When it is too
            early it says why and until when; with --wait it waits, and shows on a terminal what was done, what is
            waited for, who is to act and what comes next. A rollover by hand is this command again and again.

            It does not work beside a running daemon: the daemon takes the steps then. When you mended something and the
            next try is minutes away, 'systemctl reload rolloverd' (SIGHUP) has the daemon look and try at once.
            """);
        Lesson.Teach(command, new(
            [
                ("step mx1", "Take the next step, or learn why not yet."),
                ("step mx1 --wait", "Stay until it may be taken. Ctrl-C ends the waiting; nothing is lost."),
            ],
            [
                (0, "the step was taken, or there is nothing to do"),
                (1, "the step failed; the text says what to do"),
                (69, "the daemon, or another step, is at work"),
                (75, "it is too early, or Ctrl-C ended the waiting"),
                (78, "the configuration is wrong"),
            ]));
        command.Arguments.Add(name);
        command.Options.Add(wait);
        command.SetAction((parsed, cancellation) => StepAsync(
            Composition.Open(parsed.GetValue(common.File)!),
            parsed.GetValue(name)!,
            parsed.GetValue(wait),
            parsed.GetValue(common.Json),
            cancellation));
        return command;
    }

    private static async Task<int> StepAsync(
        World world, string name, bool wait, bool json, CancellationToken cancellation)
    {
        Composition.Require(world, name);
        using DaemonLock alone = await Composition.LockAsync(
            world,
            "the daemon (or another step) is at work here and takes the steps itself",
            $"watch it with 'rolloverd status {name}'; SIGHUP (systemctl reload rolloverd) has it look "
            + "and try again at once",
            cancellation);
        TickResult result;
        if (wait && !json && Terminal.IsLive)
        {
            var watch = new Watch(world, [name]);
            result = await new LiveScreen(world.Time).ShowAsync(
                (width, height) => TimelineText.Of(watch.At(world.Time.GetUtcNow()), width, height),
                () => RunAsync(world, name, wait, watch.Saw, null, cancellation));
        }
        else
        {
            var told = new HashSet<(Gate, string, DateTimeOffset?)>();
            result = await RunAsync(world, name, wait, null, json ? null : TellNew, cancellation);

            void TellNew(Hold hold)
            {
                DateTimeOffset now = world.Time.GetUtcNow();
                if (told.Add((hold.Gate, hold.Subject, hold.Until)))
                    Console.WriteLine($"{When.OfDay(now)}  {Sentence(HoldReport.Of(hold, now), now)}");
            }
        }

        return Tell(result, world.Time.GetUtcNow(), json);
    }

    // Until a step was taken, there is none to take, or nobody waits any longer.
    private static async Task<TickResult> RunAsync(
        World world,
        string name,
        bool wait,
        Action<Sighting>? watcher,
        Action<Hold>? waiting,
        CancellationToken cancellation)
    {
        var tick = new Tick(world, NullLogger.Instance, watcher);
        while (true)
        {
            TickResult result = await tick.RunAsync(name, cancellation);
            if (!wait || result.Plan.Next is not null || result.Plan.Holds.IsEmpty)
                return result;

            foreach (Hold hold in result.Plan.Holds)
                waiting?.Invoke(hold);
            TimeSpan rest = result.Plan.WakeAt - world.Time.GetUtcNow();
            try
            {
                if (rest > TimeSpan.Zero)
                    await Task.Delay(rest, world.Time, cancellation);
            }
            catch (OperationCanceledException)
            {
                return result; // it still must wait, and that is what the command then says
            }
        }
    }

    private static int Tell(TickResult result, DateTimeOffset now, bool json)
    {
        (int code, StepReport report) = result.Plan.Next is { } step
            ? Of(step, result.Outcome!, now)
            : result.Plan.Holds.IsEmpty
                ? (ExitCode.Good, new StepReport(null, null, null, "steady", []))
                : (ExitCode.MustWait, new StepReport(
                    null, null, null, "waits", [.. result.Plan.Holds.Select(h => HoldReport.Of(h, now))]));
        if (json)
        {
            ReportJson.Print(report, ReportJson.Default.StepReport);
            return code;
        }

        var page = new Page(Terminal.Width);
        if (report.Does is { } does)
        {
            page.Say("", Words.Short($"{does}: {report.Reason}"));
            page.Say("  ", Words.Short(report.Outcome), code == ExitCode.Good ? Tone.Good : Tone.Bad);
        }
        else if (report.Holds.IsEmpty)
        {
            page.Say("", "steady: nothing to do", Tone.Good);
        }

        foreach (HoldReport hold in report.Holds)
            StatusText.Wait(page, "", hold, now);
        Terminal.Print(page);
        return code;
    }

    private static (int Code, StepReport Report) Of(Step step, StepOutcome outcome, DateTimeOffset now)
    {
        (int code, string text) = outcome switch
        {
            StepOutcome.Refused refused => (ExitCode.Bad, $"failed: {refused.Reason}; {refused.Remedy}"),
            StepOutcome.Unknown unknown => (ExitCode.Bad, $"failed: {unknown.Reason}; {unknown.Remedy}"),
            StepOutcome.Differs differs => (
                ExitCode.Bad, $"nothing was changed: the provider holds [{differs.Found}]; take the step again"),
            StepOutcome.Later later => (
                ExitCode.MustWait, $"waits until {When.AtAndIn(later.RetryAt, now)}: {later.Reason}"),
            StepOutcome.Certified certified => (
                ExitCode.Good, $"done: valid until {When.AtAndIn(certified.Chain.NotAfter, now)}"),
            StepOutcome.Deployed deployed => (ExitCode.Good, $"done: {deployed.Summary}"),
            _ => (ExitCode.Good, "done"),
        };
        return (code, new(step.Kind.ToString(), step.Describe(), step.Reason, text, []));
    }

    private static string Sentence(HoldReport hold, DateTimeOffset now)
    {
        string time = hold.Until is { } until ? $" until {When.AtAndIn(until, now)}" : "";
        return $"waits for {hold.Rule}{time}: {hold.Reason}; {hold.WhoAndHow}";
    }
}

internal sealed record StepReport(
    string? Kind, string? Does, string? Reason, string Outcome, ImmutableArray<HoldReport> Holds);

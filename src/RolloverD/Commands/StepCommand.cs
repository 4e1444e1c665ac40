using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging.Abstractions;
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
            Takes exactly the next step of a certificate, the one that 'rolloverd plan' shows first. When it is too early it says
            why and until when, and exits with 75; with --wait it waits. A rollover by hand is this command again and again.
            Do not use it beside a running daemon: the daemon takes the steps then.
            """);
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
            "rolloverd: the daemon (or another step) is at work here and takes the steps itself; watch it with 'rolloverd status'",
            cancellation);
        var tick = new Tick(world, NullLogger.Instance);
        Hold[] told = [];
        while (true)
        {
            TickResult result = await tick.RunAsync(name, cancellation);
            if (result.Plan.Next is { } step)
                return Tell(step, result.Outcome!, json);

            bool steady = result.Plan.Holds.IsEmpty;
            if (!wait || steady)
            {
                Tell(result.Plan, json);
                return steady ? ExitCode.Good : ExitCode.MustWait;
            }

            TellNew(world, result.Plan.Holds, ref told);
            TimeSpan rest = result.Plan.WakeAt - world.Time.GetUtcNow();
            if (rest > TimeSpan.Zero)
                await Task.Delay(rest, world.Time, cancellation);
        }
    }

    private static int Tell(Step step, StepOutcome outcome, bool json)
    {
        (int code, string text) = outcome switch
        {
            StepOutcome.Refused refused => (ExitCode.Bad, $"failed: {refused.Reason}; {refused.Remedy}"),
            StepOutcome.Unknown unknown => (ExitCode.Bad, $"failed: {unknown.Reason}; {unknown.Remedy}"),
            StepOutcome.Differs differs => (ExitCode.Bad, $"nothing was changed: the provider holds [{differs.Found}]; take the step again"),
            StepOutcome.Later later => (ExitCode.MustWait, $"waits until {later.RetryAt:u}: {later.Reason}"),
            StepOutcome.Certified certified => (ExitCode.Good, $"done: valid until {certified.Chain.NotAfter:u}"),
            StepOutcome.Deployed deployed => (ExitCode.Good, $"done: {deployed.Summary}"),
            _ => (ExitCode.Good, "done"),
        };
        if (json)
            Print(new(step.Kind.ToString(), step.Describe(), step.Reason, text, []));
        else
            Console.WriteLine($"{step.Describe()}: {step.Reason}\n  {text}");
        return code;
    }

    private static void Tell(Plan plan, bool json)
    {
        if (json)
        {
            Print(new(
                null, null, null, plan.Holds.IsEmpty ? "steady" : "waits",
                [.. plan.Holds.Select(h => new HoldReport(h.Gate.ToString(), h.Subject, h.Since, h.Until, h.Reason, h.Remedy))]));
            return;
        }

        if (plan.Holds.IsEmpty)
            Console.WriteLine("steady: nothing to do");
        foreach (Hold hold in plan.Holds)
            Console.WriteLine($"waits {News.Sentence(hold)}");
    }

    private static void TellNew(World world, IEnumerable<Hold> holds, ref Hold[] told)
    {
        Hold[] before = told;
        foreach (Hold hold in holds.Where(h => !before.Any(b => b.Gate == h.Gate && b.Subject == h.Subject && b.Until == h.Until)))
            Console.WriteLine($"{world.Time.GetUtcNow():HH:mm:ss}  waits {News.Sentence(hold)}");
        told = [.. holds];
    }

    private static void Print(StepReport report) =>
        Console.WriteLine(JsonSerializer.Serialize(report, StepJson.Default.StepReport));
}

internal sealed record StepReport(
    string? Kind, string? Does, string? Reason, string Outcome, System.Collections.Immutable.ImmutableArray<HoldReport> Holds);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(StepReport))]
internal sealed partial class StepJson : JsonSerializerContext;

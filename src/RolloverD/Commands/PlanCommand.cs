using System.Collections.Immutable;
using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Engine;

namespace RolloverD.Commands;

/// <summary>
/// <c>rolloverd plan</c>: the coming steps with their earliest times; looks at the world, changes nothing.
/// </summary>
internal static class PlanCommand
{
    public static Command Create(CommonOptions common)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "Only this certificate.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command(
            "plan",
            """
            Shows the coming steps, each with its earliest time and its reason. It looks at the world first and also
            says what the first step waits for. It is the planner itself, run forward over a model in which every step
            succeeds; nothing is changed.
            """);
        Lesson.Teach(command, new(
            [
                ("plan", "What comes, for every certificate; for a steady one its next renewal."),
                ("plan mx1 --json", "For programs."),
            ],
            Lesson.CodesOfShowing));
        command.Arguments.Add(name);
        command.SetAction((parsed, cancellation) => ShowAsync(
            Composition.Open(parsed.GetValue(common.File)!),
            parsed.GetValue(name),
            parsed.GetValue(common.Json),
            cancellation));
        return command;
    }

    private static async Task<int> ShowAsync(World world, string? only, bool json, CancellationToken cancellation)
    {
        if (only is not null)
            Composition.Require(world, only);

        var tick = new Tick(world, NullLogger.Instance);
        var plans = ImmutableArray.CreateBuilder<PlanReport>();
        foreach (DesiredCertificate certificate in
            world.Desired.Certificates.Values.Where(c => only is null || c.Name == only))
        {
            Foresight foresight = await tick.ForeseeAsync(certificate, cancellation);
            plans.Add(Of(certificate.Name, foresight, world.Time.GetUtcNow()));
        }

        if (json)
        {
            ReportJson.Print(new(plans.ToImmutable()), ReportJson.Default.PlansReport);
            return ExitCode.Good;
        }

        Terminal.Print(PlanText.Of(plans.ToImmutable(), world.Time.GetUtcNow(), Terminal.Width));
        return ExitCode.Good;
    }

    private static PlanReport Of(string name, Foresight foresight, DateTimeOffset now) => new(
        name,
        [.. foresight.Plan.Holds.Select(h => HoldReport.Of(h, now))],
        [.. foresight.Steps.Select(PlannedStep.Of)]);
}

internal sealed record PlansReport(ImmutableArray<PlanReport> Certificates);

internal sealed record PlanReport(
    string Certificate, ImmutableArray<HoldReport> Holds, ImmutableArray<PlannedStep> Steps);

internal sealed record PlannedStep(DateTimeOffset At, string Kind, string Does, string Reason)
{
    public static PlannedStep Of(ForecastStep step) =>
        new(step.At, step.Step.Kind.ToString(), step.Text, step.Step.Reason);
}

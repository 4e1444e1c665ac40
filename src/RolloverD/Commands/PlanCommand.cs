using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging.Abstractions;
using RolloverD.Core.Policy;
using RolloverD.Engine;

namespace RolloverD.Commands;

/// <summary><c>rolloverd plan</c>: the coming steps with their earliest times; looks at the world, changes nothing.</summary>
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
            Looks at the world and shows the coming steps, each with its earliest time and its reason, and what the first of
            them waits for. It is the planner itself, run forward over a model in which every step succeeds; nothing is changed.
            """);
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
        foreach (DesiredCertificate certificate in world.Desired.Certificates.Values.Where(c => only is null || c.Name == only))
            plans.Add(Of(certificate.Name, await tick.ForeseeAsync(certificate, cancellation)));

        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new(plans.ToImmutable()), PlanJson.Default.PlansReport));
            return ExitCode.Good;
        }

        foreach (PlanReport plan in plans)
            Show(plan);
        return ExitCode.Good;
    }

    private static PlanReport Of(string name, Foresight foresight) => new(
        name,
        [
            .. foresight.Plan.Holds.Select(h => new HoldReport(
                h.Gate.ToString(), h.Subject, h.Since, h.Until, h.Reason, h.Remedy)),
        ],
        [
            .. foresight.Steps.Select(s => new PlannedStep(
                s.At, s.Step.Kind.ToString(), s.Text, s.Step.Reason)),
        ]);

    private static void Show(PlanReport plan)
    {
        Console.WriteLine(plan.Certificate);
        foreach (HoldReport hold in plan.Holds)
        {
            Console.WriteLine(
                $"  now waits ({hold.Gate}){(hold.Until is { } until ? $" until {until:u}" : "")}: {hold.Reason}; {hold.Remedy}");
        }

        foreach (PlannedStep step in plan.Steps)
            Console.WriteLine($"  {step.At:u}  {step.Does}\n                        {step.Reason}");
        if (plan.Steps.IsEmpty)
            Console.WriteLine("  no step can be foreseen while this lasts");
    }
}

internal sealed record PlansReport(ImmutableArray<PlanReport> Certificates);

internal sealed record PlanReport(
    string Certificate, ImmutableArray<HoldReport> Holds, ImmutableArray<PlannedStep> Steps);

internal sealed record PlannedStep(DateTimeOffset At, string Kind, string Does, string Reason);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(PlansReport))]
internal sealed partial class PlanJson : JsonSerializerContext;

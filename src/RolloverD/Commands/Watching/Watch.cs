using System.Collections.Immutable;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Engine;

namespace RolloverD.Commands.Watching;

/// <summary>
/// Gathers what the engine tells and makes the timeline from it. The engine's threads tell, another asks.
/// </summary>
internal sealed class Watch(World world, IReadOnlyList<string> names)
{
    private const int MostLines = 60;
    private readonly Lock alone = new();
    private readonly Dictionary<string, Seen> pages = [];

    /// <summary>To be called by the engine, from any thread.</summary>
    public void Saw(Sighting sighting)
    {
        lock (alone)
        {
            Seen page = pages.GetValueOrDefault(sighting.Certificate) ?? Seen.Nothing;
            pages[sighting.Certificate] = sighting switch
            {
                Sighting.Decided decided => page with { Decided = decided, Ended = null, Stopped = null, Lane = null },
                Sighting.Stopped stopped => page with
                {
                    Stopped = stopped with { At = page.Stopped?.At ?? stopped.At },
                    Doing = null,
                    Lane = null,
                },
                Sighting.Begun begun => page with { Doing = begun, Lane = null },
                Sighting.Ended ended => page with { Doing = null, Ended = ended.Step.Describe(), Lane = null },
                _ => page,
            };
        }
    }

    /// <summary>The timeline as of a time.</summary>
    public Timeline At(DateTimeOffset now) => new(now, [.. names.Select(n => LaneOf(n, now))]);

    /// <summary>Journal lines as events: a step and what came of it are one, what is waited for is none.</summary>
    public static ImmutableArray<PastEvent> PastOf(IEnumerable<JournalEntry> journal)
    {
        var past = ImmutableArray.CreateBuilder<PastEvent>();
        string? step = null;
        foreach (JournalEntry line in journal)
        {
            switch (line.Event)
            {
                case "step":
                    step = line.Text.Split(": ", 2)[0];
                    break;
                case "done":
                    past.Add(new(line.At, false, step ?? line.Text));
                    step = null;
                    break;
                case "failed":
                    past.Add(new(line.At, true, step is null ? line.Text : $"could not {step}: {line.Text}"));
                    step = null;
                    break;
                case "waits":
                    break;
                default:
                    past.Add(new(line.At, false, line.Text));
                    break;
            }
        }

        return past.ToImmutable();
    }

    private Lane LaneOf(string name, DateTimeOffset now)
    {
        Seen page;
        lock (alone)
            page = pages.GetValueOrDefault(name) ?? Seen.Nothing;
        if (page.Lane is { } known)
            return known;

        Lane lane = Make(name, page, now);
        lock (alone)
        {
            if (ReferenceEquals(page, pages.GetValueOrDefault(name)))
                pages[name] = page with { Lane = lane };
        }

        return lane;
    }

    private Lane Make(string name, Seen page, DateTimeOffset now)
    {
        ImmutableArray<PastEvent> past = PastOf(world.Store.Journal(name, MostLines));
        StepUnderWay? doing = page.Doing is { } begun
            ? new(begun.Step.Describe(), begun.Step.Reason, begun.At)
            : null;
        if (page.Stopped is { } stopped)
            return new(name, "cannot go on", false, past, null, [HoldReport.Of(StateHold.Of(world, stopped), now)], []);
        if (page.Decided is not { } decided)
            return new(name, "not looked at yet", false, past, doing, [], []);

        Phase phase = Phases.PhaseOf(world.Desired, decided.Facts, decided.Desired, now);
        IEnumerable<ForecastStep> coming = Forecast.Run(
            world.Desired, decided.Facts, decided.Observation, name, decided.At);
        return new(
            name,
            phase.Word(),
            phase is Phase.Steady && doing is null && decided.Plan is { Next: null, Holds.IsEmpty: true },
            past,
            doing,
            [.. decided.Plan.Holds.Select(h => HoldReport.Of(h, now))],
            [.. coming.Where(s => s.Text != doing?.Does && s.Text != page.Ended).Select(PlannedStep.Of)]);
    }

    private sealed record Seen(
        Sighting.Decided? Decided, Sighting.Begun? Doing, string? Ended, Sighting.Stopped? Stopped, Lane? Lane)
    {
        public static readonly Seen Nothing = new(null, null, null, null, null);
    }
}

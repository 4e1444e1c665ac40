using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Simulation.Judgement;
using RolloverD.Simulation.Report;
using RolloverD.Simulation.Time;
using RolloverD.Simulation.World;

namespace RolloverD.Simulation;

/// <summary>
/// One run: the product's own engine in a simulated world, first with everything that may go wrong, then in a calm one
/// until all is steady.
/// </summary>
internal sealed class Run
{
    // In an hour of the world. Looking every half a minute takes 120, a step each owner and certificate some more; what
    // needs so many turns in a circle.
    private const int MostTurns = 1_000;

    // So soon the daemon notices that its clock was set, and looks again.
    private static readonly TimeSpan ClockPoll = TimeSpan.FromSeconds(5);

    private const string NoRest = "no rest";
    private const string Unsteady = "not steady";

    private readonly Scene scene;
    private readonly Coverage coverage;
    private readonly History? history;
    private readonly Dictionary<string, DateTimeOffset> alarms = [];
    private readonly Dictionary<string, (string? Step, DateTimeOffset At)> acted = [];
    private readonly Dictionary<string, Facts> known = [];
    private readonly Dictionary<string, int> failures = [];
    private readonly HashSet<(string Certificate, int Generation)> rolled = [];
    private Tick tick = null!;
    private DateTimeOffset hour;
    private int turnsOfHour;
    private int turns;

    private Run(Scenario scenario, Coverage coverage, History? history)
    {
        (this.coverage, this.history) = (coverage, history);
        scene = new(scenario, coverage, history);
        history?.Note(scene, $"seed {scenario.Seed}\n{scenario}");
        _ = new Incidents(scene);
        Start();
    }

    /// <summary>Whether it is mail that was refused, and not a world that found no rest.</summary>
    public static bool IsSafety(string violation) =>
        !violation.StartsWith(Unsteady, StringComparison.Ordinal)
        && !violation.Contains(NoRest, StringComparison.Ordinal);

    /// <summary>Runs a seed.</summary>
    /// <returns>What went wrong; null when nothing did.</returns>
    public static string? Of(ulong seed, Coverage coverage, History? history = null) =>
        Of(Scenario.Draw(seed), coverage, history);

    /// <summary>Runs a scenario.</summary>
    /// <returns>What went wrong; null when nothing did.</returns>
    public static string? Of(Scenario scenario, Coverage coverage, History? history = null)
    {
        var run = new Run(scenario, coverage, history);
        string? broken = run.Go();
        coverage.Rollovers += run.rolled.Count;
        coverage.Simulated += run.scene.Now - Scenario.Start;
        coverage.EndRun();
        return broken;
    }

    private string? Go()
    {
        DateTimeOffset calm = Scenario.Start + scene.Scenario.Chaos;
        while (scene.Now < calm && scene.Broken is null)
            Turn(calm);
        scene.Calm();
        acted.Clear(); // whoever slept long has reason to look often again
        Start();
        DateTimeOffset last = scene.Now + LivenessJudge.Bound(scene);
        DateTimeOffset look = scene.Now;
        while (scene.Broken is null)
        {
            Turn(last);
            if (scene.Now < look && scene.Now < last)
                continue;

            look = scene.Now + TimeSpan.FromMinutes(10);
            if (LivenessJudge.Complaint(scene) is not { } complaint)
                break;

            if (scene.Now >= last)
            {
                scene.Violation(
                    $"{Unsteady} {LivenessJudge.Bound(scene)} after the last fault: {complaint}; holds: "
                    + string.Join("; ", scene.Desired.Certificates.Keys.SelectMany(Holds)));
            }
        }

        return scene.Broken;
    }

    private IEnumerable<string> Holds(string name) =>
        new FactsStore(scene.Store).Load().Facts.Certificate(name).Holds.Select(h => $"{h.Gate}: {h.Reason}");

    // The daemon begins, with what the disk has kept.
    private void Start()
    {
        scene.IsStopping = false;
        ILogger log = history is not null ? history : NullLogger.Instance;
        tick = new(scene.Ports(scene.Desired), log);
        alarms.Clear();
        foreach (string name in scene.Desired.Certificates.Keys)
        {
            alarms[name] = scene.Now;
            acted.TryAdd(name, (null, scene.Now));
        }
    }

    // One alarm: one turn of the engine.
    private void Turn(DateTimeOffset most)
    {
        (string name, DateTimeOffset at) = alarms.MinBy(a => a.Value);
        scene.Timeline.Advance(at < most ? at : most);
        if (scene.IsStopping)
            Start();
        if (at >= most || scene.Broken is not null)
            return;

        try
        {
            scene.InDaemon = true;
            scene.Knowledge.BeginTurn();
            TimeSpan offset = scene.Clock.Offset;
            Task<TickResult> turn = tick.RunAsync(name, CancellationToken.None);
            if (!turn.IsCompleted)
                throw new InvalidOperationException("a port did not answer at once");

            Note(name, turn.GetAwaiter().GetResult());
            if (scene.Clock.Offset != offset)
                alarms[name] = scene.Now + ClockPoll; // the alarm that was just set stands at a time of another clock
        }
        catch (Crash crash)
        {
            history?.Note(scene, $"the daemon is no more: {crash.Message}");
            scene.InDaemon = false;
            scene.Knowledge.Forget();
            if (scene.Dice.OneIn(2))
                scene.Store.LosePower();
            scene.Timeline.Advance(scene.Dice.Spread(TimeSpan.FromSeconds(1), TimeSpan.FromHours(2)));
            Start();
        }
        catch (StoreException e)
        {
            scene.Knowledge.Forget();
            // As the daemon does: twice as long each time.
            failures[name] = Math.Min(failures.GetValueOrDefault(name) + 1, 8);
            history?.Note(scene, $"  {name}: the turn failed: {e.Message}");
            alarms[name] = scene.Now + TimeSpan.FromSeconds(Math.Pow(2, failures[name]));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            scene.Violation($"{name}: the turn threw {e}");
        }
        finally
        {
            scene.InDaemon = false;
        }
    }

    private void Note(string name, TickResult result)
    {
        coverage.Ticks++;
        turns++;
        if (scene.Now >= hour + TimeSpan.FromHours(1))
            (hour, turnsOfHour) = (scene.Now, 0);
        if (++turnsOfHour > MostTurns)
        {
            string plan = result.Plan.Next?.Describe()
                ?? string.Join("; ", result.Plan.Holds.Select(h => $"{h.Gate} until {h.Until:u}: {h.Reason}"));
            scene.Violation(
                $"{name}: {NoRest} after {turnsOfHour} turns since {hour:u}; the last plan: {plan}, "
                + $"to wake at {result.Plan.WakeAt:u}");
        }

        failures.Remove(name);
        foreach (Hold hold in result.Plan.Holds)
            coverage.Held(hold.Gate);
        if (result.Plan.Next is { } step && result.Outcome is not null)
            coverage.Took(step.Kind);
        if (result.Facts.Certificate(name).Current is { State: GenerationState.Live } current
            && current.Number != 1)
        {
            rolled.Add((name, current.Number));
        }

        // The same step with the same outcome once more is nothing new: a change that no server shows is sent again and
        // again, and what is refused is tried again and again.
        if (result.Outcome is { } outcome
            && $"{result.Plan.Next!.Describe()}: {outcome.GetType().Name}" is var done && done != acted[name].Step)
        {
            acted[name] = (done, scene.Now);
        }

        alarms[name] = result.Outcome is not null ? scene.Now : Alarm(name, result.Plan, IsOld(name, result.Facts));
    }

    // Whether the last turn came to the same facts, but for the times.
    private bool IsOld(string name, Facts facts)
    {
        Facts? before = known.GetValueOrDefault(name);
        known[name] = facts;
        return ReferenceEquals(before?.Certificate(name), facts.Certificate(name))
            && ReferenceEquals(before?.Owners, facts.Owners);
    }

    // An alarm rings after the time that the clock on the wall promised when it was set; sometimes late. When nothing
    // moves for long it rings less often than the product asks for, for the sake of speed: a late alarm does no harm.
    private DateTimeOffset Alarm(string name, Plan plan, bool isOld)
    {
        TimeSpan wait = plan.WakeAt - scene.Clock.GetUtcNow();
        if (wait > TimeSpan.Zero && (!scene.Scenario.IsPunctual || turns > 1000))
        {
            TimeSpan asked = wait;
            wait = Longest(wait, Shortest(Idle(name, wait, isOld), UntilDue(plan, wait), scene.Scenario.LongestSleep));
            scene.Oversleeps(wait - asked);
        }

        if (scene.IsEnabled(Fault.AlarmLate) && scene.Dice.OneIn(50))
        {
            scene.Occurs(Fault.AlarmLate);
            wait += scene.Dice.Spread(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        }

        return scene.Now + (wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
    }

    // Who looks as soon as the world has moved need not look before. Some of what the product waits for comes with the
    // time alone and without an alarm, so he looks now and then.
    private TimeSpan Idle(string name, TimeSpan wait, bool isOld)
    {
        TimeSpan still = scene.Now - acted[name].At;
        return !scene.FaultsOn ? still * 0.25
            : !isOld || !scene.Scenario.IsAttentive ? still * scene.Scenario.Drowsiness
            : scene.Timeline.Next - scene.Now is { } next ? Shortest(still * 16, next + (wait * scene.Dice.Share()))
            : still * 16;
    }

    private TimeSpan UntilDue(Plan plan, TimeSpan wait) =>
        plan.Holds.Min(h => h.Until) - scene.Clock.GetUtcNow() is { } due && due > wait ? due : TimeSpan.MaxValue;

    private static TimeSpan Longest(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Shortest(params ReadOnlySpan<TimeSpan> times)
    {
        TimeSpan shortest = times[0];
        foreach (TimeSpan time in times)
            shortest = time < shortest ? time : shortest;
        return shortest;
    }
}

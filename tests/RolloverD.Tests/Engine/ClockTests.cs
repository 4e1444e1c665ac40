using RolloverD.Commands;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Tests.Engine.Model;
using Xunit;

namespace RolloverD.Tests.Engine;

/// <summary>
/// Somebody sets the clock at any moment of a roll, or starts the machine anew. No step comes earlier for it in real
/// time, none much later, and no sender is refused (which the model asserts after every effect).
/// </summary>
public sealed class ClockTests
{
    private static readonly TimeSpan Off = TimeSpan.FromMinutes(7);

    // A look is repeated, or a step is planned anew after the shortest rest.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(3600, false)]
    [InlineData(-3600, false)]
    [InlineData(3600, true)]
    [InlineData(-3600, true)]
    [InlineData(30, false)]
    [InlineData(-400 * 86400, false)]
    public async Task A_clock_that_is_set_makes_no_wait_shorter_and_none_much_longer(int seconds, bool killed)
    {
        Dictionary<StepKind, TimeSpan> undisturbed = await RollAsync((_, _) => { });
        int effects = await EffectsOfRollAsync();
        for (int n = 1; n <= effects; n++)
        {
            Dictionary<StepKind, TimeSpan> disturbed = await RollAsync((world, count) =>
            {
                if (count != n)
                    return;
                world.Clock.Set(TimeSpan.FromSeconds(seconds));
                if (killed)
                    throw new KilledException();
            });
            AssertInTime(undisturbed, disturbed, Slack, $"set at effect {n}");
        }
    }

    [Fact]
    public async Task The_time_for_which_the_machine_was_off_does_not_count_as_waited()
    {
        Dictionary<StepKind, TimeSpan> undisturbed = await RollAsync((_, _) => { });
        int effects = await EffectsOfRollAsync();
        for (int n = 1; n <= effects; n++)
        {
            Dictionary<StepKind, TimeSpan> disturbed = await RollAsync((world, count) =>
            {
                if (count != n)
                    return;
                world.Clock.Restart(Off);
                throw new KilledException();
            });

            // The last reading that was stored may be a minute older than the end.
            AssertInTime(undisturbed, disturbed, Off + TimeSpan.FromMinutes(1) + Slack, $"started anew at effect {n}");
        }
    }

    [Fact]
    public async Task A_machine_that_starts_without_knowing_the_time_waits_no_longer_than_it_would()
    {
        Dictionary<StepKind, TimeSpan> undisturbed = await RollAsync((_, _) => { });
        int effects = await EffectsOfRollAsync();
        for (int n = 1; n <= effects; n++)
        {
            Dictionary<StepKind, TimeSpan> disturbed = await RollAsync((world, count) =>
            {
                // Years back at first, and right again a little later.
                if (count == n + 20)
                    world.Clock.Set(TimeSpan.FromDays(9000));
                if (count != n)
                    return;
                world.Clock.Restart(Off);
                world.Clock.Set(-TimeSpan.FromDays(9000));
                throw new KilledException();
            });
            AssertInTime(undisturbed, disturbed, Off + TimeSpan.FromMinutes(1) + Slack, $"started anew at effect {n}");
        }
    }

    [Fact]
    public async Task What_was_found_just_before_a_step_by_the_clock_before_it_was_set_ends_no_set()
    {
        Endpoint submission = new(EngineWorld.Mx.Host, 465);
        var world = new EngineWorld(endpoints: [EngineWorld.Mx, submission]);
        await world.SettleAsync();
        RecordSet published = world.Zone.Held(submission.TlsaName);
        world.Reconfigure([EngineWorld.Mx]);

        // Just when its records are about to be withdrawn somebody takes them away, and the clock is set forward.
        bool isGone = false, isSet = false;
        world.Effects.Watch = what =>
        {
            bool isAsked = world.Facts.Owner(submission.TlsaName).Sets.Any(s => s.State is SetState.Intended);
            if (what == "ask servers" && isAsked && !isGone)
            {
                isGone = true;
                world.Zone.Put(submission.TlsaName, RecordSet.Absent);
                world.Clock.Pass(TimeSpan.FromSeconds(5));
            }
            else if (what == "shake hands" && isGone && !isSet)
            {
                isSet = true;
                world.Clock.Set(TimeSpan.FromHours(1));
            }
        };
        TickResult? refused = null;
        await world.RunUntilAsync(r => (refused = r).Outcome is StepOutcome.Refused);
        Assert.IsType<Step.Withdraw>(refused!.Plan.Next);
        DateTimeOffset then = world.Clock.GetUtcNow();
        await world.TurnAsync();
        PublishedSet old =
            Assert.Single(world.Facts.Owner(submission.TlsaName).Sets, s => s.Records.Equals(published));
        Assert.True(Assert.IsType<SetState.Gone>(old.State).LastServed > then.AddMinutes(-1), $"{old.State}");
    }

    [Fact]
    public async Task What_an_issuer_names_by_the_clock_before_it_was_set_moves_along()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        bool isSet = false;
        world.Issuer.Instead = () =>
        {
            if (isSet)
                return null;

            // It asks for half a minute of patience; just then somebody sets the clock right, which was two days ahead.
            isSet = true;
            var pending = new IssueOutcome.Pending("at work", world.Clock.GetUtcNow().AddSeconds(30));
            world.Clock.Set(-TimeSpan.FromDays(2));
            return pending;
        };
        world.Ask(newKey: true);
        await world.RunUntilAsync(r => r.Outcome is StepOutcome.Later);
        Setback setback = Assert.Single(world.Known.Setbacks, s => s.Kind is StepKind.Issue);
        TimeSpan rest = setback.RetryAt - world.Clock.GetUtcNow();
        Assert.InRange(rest, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_rollback_window_of_an_abort_is_measured_as_the_daemon_measures_it(bool startedAnew)
    {
        EngineWorld world = await RolledAsync();
        if (startedAnew)
            world.Clock.Restart(TimeSpan.FromDays(10));
        else
            world.Clock.Set(TimeSpan.FromHours(2)); // the daemon looks for this every five seconds
        Abort(world);
        Assert.Equal(2, world.Known.Abort?.Generation);
    }

    [Fact]
    public async Task A_rest_of_an_abort_ends_before_the_certificate_does()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        await world.RunUntilAsync(r => r.Plan.Next is Step.Publish);
        DateTimeOffset ends = world.Known.Current!.Chain!.NotAfter;
        world.Clock.Restart(TimeSpan.FromDays(80)); // ten days are left
        Abort(world);
        await world.TurnAsync();
        Assert.NotNull(world.Known.Abort);
        Assert.True(world.Known.Abort!.Until < ends, $"rests until {world.Known.Abort.Until:u}, it ends on {ends:u}");
    }

    [Fact]
    public async Task What_the_clock_did_is_told()
    {
        EngineWorld world = await WaitingForCachesAsync();
        world.Clock.Set(TimeSpan.FromHours(1));
        await world.TurnAsync();
        JournalEntry told = Assert.Single(world.Journal, e => e.Event == "clock");
        Assert.Equal("the clock was set forward by 0.01:00:00; waits are measured by the steady clock", told.Text);
    }

    [Fact]
    public async Task Holds_end_as_much_later_as_the_clock_was_set_forward()
    {
        EngineWorld world = await WaitingForCachesAsync();
        DateTimeOffset until = Caches(world.Known).Until!.Value;
        world.Clock.Set(TimeSpan.FromHours(1));
        await world.TurnAsync();
        Assert.Equal(until.AddHours(1), Caches(world.Known).Until);
    }

    [Fact]
    public async Task Small_steps_add_up_until_they_are_noticed()
    {
        EngineWorld world = await WaitingForCachesAsync();
        DateTimeOffset until = Caches(world.Known).Until!.Value;
        for (int i = 0; i < 5; i++)
        {
            world.Clock.Set(TimeSpan.FromSeconds(1.5));
            world.Clock.Pass(TimeSpan.FromSeconds(0.1));
            await world.TurnAsync();
        }

        Assert.InRange(Caches(world.Known).Until!.Value - until, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(7.5));
    }

    [Fact]
    public async Task The_clocks_are_written_down_once_a_minute_at_most()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        TimeSpan start = world.Clock.Real;
        long before = Version();
        for (int i = 0; i < 100; i++)
        {
            world.Clock.Pass(TimeSpan.FromSeconds(3));
            await world.TurnAsync();
        }

        Assert.InRange(Version() - before, 1, (long)(world.Clock.Real - start).TotalMinutes + 1);

        long Version() => world.World.Store.LoadAll().Single(d => d.Kind == "clock").Version;
    }

    [Fact]
    public void The_machines_own_steady_clock_runs_with_the_wall_clock()
    {
        var steady = new BootClock();
        ClockReading first = Clocks.Read(TimeProvider.System, steady);
        ClockReading second = Clocks.Read(TimeProvider.System, new BootClock());
        Assert.Equal(first.Boot, second.Boot);
        Assert.True(second.Elapsed > first.Elapsed);
        Assert.Null(first.JumpTo(second));
        Assert.True(Guid.TryParse(first.Boot, out _));
    }

    [Fact]
    public void On_another_machine_that_runs_for_long_nothing_has_passed()
    {
        DateTimeOffset noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
        ClockReading here = new(noon, "here", TimeSpan.FromDays(3));
        ClockReading there = new(noon.AddMinutes(2), "there", TimeSpan.FromDays(50));
        Assert.Equal(new(TimeSpan.FromMinutes(2), true), here.JumpTo(there));
    }

    [Fact]
    public void A_process_that_is_stopped_between_the_two_clocks_sees_no_jump()
    {
        var clock = new TestClock();
        ClockReading before = Clocks.Read(clock, clock);
        ClockReading after = Clocks.Read(new StoppedOnce(clock), clock);
        Assert.Null(before.JumpTo(after));
    }

    private static async Task<EngineWorld> RolledAsync()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        await world.RunUntilAsync(
            r => r.Facts.Certificate(EngineWorld.Name).Current is { Number: 2, State: GenerationState.Live });
        return world;
    }

    private static void Abort(EngineWorld world)
    {
        string state = Directory.CreateTempSubdirectory().FullName;
        World there = world.World with { Desired = world.World.Desired with { StateDirectory = state } };
        AbortCommand.Abort(there, EngineWorld.Name, json: true);
        Directory.Delete(state, recursive: true);
    }

    private static Hold Caches(CertificateFacts known) => Assert.Single(known.Holds, h => h.Gate is Gate.Caches);

    private static async Task<EngineWorld> WaitingForCachesAsync()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        await world.RunUntilAsync(r => r.Plan.Next is null && r.Plan.Holds.Any(h => h.Gate is Gate.Caches));
        return world;
    }

    private static async Task<int> EffectsOfRollAsync()
    {
        int last = 0;
        await RollAsync((_, count) => last = count);
        return last;
    }

    /// <summary>Rolls, and says after how much real time each kind of step was done last.</summary>
    private static async Task<Dictionary<StepKind, TimeSpan>> RollAsync(Action<EngineWorld, int> disturb)
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        TimeSpan start = world.Clock.Real;
        int before = world.Effects.Done.Count;
        Action<string> watch = world.Effects.Watch;
        world.Effects.Watch = what =>
        {
            watch(what);
            disturb(world, world.Effects.Done.Count - before);
        };
        world.Ask(newKey: true);
        var times = new Dictionary<StepKind, TimeSpan>();
        await world.RunUntilAsync(r =>
        {
            if (r is { Plan.Next: { } step, Outcome: not StepOutcome.Refused })
                times[step.Kind] = world.Clock.Real - start;
            return r.Plan is { Next: null, Holds.IsEmpty: true } && r.Facts.Certificate(EngineWorld.Name) is
            { Request: null, Current: { Number: 2, State: GenerationState.Live } };
        });
        return times;
    }

    private static void AssertInTime(
        Dictionary<StepKind, TimeSpan> undisturbed,
        Dictionary<StepKind, TimeSpan> disturbed,
        TimeSpan most,
        string when)
    {
        foreach ((StepKind kind, TimeSpan time) in disturbed)
        {
            TimeSpan late = time - undisturbed[kind];
            Assert.True(
                late >= -TimeSpan.FromSeconds(1) && late <= most, $"{when}: {kind} came {late.TotalSeconds} s late");
        }
    }

    // Between two looks at its clock ten seconds pass, once.
    private sealed class StoppedOnce(TestClock clock) : TimeProvider
    {
        private bool stopped;

        public override DateTimeOffset GetUtcNow()
        {
            DateTimeOffset now = clock.GetUtcNow();
            if (!stopped)
                clock.Pass(TimeSpan.FromSeconds(10));
            stopped = true;
            return now;
        }
    }
}

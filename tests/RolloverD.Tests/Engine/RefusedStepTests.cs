using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Tests.Engine.Model;
using Xunit;

namespace RolloverD.Tests.Engine;

/// <summary>
/// What safety refuses at its second question was intended and not begun: the facts are again what they were.
/// </summary>
public sealed class RefusedStepTests
{
    private static readonly string Owner = EngineWorld.Mx.TlsaName;

    [Fact]
    public async Task A_deployment_that_is_refused_before_it_touched_anything_was_never_begun()
    {
        EngineWorld world = await AboutToDeployAsync();
        int swaps = world.Effects.Count("swap link");
        TickResult refused = await RefusedTurnAsync(world, restored: false);

        Assert.IsType<Step.Deploy>(refused.Plan.Next);
        Assert.IsType<StepOutcome.Refused>(refused.Outcome);
        Assert.IsType<GenerationState.Issued>(world.Known.Find(2)!.State);
        Assert.IsType<GenerationState.Live>(world.Known.Find(1)!.State);
        Assert.Equal(swaps, world.Effects.Count("swap link"));
        Assert.Equal(1, world.Files.Linked);
    }

    [Fact]
    public async Task A_deployment_that_an_earlier_try_may_have_touched_goes_on_deploying()
    {
        EngineWorld world = await AboutToDeployAsync(killedBeforeReload: true);
        await world.TurnAsync(); // killed after the link was swapped
        Assert.Single(world.Effects.Kills);
        Assert.Equal(2, world.Files.Linked);
        GenerationState begun = world.Known.Find(2)!.State;
        Assert.IsType<GenerationState.Deploying>(begun);

        TickResult refused = await RefusedTurnAsync(world, restored: true);
        Assert.IsType<Step.Deploy>(refused.Plan.Next);
        Assert.IsType<StepOutcome.Refused>(refused.Outcome);
        Assert.Equal(begun, world.Known.Find(2)!.State);

        await world.SettleAsync();
        Assert.Equal(2, world.Known.Current!.Number);
    }

    [Fact]
    public async Task A_generation_that_may_not_be_put_back_stays_live_and_the_failed_one_goes_on_deploying()
    {
        EngineWorld world = await AboutToDeployAsync();
        bool replaced = false;
        world.Effects.Watch = what =>
        {
            GenerationState first = world.Known.Find(1)!.State, second = world.Known.Find(2)!.State;

            // Seen once by everybody, the new chain is then shown no more.
            world.Host.Broken |= second is GenerationState.Deploying { CleanRounds: 1 };
            if (what == "ask servers" && first is GenerationState.Deploying && !replaced)
            {
                replaced = true;
                world.Zone.Put(Owner, OnlyFor(world, 2));
            }
        };
        TickResult? refused = null;
        await world.RunUntilAsync(r => (refused = r).Outcome is StepOutcome.Refused);
        Assert.IsType<Step.PutBack>(refused!.Plan.Next);
        Assert.IsType<GenerationState.Live>(world.Known.Find(1)!.State);
        Assert.IsType<GenerationState.Deploying>(world.Known.Find(2)!.State);
        Assert.Equal(2, world.Files.Linked);
        Setback setback = Assert.Single(world.Known.Setbacks);
        Assert.Equal((StepKind.PutBack, 1), (setback.Kind, setback.Count));
    }

    [Fact]
    public async Task A_change_of_records_waits_when_nothing_is_found_out_of_the_zone_just_before_it()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        world.Effects.Watch = what =>
            world.Zone.IsUnknown |= what == "ask servers" && IsIntended(world, withdrawal: false);
        TickResult? refused = null;
        await world.RunUntilAsync(r => (refused = r).Outcome is StepOutcome.Refused);
        Assert.IsType<Step.Publish>(refused!.Plan.Next);
        Assert.Contains(
            "could not be found out", ((StepOutcome.Refused)refused.Outcome!).Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Facts.Owner(Owner).Sets, s => s.State is SetState.Intended);
        Assert.Equal(1, world.Effects.Count("change records"));

        world.Effects.Watch = _ => world.Zone.IsUnknown = false;
        await world.SettleAsync();
        Assert.Equal(2, world.Known.Current!.Number);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_of_records_that_is_refused_is_renounced(bool withdrawal)
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        Chain strange = StrangeChain();
        bool replaced = false;
        world.Effects.Watch = what =>
        {
            // Somebody else puts another chain into service, and a record for it beside the others.
            if (what != "ask servers" || replaced || !IsIntended(world, withdrawal))
                return;

            replaced = true;
            world.Host.Presented = strange;
            world.Zone.Put(Owner, world.Zone.Held(Owner).With([strange.RecordFor(TlsaParameters.DaneEeSpkiSha256)!]));
        };
        world.Ask(newKey: true);
        TickResult? refused = null;
        await world.RunUntilAsync(r => (refused = r).Outcome is StepOutcome.Refused);
        Assert.Equal(withdrawal ? typeof(Step.Withdraw) : typeof(Step.Publish), refused!.Plan.Next!.GetType());
        Assert.DoesNotContain(world.Facts.Owner(Owner).Sets, s => s.State is SetState.Intended);
        Assert.Equal(Owner, Assert.Single(world.Known.Setbacks).Subject);
    }

    // The first publication's set has one record too, but it is over when this is asked.
    private static bool IsIntended(EngineWorld world, bool withdrawal) =>
        world.Facts.Owner(Owner).Sets.Any(s => s.State is SetState.Intended { AppliedAt: null }
            && (s.Records.Records.Length == 1) == withdrawal);

    private static RecordSet OnlyFor(EngineWorld world, int generation) => new(
        [world.Known.Find(generation)!.Key.RecordFor(TlsaParameters.DaneEeSpkiSha256)!], EngineWorld.Timing.Ttl);

    private static Chain StrangeChain() => new(
        new(
            [7], [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 7], "CN=strange", [EngineWorld.Mx.Host],
            DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, isCa: false),
        []);

    // One turn in which, just when the intent was saved, somebody puts the old set back.
    private static async Task<TickResult> RefusedTurnAsync(EngineWorld world, bool restored)
    {
        RecordSet right = world.Zone.Held(Owner);
        int saves = 0;
        world.Effects.Watch = what =>
        {
            if (what == "save facts" && ++saves == 2)
                world.Zone.Put(Owner, OnlyFor(world, 1));
        };
        TickResult result = (await world.TurnAsync())!;
        world.Effects.Watch = _ => { };
        if (restored)
            world.Zone.Put(Owner, right);
        return result;
    }

    private static async Task<EngineWorld> AboutToDeployAsync(bool killedBeforeReload = false)
    {
        EngineWorld world = await IssuedAsync();
        if (!killedBeforeReload)
            return world;

        // The same again, killed at the first reload after where the other one stands.
        var watched = await IssuedAsync();
        await watched.TurnAsync();
        int reload = watched.Effects.Done.FindLastIndex(d => d == "reload server") + 1;
        return await IssuedAsync(reload);
    }

    private static async Task<EngineWorld> IssuedAsync(params int[] killAt)
    {
        var world = new EngineWorld(KeyPolicy.Rotate, killAt: killAt);
        await world.SettleAsync();
        world.Ask(newKey: true);
        await world.RunUntilAsync(r => r.Plan.Next is Step.Issue { Generation: 2 });
        return world;
    }
}

using RolloverD.Core.Dane;
using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Tests.Engine.Model;
using Xunit;

namespace RolloverD.Tests.Engine;

/// <summary>Certificates have their turns at once, and what one is about to do counts for the others.</summary>
public sealed class ConcurrentTurnsTests
{
    [Fact]
    public async Task What_another_certificate_intended_since_the_plan_counts_in_the_second_question()
    {
        Endpoint submission = new(EngineWorld.Mx.Host, 465);
        var world = new EngineWorld(endpoints: [EngineWorld.Mx, submission]);
        await world.SettleAsync();
        world.Ask(newKey: true);
        await world.RunUntilAsync(r => r.Plan.Next is Step.Issue { Generation: 2 });
        world.Reconfigure([EngineWorld.Mx]);

        // The other one withdraws what the endpoint left, as planned before the deployment was begun.
        Facts? between = null;
        world.Effects.Watch = what =>
        {
            if (between is not null || what != "ask servers"
                || world.Known.Find(2)!.State is not GenerationState.Deploying)
            {
                return;
            }

            world.Change(facts => facts.With(
                facts.Owner(submission.TlsaName).Intend(RecordSet.Absent, [], world.Clock.GetUtcNow())));
            between = world.Facts;
        };
        TickResult? result = null;
        await world.RunUntilAsync(r => (result = r).Plan.Next is Step.Deploy);
        Chain chain = world.Known.Find(2)!.Chain!;
        Assert.Contains(between!.Owner(submission.TlsaName).PartsOfUnfinished(), part => !part.Covers(chain));
        Assert.IsType<StepOutcome.Refused>(result!.Outcome);
    }

    [Theory]
    [InlineData(true, "create key")]
    [InlineData(false, "reuse key")]
    public async Task A_rollover_that_is_forgotten_while_its_key_is_being_made_does_not_go_on(
        bool newKey, string effect)
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey);
        Abortion? abortion = null;
        world.Effects.Watch = what =>
        {
            if (what != effect || abortion is not null)
                return;

            DateTimeOffset now = world.Clock.GetUtcNow();
            abortion = Aborting.Of(world.World.Desired, world.Facts, EngineWorld.Name, now);
            world.Change(facts => facts.Take(abortion, EngineWorld.Name, now));
        };
        await world.RunUntilAsync(_ => abortion is not null);
        Assert.IsType<Abortion.Forget>(abortion); // "had not begun and is forgotten"
        await world.SettleAsync();
        Assert.Equal(1, world.Known.Current!.Number);
    }
}

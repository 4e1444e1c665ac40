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
}

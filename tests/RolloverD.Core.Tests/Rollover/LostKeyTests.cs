using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// A key that is gone before it served: its end was begun and not finished, or somebody deleted it. Another one is
/// made.
/// </summary>
public class LostKeyTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(61); // the renewal of generation 1 is due
    private static readonly DesiredCertificate Mx1 = Some.Certificate with { KeyPolicy = KeyPolicy.Rotate };
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Chain = Some.Chain(Key), NextChain = Some.Chain(NextKey, from: Now);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Its_generation_is_given_up_and_a_new_one_begins(bool issued)
    {
        Facts facts = Rolling(issued);
        Assert.IsNotType<Step.Archive>(Decide(facts, gone: false).Next);

        var archive = Assert.IsType<Step.Archive>(Decide(facts, gone: true).Next);
        Assert.Equal(2, archive.Generation);
        facts = facts.Complete(archive, new StepOutcome.Done(), Now);
        Assert.Equal(3, Assert.IsType<Step.GenerateKey>(Decide(facts, gone: false).Next).Generation);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void A_rollover_that_was_asked_for_is_still_asked_for(bool newKey, bool emergency)
    {
        Facts facts = Rolling(issued: false);
        facts = facts.With(facts.Certificate("mx1") with { Request = new(newKey, emergency, Now, 2) });
        var archive = Assert.IsType<Step.Archive>(Decide(facts, gone: true).Next);

        facts = facts.Complete(archive, new StepOutcome.Done(), Now);
        Assert.Equal(new(newKey, emergency, Now, null), facts.Certificate("mx1").Request);
        facts = facts.Complete(
            Decide(facts, gone: false).Next!, new StepOutcome.KeyReady(Some.Key(3)), Now);
        Assert.Equal(3, facts.Certificate("mx1").Request?.Generation);
    }

    [Fact]
    public void It_is_given_up_too_when_its_deployment_had_begun_and_the_live_link_never_led_to_it()
    {
        var deploying = new GenerationState.Deploying(NextChain, Now, null, 0);
        Facts facts = Rolling(issued: true);
        facts = facts.With(facts.Certificate("mx1").With(Given.In(2, NextKey, deploying)));
        Observation gone = Look.Well(facts, Mx1, Now, Chain) with { KeysGone = [2] };

        Assert.Equal(2, Assert.IsType<Step.Archive>(Decide(facts, gone with { LiveGeneration = 1 }).Next).Generation);
        Assert.IsType<Step.Deploy>(Decide(facts, gone with { LiveGeneration = 2 }).Next);
        Assert.IsType<Step.Deploy>(Decide(facts, gone with { LiveGeneration = null }).Next);
    }

    [Fact]
    public void One_that_stood_by_is_replaced()
    {
        DesiredCertificate standby = Mx1 with { KeyPolicy = KeyPolicy.Standby };
        DateTimeOffset early = Some.Start.AddDays(1);
        Facts facts = Given.Steady(standby, Key, Given.In(2, NextKey, new GenerationState.Standby()));
        Observation seen = Look.Well(facts, standby, early, Chain);
        Assert.Null(Planner.Next(Some.Desired(standby), facts, seen, "mx1", early).Next);

        Plan plan = Planner.Next(Some.Desired(standby), facts, seen with { KeysGone = [2] }, "mx1", early);
        facts = facts.Complete(Assert.IsType<Step.Archive>(plan.Next), new StepOutcome.Done(), early);
        Step? next = Planner.Next(Some.Desired(standby), facts, seen, "mx1", early).Next;
        Assert.Equal((3, true), next is Step.GenerateKey key ? (key.Generation, key.ForStandby) : default);
    }

    [Fact]
    public void One_that_was_never_written_down_ends_when_nothing_wants_it_any_more()
    {
        DateTimeOffset early = Some.Start.AddDays(1);
        Facts facts = Given.Steady(Mx1, Key);
        Observation left = Look.Well(facts, Mx1, early, Chain) with { KeyLeft = 2 };
        var archive = Assert.IsType<Step.Archive>(Planner.Next(Some.Desired(Mx1), facts, left, "mx1", early).Next);
        Assert.Equal(2, archive.Generation);
        Assert.Equal(
            facts.Certificate("mx1"), facts.Complete(archive, new StepOutcome.Done(), early).Certificate("mx1"));

        // Whatever wants a key takes it.
        Step? next = Planner.Next(Some.Desired(Mx1), facts.Asked(), left, "mx1", early).Next;
        Assert.Equal(2, Assert.IsType<Step.GenerateKey>(next).Generation);
    }

    // Generation 1 is in service, both keys are published, and generation 2 came this far.
    private static Facts Rolling(bool issued)
    {
        Facts facts = Given.Steady(Mx1, Key);
        return facts
            .With(facts.Certificate("mx1").With(Given.In(
                2, NextKey, issued ? new GenerationState.Issued(NextChain, Now) : new GenerationState.Preparing(Now))))
            .With(Given.Ledger(Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey))));
    }

    private static Plan Decide(Facts facts, bool gone) =>
        Decide(facts, Look.Well(facts, Mx1, Now, Chain) with { KeysGone = gone ? [2] : [] });

    private static Plan Decide(Facts facts, Observation seen) =>
        Planner.Next(Some.Desired(Mx1), facts, seen, "mx1", Now);
}

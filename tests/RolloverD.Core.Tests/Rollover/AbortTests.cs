using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>From every phase back to steady, and no new beginning at once.</summary>
public class AbortTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(61); // the renewal of generation 1 is due
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Chain = Some.Chain(Key), NextChain = Some.Chain(NextKey, from: Now);
    private static readonly TlsaRecord Old = Some.Record("3 1 1", Key), New = Some.Record("3 1 1", NextKey);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_generation_that_is_being_made_is_given_up_and_its_records_go(bool issued)
    {
        Facts facts = Rolling(issued
            ? new GenerationState.Issued(NextChain, Now)
            : new GenerationState.Preparing(Now));
        facts = Abort(facts, new Abortion.GiveUp(2, false));
        var archive = Assert.IsType<Step.Archive>(Decide(facts, Now, Chain).Next);
        facts = facts.Complete(archive, new StepOutcome.Done(), Now);
        Assert.Equal([New], ((Step.Withdraw)Decide(facts, Now, Chain).Next!).Removed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_standby_key_that_was_about_to_be_taken_goes_on_standing_by(bool forgotten)
    {
        Facts facts = Rolling(new GenerationState.Standby()).Asked();
        if (forgotten)
            facts = Abort(facts, new Abortion.Forget());
        facts = facts.Complete(new Step.Promote("mx1", 2, ""), new StepOutcome.Done(), Now);
        Assert.Equal(forgotten, StateOf(facts, 2) is GenerationState.Standby);
    }

    [Fact]
    public void An_order_that_was_under_way_does_not_bring_it_back()
    {
        Facts facts = Abort(Rolling(new GenerationState.Preparing(Now)), new Abortion.GiveUp(2, false));
        facts = facts.Complete(new Step.Archive("mx1", 2, ""), new StepOutcome.Done(), Now)
            .Complete(new Step.Issue("mx1", 2, ""), new StepOutcome.Certified(NextChain), Now);
        Assert.IsType<GenerationState.Archived>(StateOf(facts, 2));
    }

    [Fact]
    public void A_standby_key_stands_by_again()
    {
        DesiredCertificate standby = Mx1 with { KeyPolicy = KeyPolicy.Standby };
        Facts facts = Rolling(new GenerationState.Issued(NextChain, Now));
        facts = Abort(facts, new Abortion.GiveUp(2, true), standby);
        Assert.IsType<GenerationState.Standby>(StateOf(facts, 2));
        Plan plan = Decide(facts, Now, Chain, standby);
        Assert.Null(plan.Next);
        Assert.Equal(Gate.Rest, Assert.Single(plan.Holds).Gate);
    }

    [Fact]
    public void A_generation_that_is_being_deployed_is_taken_out_at_once_and_not_tried_again()
    {
        Facts facts = Rolling(new GenerationState.Deploying(NextChain, Now.AddSeconds(-5), Now.AddSeconds(-5), 0));
        facts = Abort(facts, new Abortion.GoBack(1, 2));
        var back = Assert.IsType<Step.PutBack>(Decide(facts, Now, NextChain).Next);
        Assert.Equal((1, 2), (back.Generation, back.Failed));

        facts = PutBack(facts, back, Now);
        Assert.IsType<GenerationState.Superseded>(StateOf(facts, 2));
        Assert.Empty(facts.Certificate("mx1").Setbacks);
        Assert.IsType<Abortion.Nothing>(Aborting.Of(Some.Desired(Mx1), facts, "mx1", Now));

        facts = Verify(facts, Now.AddSeconds(1));
        Assert.IsType<GenerationState.Live>(StateOf(facts, 1));
        Assert.Null(Decide(facts, Now.AddMinutes(59), Chain).Next);
        Assert.Equal([New], ((Step.Withdraw)Decide(facts, Now.AddHours(2), Chain).Next!).Removed);
    }

    [Fact]
    public void Its_records_stay_while_some_process_still_shows_it()
    {
        Facts facts = Rolling(new GenerationState.Deploying(NextChain, Now.AddSeconds(-5), Now.AddSeconds(-5), 0));
        facts = Abort(facts, new Abortion.GoBack(1, 2));
        facts = PutBack(facts, (Step.PutBack)Decide(facts, Now, NextChain).Next!, Now);
        facts = Verify(facts, Now.AddSeconds(1));
        facts = facts.With(Given.Seen(Some.Mx, Chain, NextChain));
        Assert.Null(Decide(facts, Now.AddHours(2), Chain).Next);
    }

    [Fact]
    public void Within_the_rollback_window_the_generation_before_comes_back()
    {
        Facts facts = Live(Now.AddMinutes(-59));
        facts = Abort(facts, new Abortion.GoBack(1, 2));
        var back = Assert.IsType<Step.PutBack>(Decide(facts, Now, NextChain).Next);
        facts = Verify(PutBack(facts, back, Now), Now.AddSeconds(1));
        Assert.IsType<GenerationState.Live>(StateOf(facts, 1));
        Assert.IsType<GenerationState.Superseded>(StateOf(facts, 2));
        Assert.Equal(Gate.Rest, Decide(facts, Now.AddSeconds(9), Chain).Holds[0].Gate);
    }

    [Fact]
    public void One_that_was_asked_for_in_time_comes_back_though_the_window_passed_meanwhile()
    {
        Facts facts = Late();
        var back = Assert.IsType<Step.PutBack>(Decide(facts, Now.AddMinutes(15), NextChain).Next);
        Assert.Equal((1, 2), (back.Generation, back.Failed));
    }

    [Fact]
    public void Its_records_stay_while_DNS_is_not_heard_and_another_abort_says_so()
    {
        DateTimeOffset later = Now.AddHours(9);
        Facts facts = Late();
        Observation deaf = Look.Well(facts, Mx1, later, NextChain);
        deaf = deaf with { Owners = deaf.Owners.Clear() };
        Plan plan = Planner.Next(Some.Desired(Mx1), facts, deaf, "mx1", later);
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Reason.Contains("until it is put back", StringComparison.Ordinal));
        Assert.Contains(Old, Wanted.At(Some.Desired(Mx1), facts, Some.Owner, later));

        var nothing = Assert.IsType<Abortion.Nothing>(Aborting.Of(Some.Desired(Mx1), facts, "mx1", later));
        Assert.Contains("being taken back already", nothing.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_asked_back_and_has_ended_meanwhile_is_let_go_and_it_is_said_why()
    {
        Plan plan = Decide(Late(), Chain.NotAfter, NextChain);
        Assert.Contains(plan.Holds, h => h.Reason.Contains("cannot be: its certificate", StringComparison.Ordinal));
        Assert.Equal([Old], ((Step.Withdraw)plan.Next!).Removed);
    }

    [Fact]
    public void What_was_asked_back_and_has_no_key_any_more_is_given_up_and_no_older_one_comes_in_its_place()
    {
        Facts facts = Late();
        facts = facts.With(facts.Certificate("mx1").With(
            Given.In(3, Some.Key(3), new GenerationState.Superseded(Some.Chain(Some.Key(3)), Some.Start))));
        Observation gone = Look.Well(facts, Mx1, Now.AddMinutes(15), NextChain) with { KeysGone = [1] };
        Plan plan = Planner.Next(Some.Desired(Mx1), facts, gone, "mx1", Now.AddMinutes(15));
        var archive = Assert.IsType<Step.Archive>(plan.Next);
        Assert.Equal(1, archive.Generation);
        Assert.Contains("cannot be: its key", archive.Reason, StringComparison.Ordinal);

        facts = facts.Complete(archive, new StepOutcome.Done(), Now.AddMinutes(15));
        Assert.Null(Aborting.AskedBack(facts.Certificate("mx1")));
    }

    [Fact]
    public void A_second_abort_does_not_undo_the_first()
    {
        Facts facts = Abort(Live(Now.AddMinutes(-59)), new Abortion.GoBack(1, 2));
        facts = PutBack(facts, (Step.PutBack)Decide(facts, Now, NextChain).Next!, Now);
        facts = Verify(facts, Now.AddSeconds(1));
        var nothing = Assert.IsType<Abortion.Nothing>(
            Aborting.Of(Some.Desired(Mx1), facts, "mx1", Now.AddMinutes(2)));
        Assert.Contains("taken back already", nothing.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_rollover_after_one_that_was_taken_back_can_be_taken_back_too()
    {
        Facts facts = Abort(Live(Now.AddMinutes(-59)), new Abortion.GoBack(1, 2));
        facts = PutBack(facts, (Step.PutBack)Decide(facts, Now, NextChain).Next!, Now);
        facts = Verify(facts, Now.AddSeconds(1));
        Chain third = Some.Chain(Some.Key(3), from: Now);
        CertificateFacts known = facts.Certificate("mx1").With(
            Given.In(3, third.Key, new GenerationState.Deploying(third, Now.AddDays(1), null, 0)));
        Assert.Equal(
            new Abortion.GoBack(1, 3),
            Aborting.Of(Some.Desired(Mx1), facts.With(known), "mx1", Now.AddDays(1)));

        known = known.With(Given.In(1, Key, new GenerationState.Superseded(Chain, Now.AddDays(1))))
            .With(Given.In(3, third.Key, new GenerationState.Live(third, Now.AddDays(1))));
        Assert.Equal(
            new Abortion.GoBack(1, 3),
            Aborting.Of(Some.Desired(Mx1), facts.With(known), "mx1", Now.AddDays(1)));
    }

    [Fact]
    public void When_the_window_has_passed_it_is_said_how_to_move_on()
    {
        var nothing = Assert.IsType<Abortion.Nothing>(
            Aborting.Of(Some.Desired(Mx1), Live(Now.AddMinutes(-61)), "mx1", Now));
        Assert.Contains("rolloverd roll mx1", nothing.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_put_back_whose_record_somebody_removed()
    {
        Facts facts = Abort(Live(Now.AddMinutes(-59)), new Abortion.GoBack(1, 2)).With(Given.Ledger(Some.Set(New)));
        facts = facts.With(facts.Owner(Some.Owner).Observe(Look.At(Now, Look.Serves(Some.Set(New)))));
        Plan plan = Decide(facts, Now, NextChain);
        Assert.IsNotType<Step.PutBack>(plan.Next); // it is published again first
        Assert.Equal([Old], ((Step.Publish)plan.Next!).Added);
    }

    [Fact]
    public void Nothing_is_put_back_whose_certificate_has_ended() => Assert.IsType<Abortion.Nothing>(
        Aborting.Of(Some.Desired(Mx1), Live(Some.Start.AddDays(91)), "mx1", Some.Start.AddDays(91)));

    [Fact]
    public void Of_the_first_generation_there_is_none_to_go_back_to()
    {
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.In(1, Key, new GenerationState.Deploying(Chain, Now, Now, 0)))]);
        Assert.IsType<Abortion.Nothing>(Aborting.Of(Some.Desired(Mx1), facts, "mx1", Now));
    }

    [Fact]
    public void A_first_generation_that_is_given_up_is_not_begun_anew_at_once()
    {
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.In(1, Key, new GenerationState.Preparing(Now)))],
            [Given.Ledger(RecordSet.Absent)]);
        facts = Abort(facts, new Abortion.GiveUp(1, false));
        facts = facts.Complete(new Step.Archive("mx1", 1, ""), new StepOutcome.Done(), Now);
        Assert.Equal(Gate.Rest, Assert.Single(Decide(facts, Now, Chain).Holds).Gate);
        Assert.IsType<Step.GenerateKey>(Decide(facts, Now.AddDays(1), Chain).Next);
    }

    [Fact]
    public void A_request_that_nothing_began_for_is_forgotten()
    {
        Facts facts = Abort(Given.Steady(Mx1, Key).Asked(), new Abortion.Forget());
        Assert.Null(facts.Certificate("mx1").Request);
    }

    [Fact]
    public void The_renewal_that_was_due_rests_for_a_day_or_until_it_is_asked_for()
    {
        Facts facts = Abort(Given.Steady(Mx1, Key).Asked(), new Abortion.Forget());
        Hold hold = Assert.Single(Decide(facts, Now, Chain).Holds);
        Assert.Equal((Gate.Rest, Now.AddDays(1)), (hold.Gate, hold.Until));
        Assert.Contains("rolloverd roll mx1", hold.Remedy, StringComparison.Ordinal);
        Assert.IsType<Step.GenerateKey>(Decide(facts, Now.AddDays(1), Chain).Next);

        facts = facts.With(facts.Certificate("mx1").Ask(newKey: true, emergency: false, Now));
        Assert.IsType<Step.GenerateKey>(Decide(facts, Now, Chain).Next);
    }

    [Fact]
    public void A_certificate_that_ends_soon_rests_for_a_quarter_of_what_is_left()
    {
        DateTimeOffset late = Chain.NotAfter.AddHours(-8);
        Facts facts = Given.Steady(Mx1, Key).Asked();
        facts = facts.Take(Aborting.Of(Some.Desired(Mx1), facts, "mx1", late), "mx1", late);
        Assert.Equal(late.AddHours(2), facts.Certificate("mx1").Abort!.Until);
    }

    [Fact]
    public void A_key_kept_ready_is_made_all_the_same_while_rollovers_rest()
    {
        DesiredCertificate standby = Mx1 with { KeyPolicy = KeyPolicy.Standby };
        Facts facts = Abort(Given.Steady(Mx1, Key).Asked(), new Abortion.Forget(), standby);
        Assert.True(((Step.GenerateKey)Decide(facts, Now, Chain, standby).Next!).ForStandby);
    }

    // Generation 1 is in service, both keys are published, and generation 2 came this far.
    private static Facts Rolling(GenerationState state)
    {
        Facts facts = Given.Steady(Mx1, Key);
        return facts.With(facts.Certificate("mx1").With(Given.In(2, NextKey, state)))
            .With(Given.Ledger(Some.Set(Old, New)));
    }

    private static Facts Live(DateTimeOffset verified) => Given.Facts(
        [
            Given.Certificate(
                "mx1",
                Given.In(1, Key, new GenerationState.Superseded(Chain, verified)),
                Given.In(2, NextKey, new GenerationState.Live(NextChain, verified))),
        ],
        [Given.Ledger(Some.Set(Old, New))],
        [Given.Seen(Some.Mx, NextChain) with { TakenOverAt = Some.Start }]);

    // It was aborted in the last minute of the rollback window.
    private static Facts Late() => Abort(Live(Now.AddMinutes(-59)), new Abortion.GoBack(1, 2));

    private static Facts Abort(Facts facts, Abortion expected, DesiredCertificate? certificate = null)
    {
        Abortion abortion = Aborting.Of(Some.Desired(certificate ?? Mx1), facts, "mx1", Now);
        Assert.Equal(expected, abortion);
        return facts.Take(abortion, "mx1", Now);
    }

    private static Facts PutBack(Facts facts, Step.PutBack back, DateTimeOffset at) =>
        facts.Intend(back, at).Complete(back, new StepOutcome.Deployed(true, ""), at);

    private static Facts Verify(Facts facts, DateTimeOffset from)
    {
        for (int round = 0; round < Evidence.CleanRoundsWanted; round++)
        {
            facts = facts.Observe(Mx1, Observation.Nothing with
            {
                Endpoints = Observation.Nothing.Endpoints.Add(
                    Some.Mx, Look.Shows(Some.Mx, from.AddSeconds(round), Chain)),
            });
        }

        return facts;
    }

    private static GenerationState StateOf(Facts facts, int number) => facts.Certificate("mx1").Find(number)!.State;

    private static Plan Decide(Facts facts, DateTimeOffset now, Chain shown, DesiredCertificate? certificate = null) =>
        Planner.Next(
            Some.Desired(certificate ?? Mx1), facts, Look.Well(facts, certificate ?? Mx1, now, shown), "mx1", now);
}

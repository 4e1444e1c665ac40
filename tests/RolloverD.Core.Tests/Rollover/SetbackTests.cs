using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>What a step that failed, or that asked for patience, holds back, and for how long.</summary>
public class SetbackTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Generation Preparing = Given.In(2, NextKey, new GenerationState.Preparing(Now));
    private static readonly Endpoint Submission = new("mx1.example.net", 587);
    private static readonly DesiredCertificate TwoPorts = Some.Certificate with { Endpoints = [Some.Mx, Submission] };
    private static readonly Step Order = new Step.Issue("mx1", 2, "why");

    private static Facts Started => Given.Steady(Some.Certificate, Key).With(
        Given.Steady(Some.Certificate, Key).Certificate("mx1").With(Preparing));

    [Theory]
    [InlineData(-3600, 30)] // a time that is past
    [InlineData(1, 30)]
    [InlineData(90, 90)]
    public void What_an_issuer_names_never_undercuts_the_usual_rest(int named, int expected)
    {
        Facts facts = Started.Complete(
            Order, new StepOutcome.Refused("rateLimited", "wait", Now.AddSeconds(named)), Now);
        Assert.Equal(Now.AddSeconds(expected), facts.Certificate("mx1").SetbackOf(StepKind.Issue)!.RetryAt);
    }

    [Theory]
    [InlineData(-3600, 1)]
    [InlineData(0, 1)]
    [InlineData(20, 20)]
    public void Patience_is_asked_for_no_more_than_once_a_second(int named, int expected)
    {
        Facts facts = Started.Complete(Order, new StepOutcome.Later("at work", Now.AddSeconds(named)), Now);
        Assert.Equal(Now.AddSeconds(expected), facts.Certificate("mx1").SetbackOf(StepKind.Issue)!.RetryAt);
    }

    [Fact]
    public void A_conflict_is_tried_again_before_what_the_provider_told_grows_old()
    {
        RecordSet found = Some.Set(Some.Record("3 1 1", Key));
        var step = new Step.Publish("mx1", Some.Owner, RecordSet.Absent, found, [], "why");
        Facts facts = Started;
        for (DateTimeOffset now = Now; now < Now.AddHours(2); now = now.AddMinutes(1))
        {
            facts = facts.Complete(step, new StepOutcome.Differs(found), now);
            Setback setback = facts.Certificate("mx1").SetbackOf(StepKind.Publish, Some.Owner)!;
            Assert.InRange(setback.RetryAt, now.AddSeconds(1), now.AddSeconds(30));
        }
    }

    [Fact]
    public void Patience_that_drags_on_is_asked_for_less_often_and_is_no_failure()
    {
        Facts facts = Started;
        DateTimeOffset now = Now;
        var rests = new List<double>();
        while (now < Now.AddMinutes(10))
        {
            facts = facts.Complete(Order, new StepOutcome.Later("at work", now), now);
            DateTimeOffset again = facts.Certificate("mx1").SetbackOf(StepKind.Issue)!.RetryAt;
            rests.Add((again - now).TotalSeconds);
            now = again;
        }

        Assert.Equal(1, rests[0]);
        Assert.Equal(rests.Order(), rests);
        Assert.Equal(30, rests[^1]);

        facts = facts.Complete(Order, new StepOutcome.Refused("no", "", null), now);
        Setback setback = facts.Certificate("mx1").SetbackOf(StepKind.Issue)!;
        Assert.Equal((1, now.AddSeconds(30), false), (setback.Count, setback.RetryAt, setback.Patience));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_server_of_the_operator_that_was_mended_is_met_within_half_a_minute(bool certain)
    {
        Step publish = new Step.Publish("mx1", "_25._tcp.mx1.example.net", Some.Set(), Some.Set(), [], "why");
        (double During, double Afterwards) = LongestRests(publish, certain);
        Assert.Equal((30, 120), (During, Afterwards));
    }

    [Fact]
    public void An_issuer_that_refuses_is_spared_more_and_more() =>
        Assert.Equal((480, 6 * 3600), LongestRests(Order, certain: true));

    [Fact]
    public void Whoever_is_in_a_hurry_ends_every_rest_but_that_of_the_issuer()
    {
        Step publish = new Step.Publish("mx1", "_25._tcp.mx1.example.net", Some.Set(), Some.Set(), [], "why");
        var refused = new StepOutcome.Refused("no", "", null);
        CertificateFacts known = Started
            .Complete(publish, refused, Now)
            .Complete(Order, refused, Now)
            .Certificate("mx1");
        CertificateFacts hurried = known.Hurry(Now.AddSeconds(1));
        Assert.Equal(Now.AddSeconds(1), hurried.SetbackOf(publish.Kind, publish.Subject)!.RetryAt);
        Assert.Equal(known.SetbackOf(StepKind.Issue), hurried.SetbackOf(StepKind.Issue));
        Assert.Same(hurried, hurried.Hurry(Now.AddSeconds(2)));
    }

    // In seconds, in the first ten minutes and in the two days after them.
    private static (double During, double Afterwards) LongestRests(Step step, bool certain)
    {
        Facts facts = Started;
        DateTimeOffset now = Now;
        double during = 0, afterwards = 0;
        while (now < Now.AddDays(2))
        {
            StepOutcome outcome = certain
                ? new StepOutcome.Refused("no", "", null)
                : new StepOutcome.Unknown("no answer", "");
            facts = facts.Complete(step, outcome, now);
            DateTimeOffset again = facts.Certificate("mx1").SetbackOf(step.Kind, step.Subject)!.RetryAt;
            if (now < Now.AddMinutes(10))
                during = Math.Max(during, (again - now).TotalSeconds);
            else
                afterwards = Math.Max(afterwards, (again - now).TotalSeconds);
            now = again;
        }

        return (during, afterwards);
    }

    [Fact]
    public void What_is_waited_for_stands_in_the_hold()
    {
        Facts facts = Given.Steady(Some.Certificate, Key, Preparing);
        facts = facts.Complete(
            Order, new StepOutcome.Later("ns2.example.net does not serve the TXT record", Now), Now);
        Hold hold = Assert.Single(Decide(facts, Some.Certificate).Holds, h => h.Gate is Gate.Retry);
        Assert.Equal("Issue ca", hold.Subject);
        Assert.Contains("takes its time", hold.Reason, StringComparison.Ordinal);
        Assert.Contains("ns2.example.net does not serve the TXT record", hold.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dead_provider_of_one_owner_does_not_delay_the_records_of_another()
    {
        Facts facts = Given.Steady(TwoPorts, Key);
        facts = facts.With(facts.Certificate("mx1").With(Preparing));
        var first = (Step.Publish)Decide(facts, TwoPorts).Next!;
        facts = facts.Intend(first, Now).Complete(first, new StepOutcome.Unknown("timed out", ""), Now);

        Plan plan = Decide(facts, TwoPorts);
        var second = Assert.IsType<Step.Publish>(plan.Next);
        Assert.NotEqual(first.Owner, second.Owner);
        Assert.Contains(plan.Holds, h => h.Gate is Gate.Retry && h.Subject == $"Publish {first.Owner}");

        facts = facts.Intend(second, Now).Complete(second, new StepOutcome.Refused("BADKEY", ""), Now);
        Assert.Equal(
            [first.Owner, second.Owner], facts.Certificate("mx1").Setbacks.Select(s => s.Subject));
        facts = facts.Complete(first, new StepOutcome.Published(first.Target), Now);
        Assert.Equal([second.Owner], facts.Certificate("mx1").Setbacks.Select(s => s.Subject));
    }

    [Fact]
    public void A_dead_provider_of_one_owner_does_not_delay_a_withdrawal_at_another()
    {
        Generation old = Given.In(0, Some.Key(9), new GenerationState.Superseded(Some.Chain(Some.Key(9)), Some.Start));
        Facts facts = Given.Steady(TwoPorts, Key, old);
        var first = (Step.Withdraw)Decide(facts, TwoPorts).Next!;
        facts = facts.Intend(first, Now).Complete(first, new StepOutcome.Refused("BADKEY", ""), Now);
        Assert.NotEqual(first.Owner, Assert.IsType<Step.Withdraw>(Decide(facts, TwoPorts).Next).Owner);
    }

    [Fact]
    public void A_setback_without_a_subject_as_earlier_versions_stored_it_holds_back_every_owner()
    {
        Facts facts = Given.Steady(TwoPorts, Key);
        CertificateFacts known = facts.Certificate("mx1").With(Preparing);
        facts = facts.With(known with
        {
            Setbacks = [new(StepKind.Publish, Now, Now, 1, Now.AddMinutes(1), "timed out", "")],
        });
        Assert.Null(Decide(facts, TwoPorts).Next);

        Plan plan = Decide(facts, TwoPorts, Now.AddMinutes(1));
        var step = Assert.IsType<Step.Publish>(plan.Next);
        facts = facts.Complete(step, new StepOutcome.Published(step.Target), Now.AddMinutes(1));
        Assert.Empty(facts.Certificate("mx1").Setbacks);
    }

    [Fact]
    public void While_a_step_fails_for_long_nothing_else_is_looked_at_as_if_it_had_only_just_begun()
    {
        Facts facts = Started;
        RecordSet both = Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey));
        facts = facts.With(facts.Owner(Some.Owner).Intend(both, both.Records, Now).Applied(both, Now));
        Observation lags = Look.Well(Started, Some.Certificate, Now, Some.Chain(Key));
        Assert.Equal(Now.AddMilliseconds(200), Next(facts).WakeAt);

        facts = facts.With(facts.Certificate("mx1") with
        {
            Setbacks = [new(StepKind.Deploy, Now.AddHours(-1), Now, 9, Now.AddMinutes(2), "timed out", "")],
        });
        Assert.Equal(Now.AddSeconds(30), Next(facts).WakeAt);

        Plan Next(Facts known) => Planner.Next(Some.Desired(Some.Certificate), known, lags, "mx1", Now);
    }

    [Fact]
    public void A_certificate_that_is_old_when_it_comes_is_not_ordered_again_at_once()
    {
        var issued = new GenerationState.Issued(Some.Chain(NextKey, from: Now.AddDays(-80)), Now);
        Facts facts = Given.Steady(Some.Certificate, Key, Given.In(2, NextKey, issued));
        Assert.IsNotType<Step.Issue>(Decide(facts, Some.Certificate).Next);
        Assert.IsType<Step.Issue>(Decide(facts, Some.Certificate, Now.AddHours(3)).Next);
    }

    private static Plan Decide(Facts facts, DesiredCertificate certificate, DateTimeOffset? now = null) => Planner.Next(
        Some.Desired(certificate), facts, Look.Well(facts, certificate, now ?? Now, Some.Chain(Key)), "mx1",
        now ?? Now);
}

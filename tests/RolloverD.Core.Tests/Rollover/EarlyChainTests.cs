using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// A certificate that is not valid yet, of an issuer that dates forward or whose clock is ahead: under usage 2 senders
/// refuse it. RFC 7672 §3.1.2
/// </summary>
public class EarlyChainTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(60), Begin = Now.AddHours(3);
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Chain = Some.Chain(Key), Next = Some.Chain(NextKey, from: Begin);

    [Fact]
    public void By_usage_2_a_certificate_that_is_not_valid_yet_matches_nothing()
    {
        RecordSet ca = Some.Set(Some.Record("2 1 1", Next)), own = Some.Set(Some.Record("3 1 1", NextKey));
        Assert.False(ca.Covers(Next, new(Some.Mx.Host, Begin.AddSeconds(-1))));
        Assert.True(ca.Covers(Next, new(Some.Mx.Host, Begin)));
        Assert.True(own.Covers(Next, new(Some.Mx.Host, Begin.AddSeconds(-1)))); // RFC 7671 §5.1

        ChainCertificate[] early = [new([7], [7], "CN=CA", [], Begin.AddHours(1), Begin.AddYears(9), isCa: true)];
        Chain byEarlyCa = Some.Chain(NextKey, from: Begin, ancestors: [.. early]);
        RecordSet earlyCa = Some.Set(Some.Record("2 1 1", byEarlyCa));
        Assert.False(earlyCa.Covers(byEarlyCa, new(Some.Mx.Host, Begin)));
        Assert.True(earlyCa.Covers(byEarlyCa, new(Some.Mx.Host, Begin.AddHours(1))));
        Assert.Equal(Begin.AddHours(1), byEarlyCa.NotBefore);
    }

    [Fact]
    public void It_goes_into_service_when_it_is_valid_and_the_hold_says_when()
    {
        DesiredCertificate mx1 = Some.Certificate with { Tlsa = [Some.Parameters("2 1 1")] };
        Plan plan = At(mx1, Now);
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds);
        Assert.Equal((Gate.Safety, "generation 2", Begin), (hold.Gate, hold.Subject, hold.Until));
        Assert.Contains("not valid before", hold.Reason, StringComparison.Ordinal);
        Assert.IsType<Step.Deploy>(At(mx1, Begin).Next);
    }

    [Fact]
    public void A_clock_by_which_the_chain_in_service_is_not_valid_either_excuses_nothing()
    {
        DesiredCertificate mx1 = Some.Certificate with { Tlsa = [Some.Parameters("2 1 1")] };
        DateTimeOffset behind = Chain.NotBefore.AddHours(-6);
        Facts facts = Given.Steady(mx1, Key, Given.In(2, NextKey, new GenerationState.Issued(Next, behind)));
        Plan plan = Planner.Next(Some.Desired(mx1), facts, Look.Well(facts, mx1, behind, Chain), "mx1", behind);
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Until == Begin);
    }

    [Fact]
    public void A_deployment_that_was_begun_when_nothing_asked_for_dates_waits_for_them_when_records_do()
    {
        // The reload failed; meanwhile somebody put records of usage 2 in place of the others.
        DesiredCertificate mx1 = Some.Certificate with { Tlsa = [Some.Parameters("2 1 1")] };
        Facts facts = Given.Steady(
            mx1, Key, Given.In(2, NextKey, new GenerationState.Deploying(Next, Now, null, 0)));
        Plan plan = Decide(Now.AddMinutes(1));
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Until == Begin
            && h.Reason.Contains("not valid before", StringComparison.Ordinal));
        Assert.IsType<Step.Deploy>(Decide(Begin).Next);

        Plan Decide(DateTimeOffset now)
        {
            Observation seen = Look.Well(facts, mx1, now, Chain);
            return Planner.Next(Some.Desired(mx1), facts, seen, "mx1", now);
        }
    }

    [Fact]
    public void By_usage_3_dates_mean_nothing_and_it_goes_in_at_once() =>
        Assert.IsType<Step.Deploy>(At(Some.Certificate, Now).Next);

    private static Plan At(DesiredCertificate mx1, DateTimeOffset now)
    {
        Facts facts = Given.Steady(mx1, Key, Given.In(2, NextKey, new GenerationState.Issued(Next, Now)));
        return Planner.Next(Some.Desired(mx1), facts, Look.Well(facts, mx1, now, Chain), "mx1", now);
    }
}

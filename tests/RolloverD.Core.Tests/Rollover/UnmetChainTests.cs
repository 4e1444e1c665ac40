using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// The host publishes records for a chain that no handshake has met yet: it can get none of parameters that are new
/// there, and a sender that heeds them alone would refuse it. RFC 7671 §8
/// </summary>
public class UnmetChainTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly DesiredCertificate Mx1 = Some.Certificate with { Tlsa = [Some.Parameters("3 1 1")] };
    private static readonly PublicKey Key = Some.Key(1);
    private static readonly Chain Before = Some.Chain(Some.Key(7));
    private static readonly TlsaRecord Sha512 = Some.Record("3 1 2", Key);

    private static readonly Facts Facts = Given.Facts(
        [Given.Certificate("mx1", Given.In(1, Key, new GenerationState.Preparing(Now)))],
        [Given.Foreign(Some.Set(Some.Record("3 1 2", Before)))],
        [EndpointFacts.Unseen(Some.Mx)]);

    [Fact]
    public void Records_of_new_parameters_wait_until_every_address_was_seen()
    {
        Observation seen = Look.Well(Facts, Mx1, Now, Before);
        Observation hidden = seen with
        {
            Endpoints = seen.Endpoints.SetItem(Some.Mx, seen.Endpoints[Some.Mx] with
            {
                Addresses = [new("192.0.2.25", [new Presented.Unreachable("timed out")])],
            }),
        };
        Plan plan = Decide(hidden);
        Assert.Equal([Sha512], Assert.IsType<Step.Publish>(plan.Next).Added); // it can only help
        Hold hold = Assert.Single(plan.Holds, h => h.Gate == Gate.Verification);
        Assert.Equal(Some.Mx.ToString(), hold.Subject);
        Assert.Contains("timed out", hold.Reason, StringComparison.Ordinal);

        TlsaRecord[] all = [Sha512, Some.Record("3 1 1", Key), Some.Record("3 1 1", Before)];
        DateTimeOffset later = Now + Some.Desired(Mx1).Timing.Drain;
        Facts facts = Facts.Observe(Mx1, seen);
        plan = Decide(facts, Look.Well(facts, Mx1, later, Before), later);
        Assert.Equal(all.ToHashSet(), [.. Assert.IsType<Step.Publish>(plan.Next).Added]);
    }

    [Fact]
    public void They_wait_until_no_process_is_left_from_before_an_address_was_first_seen()
    {
        DateTimeOffset alone = Now + Some.Desired(Mx1).Timing.Drain, early = alone.AddSeconds(-1);
        Facts facts = Facts.Observe(Mx1, Look.Well(Facts, Mx1, Now, Before));
        Plan plan = Decide(facts, Look.Well(facts, Mx1, early, Before), early);
        Assert.Equal([Sha512], Assert.IsType<Step.Publish>(plan.Next).Added);
        Hold hold = Assert.Single(plan.Holds, h => h.Gate == Gate.Verification);
        Assert.Equal((Some.Mx.ToString(), alone), (hold.Subject, hold.Until));
        Assert.Contains(Before.Leaf.ToString(), hold.Reason, StringComparison.Ordinal);
        Assert.Contains("shows the same certificate", hold.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void They_wait_after_a_deployment_too_as_long_as_an_old_process_may_live()
    {
        var live = new GenerationState.Live(Some.Chain(Key), Now);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.In(1, Key, live))],
            [Given.Foreign(Some.Set(Some.Record("3 1 2", Before), Sha512))],
            [Given.Seen(Some.Mx, live.Chain)]);
        DateTimeOffset alone = Now + Some.Desired(Mx1).Timing.Drain;
        Plan plan = Decide(facts, Look.Well(facts, Mx1, Now.AddSeconds(1), live.Chain), Now.AddSeconds(1));
        Assert.Null(plan.Next);
        Assert.Equal(alone, Assert.Single(plan.Holds, h => h.Gate == Gate.Verification).Until);
        Assert.IsType<Step.Publish>(Decide(facts, Look.Well(facts, Mx1, alone, live.Chain), alone).Next);
    }

    private static Plan Decide(Observation observation) => Decide(Facts, observation, Now);

    private static Plan Decide(Facts facts, Observation observation, DateTimeOffset now) =>
        Planner.Next(Some.Desired(Mx1), facts.Observe(Mx1, observation), observation, "mx1", now);
}

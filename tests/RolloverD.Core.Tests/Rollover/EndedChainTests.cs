using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// Under usage 2 a sender looks at dates and names: a chain that has ended, or bears another name, is refused though
/// its record matches. RFC 7672 §3.1.2
/// </summary>
public class EndedChainTests
{
    private static readonly DesiredCertificate Mx1 = Some.Certificate with { Tlsa = [Some.Parameters("2 1 1")] };
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Chain = Some.Chain(Key);
    private static readonly TlsaRecord Ca = Some.Record("2 1 1", Chain);
    private static readonly TlsaRecord Own = Some.Record("3 1 1", Key), Next = Some.Record("3 1 1", NextKey);
    private static readonly DateTimeOffset End = Chain.NotAfter;

    [Fact]
    public void The_first_usage_2_record_waits_for_the_renewal_of_a_certificate_that_ends_before_it_can_be_renewed()
    {
        Timing timing = Some.Desired(Mx1).Timing;
        TimeSpan needed =
            RenewalTime.ShortestUse(Chain, timing) - TimeSpan.FromMinutes(3) + (2 * timing.Ttl) + timing.SafetyMargin;
        Assert.IsType<Step.Publish>(At(End - needed - TimeSpan.FromMinutes(1)).Next);

        Plan plan = At(End - needed);
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds);
        Assert.Equal((Gate.Safety, Some.Owner), (hold.Gate, hold.Subject));
        Assert.Contains($"{End:u}", hold.Reason, StringComparison.Ordinal);

        // It was put into service just now, so it is not renewed at once.
        static Plan At(DateTimeOffset now) => Decide(
            Given.Facts(
                [Given.Certificate("mx1", Given.In(1, Key, new GenerationState.Live(Chain, now.AddMinutes(-3))))],
                [Given.Ledger(RecordSet.Absent)],
                [Given.Seen(Some.Mx, Chain)]),
            now);
    }

    [Fact]
    public void Nothing_is_published_by_which_an_ended_chain_would_be_refused()
    {
        Facts facts = World(RecordSet.Absent, Chain);
        Assert.Empty(Publish(facts, Some.Set(Ca), End.AddSeconds(-1)));
        Violation violation = Assert.Single(Publish(facts, Some.Set(Ca), End));
        Assert.Contains($"until {End:u}", $"{violation}", StringComparison.Ordinal);
        Assert.Empty(Publish(facts, Some.Set(Own), End)); // RFC 7671 §5.1

        Facts both = World(Some.Set(Ca, Own), Chain);
        Assert.Empty(Publish(both, Some.Set(Ca), End.AddSeconds(-1)));
        Assert.NotEmpty(Publish(both, Some.Set(Ca), End));
    }

    [Fact]
    public void An_ended_chain_goes_into_service_only_where_nothing_better_is()
    {
        Chain fresh = Some.Chain(NextKey, from: End);
        Assert.Single(Serve(World(Some.Set(Ca), fresh), Chain, End));
        Assert.Empty(Serve(World(Some.Set(Ca), fresh), Chain, End.AddSeconds(-1)));
        Assert.Empty(Serve(World(Some.Set(Ca), Chain), fresh, End));
        Assert.Empty(Serve(World(Some.Set(Ca), Chain), Some.Chain(NextKey, days: 1), End));
    }

    [Fact]
    public void That_a_chain_has_ended_by_our_clock_excuses_nothing_that_matches_no_record()
    {
        Chain other = Some.Chain(NextKey, ca: 9, from: End);
        Assert.Single(Serve(World(Some.Set(Ca), Chain), other, End));
        Assert.Single(Publish(World(Some.Set(Ca), Chain), Some.Set(Some.Record("2 1 1", other)), End));
    }

    [Fact]
    public void A_deployment_that_was_begun_goes_on_though_its_chain_ended_meanwhile()
    {
        Facts facts = World(Some.Set(Ca), Some.Chain(NextKey, from: End)).With(Given.Certificate(
            "mx1", Given.In(1, Key, new GenerationState.Deploying(Chain, Some.Start, null, 0))));
        Assert.Empty(Serve(facts, Chain, End));
    }

    [Fact]
    public void What_has_ended_above_the_CA_that_is_named_makes_no_difference()
    {
        var tall = new Chain(Chain.Leaf, [Some.Ca(1), Some.Ca(2, End.AddDays(-50))]);
        Facts facts = World(RecordSet.Absent, tall);
        Assert.Empty(Publish(facts, Some.Set(Ca), End.AddSeconds(-1)));
        TlsaRecord root = new(Some.Parameters("2 1 1"), Some.Ca(2).Key.Sha256);
        Assert.Single(Publish(facts, Some.Set(root), End.AddSeconds(-1)));
    }

    [Fact]
    public void A_chain_with_another_name_is_refused_by_usage_2_alone()
    {
        Chain other = Some.Chain(Key, name: "mx9.example.net");
        Facts facts = World(RecordSet.Absent, other);
        Violation violation = Assert.Single(Publish(facts, Some.Set(Ca), Some.Start));
        Assert.Contains("it bears mx9.example.net", $"{violation}", StringComparison.Ordinal);
        Assert.Empty(Publish(facts, Some.Set(Own), Some.Start));
    }

    [Fact]
    public void Parameters_are_given_up_only_when_an_ended_certificate_is_renewed()
    {
        Facts facts = Given.Facts(
            [
                Given.Certificate(
                    "mx1",
                    Given.In(1, Key, new GenerationState.Live(Chain, Some.Start)),
                    Given.In(2, NextKey, new GenerationState.Preparing(End))),
            ],
            [Given.Ledger(Some.Set(Ca, Own))],
            [Given.Seen(Some.Mx, Chain)]);
        Assert.Equal([Own], Assert.IsType<Step.Withdraw>(Decide(facts, End.AddDays(-10)).Next).Removed);

        // It may end before caches know what the renewal publishes.
        Assert.IsNotType<Step.Withdraw>(Decide(facts, End.AddMinutes(-30)).Next);
        Assert.Equal([Next], Assert.IsType<Step.Publish>(Decide(facts, End).Next).Added);
    }

    [Fact]
    public void A_deployment_that_was_never_begun_and_whose_certificate_ended_is_given_up()
    {
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.In(1, Key, new GenerationState.Deploying(Chain, Some.Start, null, 0)))],
            [Given.Ledger(RecordSet.Absent)],
            [EndpointFacts.Unseen(Some.Mx)]);
        Assert.IsType<Step.Deploy>(Decide(facts, End.AddSeconds(-1), live: null).Next);
        Assert.Equal(1, Assert.IsType<Step.Archive>(Decide(facts, End, live: null).Next).Generation);
        Assert.IsType<Step.Deploy>(Decide(facts, End, live: 1).Next); // some process may have read it
    }

    [Fact]
    public void A_certificate_without_the_name_of_its_endpoint_does_not_go_into_service_and_that_is_told()
    {
        Chain nameless = Some.Chain(NextKey, from: Some.Start, name: "mx9.example.net");
        Facts facts = Given.Steady(Mx1, Key, Given.In(2, NextKey, new GenerationState.Issued(nameless, Some.Start)));
        facts = facts.With(Given.Ledger(Some.Set(Ca)));
        Plan plan = Decide(facts, Some.Start.AddDays(1));
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds, h => h.Gate == Gate.Safety);
        Assert.Equal("generation 2", hold.Subject);
        Assert.Contains("mx9.example.net", hold.Reason, StringComparison.Ordinal);
    }

    private static Facts World(RecordSet set, params Chain[] shown) => Given.Facts(
        [CertificateFacts.New("mx1")], [Given.Ledger(set)], [Given.Seen(Some.Mx, [.. shown])]);

    private static ImmutableArray<Violation> Publish(Facts facts, RecordSet set, DateTimeOffset now) =>
        Safety.OfPublishing(Some.Desired(Mx1), facts, Some.Owner, set, now);

    private static ImmutableArray<Violation> Serve(Facts facts, Chain chain, DateTimeOffset now) =>
        Safety.OfServing(Some.Desired(Mx1), facts, Mx1, chain, now);

    private static Plan Decide(Facts facts, DateTimeOffset now, int? live = 1)
    {
        Observation seen = Look.Well(facts, Mx1, now, Chain) with { LiveGeneration = live };
        return Planner.Next(Some.Desired(Mx1), facts.Observe(Mx1, seen), seen, "mx1", now);
    }
}

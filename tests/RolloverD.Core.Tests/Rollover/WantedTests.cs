using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>Which records an owner needs, and in which order a provider gets them.</summary>
public class WantedTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void Records_of_the_chain_in_service_are_sent_first_for_a_provider_may_stop_in_between(
        int served, int coming)
    {
        PublicKey current = Some.Key(served), next = Some.Key(coming);
        Facts facts = Given.Steady(Mx1, current, Given.In(2, next, new GenerationState.Preparing(Now)));
        Desired changed = Some.Desired(Mx1 with { Tlsa = [Some.Parameters("3 1 2")] });
        Plan plan = Planner.Next(changed, facts, Look.Well(facts, Mx1, Now, Some.Chain(current)), "mx1", Now);
        Assert.Equal(
            [Some.Record("3 1 2", current), Some.Record("3 1 2", next)],
            Assert.IsType<Step.Publish>(plan.Next).Added);
    }

    [Fact]
    public void Records_that_were_adopted_before_the_first_chain_is_in_service_are_matched_until_they_can_go()
    {
        PublicKey key = Some.Key(1);
        Generation first = Given.In(1, key, new GenerationState.Preparing(Now));
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", first)], [Given.Ledger(Some.Set(Some.Record("3 1 2", Some.Key(9))))]);
        Assert.Equal([Some.Record("3 1 1", key), Some.Record("3 1 2", key)], At(facts));
        Facts live = facts.With(facts.Certificate("mx1").With(Given.Live(1, key)));
        Assert.Equal([Some.Record("3 1 1", key), Some.Record("3 1 2", key)], At(live)); // nothing came in its place
        RecordSet both = Some.Set(Some.Record("3 1 1", key), Some.Record("3 1 2", Some.Key(9)));
        Assert.Equal([Some.Record("3 1 1", key)], At(live.With(Given.Ledger(both))));
    }

    [Fact]
    public void While_a_chain_is_being_deployed_every_parameter_that_is_there_is_matched_for_no_record_goes()
    {
        PublicKey key = Some.Key(1);
        Generation first = Given.In(1, key, new GenerationState.Deploying(Some.Chain(key), Now, Now, 0));
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", first)],
            [Given.Ledger(Some.Set(Some.Record("3 1 1", key), Some.Record("3 1 2", Some.Key(9))))]);
        Assert.Equal([Some.Record("3 1 1", key), Some.Record("3 1 2", key)], At(facts));
    }

    [Fact]
    public void A_certificate_of_another_endpoint_counts_where_one_of_the_addresses_goes_on_showing_it()
    {
        PublicKey key = Some.Key(1), others = Some.Key(2);
        DesiredCertificate other = Mx1 with { Name = "other", Endpoints = [new("mx2.example.net", 25)] };
        Desired desired = Some.Desired(Mx1, other);
        CertificateFacts[] known =
            [Given.Certificate("mx1", Given.Live(1, key)), Given.Certificate("other", Given.Live(1, others))];
        Assert.Equal([Mx1, other], CertificatesAt(Some.Chain(key), Some.Chain(others)));
        Assert.Equal([Mx1], CertificatesAt(Some.Chain(key)));

        ImmutableArray<DesiredCertificate> CertificatesAt(params Chain[] shown) => Wanted.CertificatesAt(
            desired, Given.Facts([.. known], [], [Given.Seen(Some.Mx, [.. shown])]), Some.Owner);
    }

    private static ImmutableArray<TlsaRecord> At(Facts facts) =>
        Wanted.At(Some.Desired(Mx1), facts, Some.Owner, Now);
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>A key is compromised: as fast as caches allow, and an honest word about how fast that is.</summary>
public class EmergencyTests
{
    private static readonly DateTimeOffset Now = Some.Start;
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly PublicKey Key = Some.Key(1), Ready = Some.Key(2);

    [Fact]
    public void With_a_standby_key_the_new_chain_is_there_at_once_and_the_old_record_goes_minutes_later()
    {
        DesiredCertificate standby = Mx1 with { KeyPolicy = KeyPolicy.Standby };
        Facts facts = Given.Steady(standby, Key, Given.In(2, Ready, new GenerationState.Standby()));
        Arrival arrival = Foresee(standby, facts.Asked(emergency: true));
        Assert.True(arrival.InService - Now < TimeSpan.FromSeconds(1));
        Assert.InRange(arrival.Withdrawn!.Value - Now, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(3));

        // Nothing brings a record back from caches: twice its TTL.
        Assert.InRange(
            arrival.Over!.Value - arrival.Withdrawn.Value, TimeSpan.FromMinutes(119), TimeSpan.FromMinutes(121));
    }

    [Fact]
    public void Without_one_the_new_key_waits_for_caches_and_for_nothing_else()
    {
        Arrival arrival = Foresee(Mx1, Given.Steady(Mx1, Key).Asked(emergency: true));
        Assert.InRange(arrival.InService!.Value - Now, TimeSpan.FromHours(2), TimeSpan.FromHours(2.01));
    }

    [Fact]
    public void The_issuer_works_while_caches_are_waited_for_so_that_records_of_key_and_CA_wait_once()
    {
        DesiredCertificate mixed = Mx1 with { Tlsa = [Some.Parameters("3 1 1"), Some.Parameters("3 0 1")] };
        Facts facts = Given.Steady(mixed, Key);
        Arrival calm = Foresee(mixed, facts.Asked());
        Arrival urgent = Foresee(mixed, facts.Asked(emergency: true));
        Assert.InRange(calm.InService!.Value - Now, TimeSpan.FromHours(4), TimeSpan.FromHours(4.01));
        Assert.InRange(urgent.InService!.Value - Now, TimeSpan.FromHours(2), TimeSpan.FromHours(2.01));
    }

    [Fact]
    public void A_calm_roll_orders_when_the_key_is_expected_everywhere()
    {
        Facts facts = Given.Steady(Mx1, Key).Asked();
        ImmutableArray<ForecastStep> steps = Run(Mx1, facts);
        Assert.Equal(Now.AddHours(2), steps.First(s => s.Step is Step.Issue).At);
    }

    private static Arrival Foresee(DesiredCertificate certificate, Facts facts) =>
        Arrival.Of(Run(certificate, facts), 1);

    private static ImmutableArray<ForecastStep> Run(DesiredCertificate certificate, Facts facts) => Forecast.Run(
        Some.Desired(certificate), facts, Look.Well(facts, certificate, Now, Some.Chain(Key)), "mx1", Now);
}

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

    [Fact]
    public void It_is_not_over_while_somebody_elses_copy_of_the_old_record_is_there()
    {
        Facts facts = Over(Given.Foreign(Some.Set(Old, New)));
        Plan plan = Decide(facts);
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds, h => h.Gate == Gate.Orphan);
        Assert.Equal((Some.Owner, Actor.Operator), (hold.Subject, hold.ActorAt(Late)));
        Assert.Contains(Old.ToString(), hold.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(New.ToString(), hold.Reason, StringComparison.Ordinal);
        Assert.Contains("rolloverd adopt mx1 --records", hold.Remedy, StringComparison.Ordinal);
        Assert.Equal(Phase.Withdrawing, Phases.PhaseOf(Some.Desired(Mx1), facts, Mx1, Late));

        facts = facts.Adopt(Assert.Single(Adoption.RecordsOf(facts, Mx1)));
        Assert.Equal([Old], Assert.IsType<Step.Withdraw>(Decide(facts).Next).Removed);
    }

    [Fact]
    public void It_is_over_when_the_copy_is_out_of_caches_too()
    {
        OwnerLedger ledger = Given.Foreign(Some.Set(Old, New)).Observe(Look.At(Late, Look.Serves(Some.Set(New))));
        Facts facts = Over(ledger);
        Plan plan = Decide(facts);
        Assert.Null(plan.Next);
        Assert.Equal(Gate.Caches, Assert.Single(plan.Holds).Gate);
        Assert.IsType<Step.Archive>(Decide(facts, Late.AddHours(2)).Next);
    }

    [Fact]
    public void Records_of_others_that_name_a_CA_or_a_key_that_goes_on_do_not_keep_it_from_being_over()
    {
        OwnerLedger others = Given.Foreign(Some.Set(New, Some.Record("2 1 1", Some.Chain(Key))));
        Assert.IsType<Step.Archive>(Decide(Over(others)).Next);

        Facts same = Over(Given.Foreign(Some.Set(Old)), Key);
        Assert.IsType<Step.Archive>(Decide(same).Next);
    }

    [Fact]
    public void A_copy_that_nobody_removes_does_not_keep_the_next_rollover_from_beginning()
    {
        Facts facts = Over(Given.Foreign(Some.Set(Old, New)));
        DateTimeOffset due = Late.AddDays(80);
        Assert.IsType<Step.GenerateKey>(Decide(facts, due).Next);
    }

    private static readonly TlsaRecord Old = Some.Record("3 1 1", Key), New = Some.Record("3 1 1", Ready);
    private static readonly DateTimeOffset Late = Now.AddDays(1);

    // Generation 2 answered the emergency a day ago.
    private static Facts Over(OwnerLedger ledger, PublicKey? key = null)
    {
        Chain chain = Some.Chain(key ?? Ready, from: Now.AddSeconds(1));
        CertificateFacts known = Given.Certificate(
            "mx1",
            Given.In(1, Key, new GenerationState.Superseded(Some.Chain(Key), Now)),
            Given.In(2, key ?? Ready, new GenerationState.Live(chain, Now)));
        return Given.Facts(
            [known with { Request = new(true, true, Now, 2) }],
            [ledger],
            [Given.Seen(Some.Mx, chain) with { TakenOverAt = Now }]);
    }

    private static Plan Decide(Facts facts, DateTimeOffset? at = null) => Planner.Next(
        Some.Desired(Mx1), facts,
        Look.Well(facts, Mx1, at ?? Late, facts.Certificate("mx1").Current!.Chain!), "mx1", at ?? Late);

    private static Arrival Foresee(DesiredCertificate certificate, Facts facts) =>
        Arrival.Of(Run(certificate, facts), 1);

    private static ImmutableArray<ForecastStep> Run(DesiredCertificate certificate, Facts facts) => Forecast.Run(
        Some.Desired(certificate), facts, Look.Well(facts, certificate, Now, Some.Chain(Key)), "mx1", Now);
}

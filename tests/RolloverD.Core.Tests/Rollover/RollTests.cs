using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// What happens from the intent to deploy until the old generation is archived, and what requests do.
/// </summary>
public class RollTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Chain = Some.Chain(Key), NextChain = Some.Chain(NextKey);
    private static readonly TlsaRecord Old = Some.Record("3 1 1", Key), New = Some.Record("3 1 1", NextKey);
    private static readonly Step.Deploy Deploy = new("mx1", 2, "");

    private static readonly Facts Deployed = Rolling(new GenerationState.Issued(NextChain, Now))
        .Intend(Deploy, Now)
        .Complete(Deploy, new StepOutcome.Deployed(true, "reloaded"), Now.AddSeconds(1));

    [Fact]
    public void Verification_takes_three_clean_rounds_after_the_reload()
    {
        Facts facts = Deployed;
        facts = See(facts, Now.AddMilliseconds(999), NextChain); // began before the reload was over
        for (int round = 1; round <= 3; round++)
        {
            Assert.IsType<GenerationState.Deploying>(StateOf(facts, 2));
            facts = See(facts, Now.AddSeconds(round), NextChain);
        }

        Assert.Equal(new GenerationState.Live(NextChain, Now.AddSeconds(3)), StateOf(facts, 2));
        Assert.Equal(new GenerationState.Superseded(Chain, Now.AddSeconds(3)), StateOf(facts, 1));
    }

    [Fact]
    public void One_old_worker_begins_the_count_anew()
    {
        Facts facts = See(See(Deployed, Now.AddSeconds(2), NextChain), Now.AddSeconds(3), NextChain);
        facts = See(facts, Now.AddSeconds(4), Chain);
        Assert.Equal(0, ((GenerationState.Deploying)StateOf(facts, 2)).CleanRounds);
    }

    [Fact]
    public void An_address_that_does_not_answer_is_not_verified()
    {
        EndpointObservation round = Look.Shows(Some.Mx, Now.AddSeconds(2), NextChain);
        round = round with
        {
            Addresses = round.Addresses.Add(new("2001:db8::1", [new Presented.Unreachable("timed out")])),
        };
        Facts facts = Deployed;
        for (int i = 0; i < 5; i++)
            facts = facts.Observe(Mx1,
                Observation.Nothing with { Endpoints = Observation.Nothing.Endpoints.Add(Some.Mx, round) });
        Assert.IsType<GenerationState.Deploying>(StateOf(facts, 2));
    }

    [Fact]
    public void A_chain_that_is_not_taken_on_is_reloaded_and_in_the_end_put_back()
    {
        Facts facts = See(Deployed, Now.AddSeconds(10), Chain);
        Assert.Null(Decide(facts, Now.AddSeconds(10), Chain).Next);
        facts = See(facts, Now.AddSeconds(40), Chain);
        Assert.IsType<Step.Deploy>(Decide(facts, Now.AddSeconds(40), Chain).Next);

        facts = See(facts, Now.AddSeconds(121), Chain);
        var back = Assert.IsType<Step.PutBack>(Decide(facts, Now.AddSeconds(121), Chain).Next);
        Assert.Equal((1, 2), (back.Generation, back.Failed));
    }

    [Fact]
    public void Reloads_that_do_not_help_come_twice_as_late_each_time()
    {
        DateTimeOffset t = Now.AddSeconds(40);
        var again = Assert.IsType<Step.Deploy>(Decide(Deployed, t, Chain).Next);
        Facts facts = Deployed.Intend(again, t).Complete(again, new StepOutcome.Deployed(true, "reloaded"), t);
        Assert.Null(Decide(facts, t.AddSeconds(39), Chain).Next);
        Assert.IsType<Step.Deploy>(Decide(facts, t.AddSeconds(41), Chain).Next);
    }

    [Fact]
    public void A_chain_of_another_kind_of_key_in_place_of_the_new_one_is_wrong_and_beside_it_is_not()
    {
        Chain rsa = Some.Chain(Some.Key(9, KeyFamily.Rsa));
        DateTimeOffset t = Now.AddSeconds(40);
        Assert.IsType<Step.Deploy>(Decide(Deployed, t, rsa).Next);
        Observation both = Look.Well(Deployed, Mx1, t, rsa, NextChain);
        Assert.Null(Planner.Next(Some.Desired(Mx1), Deployed, both, "mx1", t).Next);
    }

    [Fact]
    public void After_it_was_put_back_the_old_generation_is_verified_and_the_new_one_tried_again_later()
    {
        DateTimeOffset t = Now.AddSeconds(121);
        var back = new Step.PutBack("mx1", 1, 2, "not taken on");
        Facts facts = Deployed.Intend(back, t).Complete(back, new StepOutcome.Deployed(true, ""), t);
        Assert.IsType<GenerationState.Deploying>(StateOf(facts, 1));
        Assert.IsType<GenerationState.Issued>(StateOf(facts, 2));
        for (int round = 1; round <= 3; round++)
            facts = See(facts, t.AddSeconds(round), Chain);
        Assert.IsType<GenerationState.Live>(StateOf(facts, 1));
        Assert.Contains(Decide(facts, t.AddSeconds(5), Chain).Holds, h => h.Gate == Gate.Retry);
        Assert.IsType<Step.Deploy>(Decide(facts, t.AddSeconds(60), Chain).Next);
    }

    [Fact]
    public void The_old_generation_is_not_put_back_over_records_that_do_not_cover_it()
    {
        Facts facts = See(Deployed, Now.AddSeconds(121), Chain, NextChain);
        facts = facts.With(Given.Ledger(Some.Set(New)))
            .With(facts.EndpointOf(Some.Mx) with { Seen = [NextChain] });
        Assert.IsNotType<Step.PutBack>(Decide(facts, Now.AddSeconds(121), Some.Chain(Some.Key(9))).Next);
    }

    [Fact]
    public void A_crash_between_intent_and_outcome_repeats_the_deployment()
    {
        Facts facts = Rolling(new GenerationState.Issued(NextChain, Now)).Intend(Deploy, Now);
        Assert.Equal(2, ((Step.Deploy)Decide(facts, Now.AddSeconds(1), Chain).Next!).Generation);
    }

    [Fact]
    public void Old_records_stay_for_the_rollback_window_and_then_go()
    {
        Facts facts = Live();
        Hold hold = Decide(facts, Now.AddMinutes(59), NextChain).Holds.First(h => h.Gate == Gate.RollbackWindow);
        Assert.Equal(Now.AddHours(1), hold.Until);
        Assert.Equal([Old], ((Step.Withdraw)Decide(facts, Now.AddHours(1), NextChain).Next!).Removed);
    }

    [Fact]
    public void Old_records_stay_while_some_address_was_not_seen_in_the_same_tick()
    {
        Observation observation = Look.Well(Live(), Mx1, Now.AddHours(1), NextChain);
        observation = observation with { Endpoints = observation.Endpoints.Clear() };
        Plan plan = Planner.Next(Some.Desired(Mx1), Live(), observation, "mx1", Now.AddHours(1));
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Verification);
    }

    [Fact]
    public void Old_records_stay_while_some_address_serves_the_old_chain()
    {
        DateTimeOffset t = Now.AddHours(1);
        Facts facts = See(Live(), t, Chain, NextChain);
        Plan plan = Decide(facts, t, Chain);
        Assert.IsType<Step.Reload>(plan.Next); // it may have missed the first one
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Safety);
    }

    [Fact]
    public void Old_records_stay_while_the_last_change_is_on_its_way()
    {
        Facts facts = Live();
        RecordSet more = Some.Set(Old, New, Some.Record("3 1 1", Some.Key(9)));
        facts = facts.With(facts.Owner(Some.Owner).Found(more, Now.AddMinutes(30)));
        Plan plan = Decide(facts, Now.AddHours(1), NextChain);
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Propagation);
    }

    [Fact]
    public void A_generation_is_archived_when_no_cache_holds_its_record()
    {
        DateTimeOffset t = Now.AddHours(1);
        RecordSet only = Some.Set(New);
        Facts facts = Live();
        facts = facts.With(facts.Owner(Some.Owner).Intend(only, [], t).Applied(only, t)
            .Observe(Look.At(t, Look.Serves(only))));
        Assert.Contains(Decide(facts, t.AddHours(2).AddTicks(-1), NextChain).Holds, h => h.Gate == Gate.Caches);
        Assert.IsType<Step.Archive>(Decide(facts, t.AddHours(2), NextChain).Next);
    }

    [Fact]
    public void The_first_record_waits_until_no_old_process_shows_the_chain_before()
    {
        Facts facts = Live().With(Given.Ledger(RecordSet.Absent));
        Hold hold = Assert.Single(Decide(facts, Now.AddSeconds(119), NextChain).Holds, h => h.Subject == Some.Owner);
        Assert.Equal((Gate.Verification, Now.AddMinutes(2)), (hold.Gate, hold.Until));
        Assert.IsType<Step.Publish>(Decide(facts, Now.AddMinutes(2), NextChain).Next);
    }

    [Fact]
    public void A_request_is_served_once()
    {
        Facts facts = Given.Steady(Mx1, Key).Asked();
        var make = (Step.GenerateKey)Decide(facts, Now, Chain).Next!;
        facts = facts.Complete(make, new StepOutcome.KeyReady(NextKey), Now);
        Assert.Equal(2, facts.Certificate("mx1").Request!.Generation);
        facts = facts.With(facts.Certificate("mx1")
            .With(Given.In(2, NextKey, new GenerationState.Deploying(NextChain, Now, Now, 2))));
        Assert.Null(See(facts, Now.AddSeconds(9), NextChain).Certificate("mx1").Request);
    }

    [Fact]
    public void An_emergency_withdraws_after_two_minutes_and_ends_when_the_old_key_is_archived()
    {
        Facts facts = Live();
        facts = facts.With(facts.Certificate("mx1") with { Request = new(true, true, Now, 2) });
        Assert.Null(Decide(facts, Now.AddSeconds(119), NextChain).Next);
        Assert.IsType<Step.Withdraw>(Decide(facts, Now.AddSeconds(120), NextChain).Next);
        facts = facts.Complete(new Step.Archive("mx1", 1, ""), new StepOutcome.Done(), Now);
        Assert.Null(facts.Certificate("mx1").Request);
    }

    [Fact]
    public void An_emergency_ends_even_when_other_rolls_came_in_between()
    {
        Facts facts = Live();
        CertificateFacts known = facts.Certificate("mx1") with { Request = new(true, true, Now, 2) };
        known = known.With(Given.In(2, NextKey, new GenerationState.Superseded(NextChain, Now)))
            .With(Given.Live(3, Some.Key(3)));
        facts = facts.With(known)
            .Complete(new Step.Archive("mx1", 1, ""), new StepOutcome.Done(), Now)
            .Complete(new Step.Archive("mx1", 2, ""), new StepOutcome.Done(), Now);
        Assert.Null(facts.Certificate("mx1").Request);
    }

    [Fact]
    public void An_emergency_without_an_older_key_ends_with_the_first_generation()
    {
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.In(1, Key, new GenerationState.Deploying(Chain, Now, Now, 2)))]);
        facts = facts.With(facts.Certificate("mx1") with { Request = new(true, true, Now, 1) });
        Assert.Null(See(facts, Now.AddSeconds(1), Chain).Certificate("mx1").Request);
    }

    [Fact]
    public void An_emergency_gives_up_a_renewal_that_would_keep_the_compromised_key()
    {
        Facts facts = Given.Steady(Mx1, Key);
        facts = facts.With(facts.Certificate("mx1").With(Given.In(2, Key, new GenerationState.Preparing(Now)))
            .Ask(true, true, Now));
        var archive = Assert.IsType<Step.Archive>(Decide(facts, Now, Chain).Next);
        Assert.Equal(2, archive.Generation);
        facts = facts.Complete(archive, new StepOutcome.Done(), Now);
        Assert.IsType<Step.GenerateKey>(Decide(facts, Now, Chain).Next);
        Assert.NotNull(facts.Certificate("mx1").Request);
    }

    [Fact]
    public void A_renewal_that_begins_while_a_new_key_is_asked_for_does_not_answer()
    {
        var keep = new Step.KeepKey("mx1", 2, 1, "due");
        Facts facts = Given.Steady(Mx1, Key).Asked().Complete(keep, new StepOutcome.KeyReady(Key), Now);
        Assert.Null(facts.Certificate("mx1").Request!.Generation);
        Assert.Equal(2, Assert.IsType<Step.Archive>(Decide(facts, Now, Chain).Next).Generation);

        facts = Given.Steady(Mx1, Key);
        facts = facts.With(facts.Certificate("mx1").Ask(false, false, Now))
            .Complete(keep, new StepOutcome.KeyReady(Key), Now);
        Assert.Equal(2, facts.Certificate("mx1").Request!.Generation);
    }

    [Fact]
    public void A_request_is_answered_by_the_new_key_that_is_on_its_way()
    {
        CertificateFacts known = Rolling(new GenerationState.Preparing(Now)).Certificate("mx1");
        Assert.Equal(2, known.Ask(true, true, Now).Request!.Generation);
        Assert.Equal(2, known.Ask(false, false, Now).Request!.Generation);
        Assert.Null(Deployed.Certificate("mx1").Ask(true, true, Now).Request!.Generation);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    public void Another_roll_waits_for_one_only_until_its_chain_is_in_service(bool isEmergency, bool next, bool waits)
    {
        TimeSpan patience = TimeSpan.FromMinutes(2);
        RollRequest asked = new(true, isEmergency, Now, null);
        AssertWaits(Given.Steady(Mx1, Key).Certificate("mx1"), null, Now, !isEmergency && next);
        foreach (GenerationState state in (GenerationState[])
            [new GenerationState.Preparing(Now), new GenerationState.Issued(Chain, Now)])
        {
            AssertWaits(Rolling(state).Certificate("mx1"), 2, Now.AddDays(9), !isEmergency && next);
        }

        CertificateFacts deployed = Deployed.Certificate("mx1");
        AssertWaits(deployed, 2, Now + patience, !isEmergency && next);
        AssertWaits(deployed, 2, Now.AddSeconds(121), !waits);
        AssertWaits(Rolling(new GenerationState.Superseded(Chain, Now)).Certificate("mx1"), 2, Now, !waits);

        void AssertWaits(CertificateFacts known, int? answer, DateTimeOffset at, bool isFree)
        {
            known = known with { Request = asked with { Generation = answer } };
            Assert.Equal(isFree ? null : known.Request, known.WaitsFor(next, patience, at));
        }
    }

    [Fact]
    public void A_new_key_that_failed_in_service_answers_no_request_until_the_one_before_is_back()
    {
        CertificateFacts known = Deployed.Intend(new Step.PutBack("mx1", 1, 2, "not taken on"), Now).Certificate("mx1");
        Assert.Null(known.Ask(true, true, Now).Request!.Generation);
        Assert.Equal(2, known.Ask(false, false, Now).Request!.Generation);

        Facts facts = Deployed.With(known).Complete(
            new Step.PutBack("mx1", 1, 2, "not taken on"), new StepOutcome.Deployed(true, "reloaded"), Now);
        Assert.Equal(2, facts.Certificate("mx1").Ask(true, true, Now).Request!.Generation);
    }

    [Fact]
    public void A_roll_with_the_same_key_makes_one_of_the_configured_kind()
    {
        Facts facts = Given.Steady(Mx1, Key);
        facts = facts.With(facts.Certificate("mx1").Ask(false, false, Now));
        Assert.IsType<Step.KeepKey>(Decide(facts, Now, Chain).Next);

        DesiredCertificate other = Mx1 with { Key = KeyAlgorithm.Rsa2048 };
        Step? next = Planner.Next(Some.Desired(other), facts, Look.Well(facts, other, Now, Chain), "mx1", Now).Next;
        Assert.Equal(KeyAlgorithm.Rsa2048, Assert.IsType<Step.GenerateKey>(next).Algorithm);
    }

    [Fact]
    public void A_new_key_is_new()
    {
        // A renewal copied the old key to generation 2 and crashed before that was remembered; then a new key is asked
        // for.
        Facts facts = Given.Steady(Mx1, Key).Asked(emergency: true);
        var make = (Step.GenerateKey)Decide(facts, Now, Chain).Next!;
        facts = facts.Complete(make, new StepOutcome.KeyReady(Key), Now);
        var again = Assert.IsType<Step.GenerateKey>(Decide(facts, Now, Chain).Next);
        Assert.Equal(3, again.Generation);
    }

    [Fact]
    public void An_archived_key_that_is_shown_again_gets_no_record()
    {
        Facts facts = Given.Steady(Mx1, Key);
        facts = facts.With(facts.Certificate("mx1").With(Given.In(2, NextKey, new GenerationState.Archived(Now))))
            .With(Given.Seen(Some.Mx, Chain, NextChain));
        Assert.Null(Decide(facts, Now, Chain).Next);
        facts = facts.With(Given.Seen(Some.Mx, Chain, Some.Chain(Some.Key(9))));
        Assert.Equal([Some.Record("3 1 1", Some.Key(9))], ((Step.Publish)Decide(facts, Now, Chain).Next!).Added);
    }

    [Fact]
    public void A_standby_key_of_another_kind_is_given_up()
    {
        DesiredCertificate certificate = Mx1 with { KeyPolicy = KeyPolicy.Standby, Key = KeyAlgorithm.EcdsaP384 };
        Generation current = Given.Live(1, Key) with { Algorithm = KeyAlgorithm.EcdsaP384 };
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", current, Standby(2), Standby(3) with { Algorithm = KeyAlgorithm.EcdsaP384 })],
            [Given.Ledger(Some.Set(Old, New, Some.Record("3 1 1", Some.Key(3))))],
            [Given.Seen(Some.Mx, Chain)]);
        var archive = Assert.IsType<Step.Archive>(Decide(facts, Now, Chain, certificate).Next);
        Assert.Equal(2, archive.Generation);
    }

    [Fact]
    public void A_foreign_record_of_a_stronger_digest_is_matched_by_every_chain_as_long_as_it_stays()
    {
        TlsaRecord dead = Some.Record("3 1 2", Some.Key(66));
        Facts facts = Given.Steady(Mx1, Key).With(Given.Foreign(Some.Set(dead, Old)));
        Assert.Equal([Some.Record("3 1 2", Key)], ((Step.Publish)Decide(facts, Now, Chain).Next!).Added);

        OwnerLedger healed =
            Given.Foreign(Some.Set(dead, Old, Some.Record("3 1 2", Key))) with { Ours = [Some.Record("3 1 2", Key)] };
        facts = facts.With(healed);
        Assert.Null(Decide(facts, Now, Chain).Next);
        Assert.Empty(Decide(facts, Now, Chain).Holds);
    }

    [Fact]
    public void Certificates_that_share_an_owner_are_all_matched_by_every_kind_of_record_there()
    {
        DesiredCertificate rsa = Mx1 with
        {
            Name = "rsa",
            Key = KeyAlgorithm.Rsa2048,
            Tlsa = [Some.Parameters("3 1 1"), Some.Parameters("3 1 2")],
        };
        PublicKey rsaKey = Some.Key(50, KeyFamily.Rsa);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Key)), Given.Certificate("rsa", Given.Live(1, rsaKey))],
            [Given.Ledger(Some.Set(Old, Some.Record("3 1 1", rsaKey)))],
            [Given.Seen(Some.Mx, Chain, Some.Chain(rsaKey))]);
        Plan plan = Planner.Next(Some.Desired(Mx1, rsa), facts, Look.Well(facts, rsa, Now, Chain, Some.Chain(rsaKey)),
            "rsa", Now);
        Assert.Equal(
            [Some.Record("3 1 2", Key), Some.Record("3 1 2", rsaKey)],
            ((Step.Publish)plan.Next!).Added.Order());
    }

    [Fact]
    public void A_certificate_leaves_the_old_records_of_another_one_to_it()
    {
        DesiredCertificate rsa = Mx1 with { Name = "rsa", Key = KeyAlgorithm.Rsa2048 };
        PublicKey rsaKey = Some.Key(50, KeyFamily.Rsa);
        Facts facts = Live();
        facts = facts.With(Given.Certificate("rsa", Given.Live(1, rsaKey)))
            .With(Given.Ledger(Some.Set(Old, New, Some.Record("3 1 1", rsaKey))));
        Desired desired = Some.Desired(Mx1, rsa);
        DateTimeOffset t = Now.AddHours(2);
        Assert.Null(Planner.Next(desired, facts, Look.Well(facts, rsa, t, NextChain, Some.Chain(rsaKey)), "rsa", t)
            .Next);
        Assert.IsType<Step.Withdraw>(
            Planner.Next(desired, facts, Look.Well(facts, Mx1, t, NextChain, Some.Chain(rsaKey)), "mx1", t).Next);
    }

    // Both records are in every cache; generation 2 is in this state, generation 1 in service.
    private static Facts Rolling(GenerationState state)
    {
        Facts facts = Given.Steady(Mx1, Key);
        return facts.With(facts.Certificate("mx1").With(Given.In(2, NextKey, state)))
            .With(Given.Ledger(Some.Set(Old, New)));
    }

    private static Facts Live() => See(
        Rolling(new GenerationState.Deploying(NextChain, Now.AddSeconds(-9), Now.AddSeconds(-9), 2)), Now, NextChain);

    private static Facts See(Facts facts, DateTimeOffset at, params ImmutableArray<Chain> addresses)
    {
        EndpointObservation round = Look.Shows(Some.Mx, at) with
        {
            Addresses = [.. addresses.Select((c, i) =>
                new AddressObservation($"192.0.2.{i}", [new Presented.Shows(c, "")]))],
        };
        return facts.Observe(Mx1,
            Observation.Nothing with { Endpoints = Observation.Nothing.Endpoints.Add(Some.Mx, round) });
    }

    private static GenerationState StateOf(Facts facts, int number) => facts.Certificate("mx1").Find(number)!.State;

    private static Generation Standby(int number) => Given.In(number, Some.Key(number), new GenerationState.Standby());

    private static Plan Decide(Facts facts, DateTimeOffset now, Chain shown, DesiredCertificate? certificate = null) =>
        Planner.Next(
            Some.Desired(certificate ?? Mx1), facts, Look.Well(facts, certificate ?? Mx1, now, shown), "mx1", now);
}

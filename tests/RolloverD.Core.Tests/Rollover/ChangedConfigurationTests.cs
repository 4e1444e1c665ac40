using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>What the operator changes in the configuration comes about without a sender noticing.</summary>
public class ChangedConfigurationTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly PublicKey Key = Some.Key(1);
    private static readonly Chain Chain = Some.Chain(Key);
    private static readonly TlsaRecord Ours = Some.Record("3 1 1", Key);
    private static readonly Facts Steady = Given.Steady(Mx1, Key);
    private static readonly Endpoint Submission = new("mx1.example.net", 465);

    [Fact]
    public void Other_parameters_are_published_first_and_the_former_ones_withdrawn_after()
    {
        DesiredCertificate changed = Mx1 with { Tlsa = [Some.Parameters("3 1 2"), Some.Parameters("2 1 1")] };
        Facts facts = Steady;
        var publish = (Step.Publish)Decide(facts, changed).Next!;
        Assert.Equal([Some.Record("2 1 1", Chain), Some.Record("3 1 2", Key)], publish.Added);
        Assert.True(publish.Target.Contains(Ours));

        facts = facts.Intend(publish, Now).Complete(publish, new StepOutcome.Published(publish.Target), Now);
        Assert.Contains(Decide(facts, changed).Holds, h => h.Gate == Gate.Propagation);
        Assert.Null(Decide(facts, changed).Next);
        facts = facts.With(facts.Owner(Some.Owner).Observe(Look.At(Now, Look.Serves(publish.Target))));
        Assert.Equal([Ours], ((Step.Withdraw)Decide(facts, changed).Next!).Removed);
    }

    // Without any record a sender does without DANE, and one that demands it without this host.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_former_ones_stay_while_the_provider_does_not_take_the_others(bool isRefusal)
    {
        DesiredCertificate changed = Mx1 with { Tlsa = [Some.Parameters("3 1 2")] };
        var publish = (Step.Publish)Decide(Steady, changed).Next!;
        StepOutcome outcome = isRefusal
            ? new StepOutcome.Refused("quota", "buy more")
            : new StepOutcome.Unknown("no answer in time", "see to the provider");
        Facts facts = Steady.Intend(publish, Now).Complete(publish, outcome, Now);
        Plan plan = Decide(facts, changed);
        Assert.Null(plan.Next);
        Assert.Equal(Gate.Retry, Assert.Single(plan.Holds).Gate);

        // The next key needs records of both.
        facts = facts.With(facts.Certificate("mx1").With(
            Given.In(2, Some.Key(2), new GenerationState.Preparing(Now))));
        Assert.Contains(
            Some.Record("3 1 1", Some.Key(2)), Wanted.At(Some.Desired(changed), facts, Some.Owner, Now));
    }

    // Somebody removed the one of the key in service; one of a key that is over helps nobody.
    [Fact]
    public void The_former_ones_stay_while_the_chain_in_service_has_none_of_the_others_though_another_key_has()
    {
        DesiredCertificate changed = Mx1 with { Tlsa = [Some.Parameters("3 1 2")] };
        TlsaRecord over = Some.Record("3 1 2", Some.Key(7));
        Facts facts = Steady.With(Given.Ledger(Some.Set(Ours, over)));
        var publish = (Step.Publish)Decide(facts, changed).Next!;
        facts = facts.Intend(publish, Now).Complete(publish, new StepOutcome.Refused("quota", "buy more"), Now);
        Assert.Equal([over], Assert.IsType<Step.Withdraw>(Decide(facts, changed).Next).Removed);
    }

    [Fact]
    public void The_former_ones_stay_while_none_of_the_others_can_be_made_of_the_chain()
    {
        Generation live = Given.In(1, Key, new GenerationState.Live(new(Some.Chain(Key).Leaf, []), Now.AddDays(-1)));
        Plan plan = Decide(
            Steady.With(Steady.Certificate("mx1").With(live)), Mx1 with { Tlsa = [Some.Parameters("2 1 1")] });
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Chain);
    }

    [Fact]
    public void Parameters_that_change_in_the_middle_of_a_roll_wait_for_no_key_to_be_left_out()
    {
        PublicKey next = Some.Key(2);
        DesiredCertificate changed = Mx1 with { Tlsa = [Some.Parameters("3 1 2")] };
        Facts facts = Steady
            .With(Steady.Certificate("mx1").With(Given.In(2, next, new GenerationState.Issued(Some.Chain(next), Now))))
            .With(Given.Ledger(Some.Set(Ours, Some.Record("3 1 1", next))));
        var publish = (Step.Publish)Decide(facts, changed).Next!;
        Assert.Equal([Some.Record("3 1 2", next), Some.Record("3 1 2", Key)], publish.Added.Order());
        Assert.Equal(4, publish.Target.Records.Length);
    }

    [Fact]
    public void A_generation_of_another_kind_of_key_than_configured_is_given_up_before_it_is_deployed()
    {
        DesiredCertificate changed = Mx1 with { Key = KeyAlgorithm.Rsa2048 };
        Facts facts = Steady.With(Steady.Certificate("mx1").With(
            Given.In(2, Some.Key(2), new GenerationState.Preparing(Now))));
        Assert.Equal(2, Assert.IsType<Step.Archive>(Decide(facts, changed).Next).Generation);
        Assert.Equal(KeyAlgorithm.Rsa2048, ((Step.GenerateKey)Decide(Steady, changed).Next!).Algorithm);
    }

    [Fact]
    public void Another_issuer_is_asked_at_once_though_the_former_one_asked_for_patience()
    {
        Facts facts = Steady
            .With(Steady.Certificate("mx1").With(Given.In(2, Key, new GenerationState.Preparing(Now))));
        Step order = Decide(facts).Next!;
        facts = facts.Intend(order, Now)
            .Complete(order, new StepOutcome.Refused("rateLimited", "wait", Now.AddHours(6)), Now);
        Assert.Null(Decide(facts).Next);
        Assert.IsType<Step.Issue>(Decide(facts, Mx1 with { Issuer = "another" }).Next);
    }

    [Fact]
    public void Another_issuer_is_asked_when_the_former_one_sent_no_CA_certificate_for_a_record()
    {
        DesiredCertificate asked = Mx1 with { Tlsa = [Some.Parameters("3 1 1"), Some.Parameters("2 1 1")] };
        PublicKey next = Some.Key(2);
        TlsaRecord ca = Some.Chain(Key).RecordFor(Some.Parameters("2 1 1"))!;
        Facts facts = Steady
            .With(Given.Ledger(Some.Set(Ours, Some.Record("3 1 1", next), ca)))
            .With(Steady.Certificate("mx1").With(Given.In(2, next, new GenerationState.Preparing(Now))));
        var order = new Step.Issue("mx1", 2, "") { Issuer = asked.Issuer };
        facts = facts.Complete(order, new StepOutcome.Certified(new(Some.Chain(next).Leaf, [])), Now);
        Plan plan = Decide(facts, asked);
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Chain);

        var again = Assert.IsType<Step.Issue>(Decide(facts, asked with { Issuer = "another" }).Next);
        Assert.Equal((2, "another"), (again.Generation, again.Issuer));
        Assert.IsNotType<Step.Issue>(Decide(facts, Mx1 with { Issuer = "another" }).Next);

        facts = facts.Complete(again, new StepOutcome.Certified(Some.Chain(next)), Now);
        Assert.IsNotType<Step.Issue>(Decide(facts, asked).Next);
    }

    [Fact]
    public void A_record_that_cannot_be_made_of_the_chain_in_service_is_named()
    {
        Generation live = Given.In(1, Key, new GenerationState.Live(new(Some.Chain(Key).Leaf, []), Now));
        Facts facts = Steady.With(Steady.Certificate("mx1").With(live));
        Plan plan = Decide(facts, Mx1 with { Tlsa = [Some.Parameters("3 1 1"), Some.Parameters("2 1 1")] });
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds);
        Assert.Equal((Gate.Chain, "generation 1"), (hold.Gate, hold.Subject));
        Assert.StartsWith("a 2 1 1 record cannot be made", hold.Reason, StringComparison.Ordinal);
        Assert.Contains("'rolloverd roll mx1'", hold.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_TTL_is_given_to_the_records_and_the_former_one_is_waited_for()
    {
        Desired desired = Timed(TimeSpan.FromMinutes(5));
        var step = (Step.Publish)Decide(Steady, desired: desired).Next!;
        Assert.Equal(new RecordSet([Ours], TimeSpan.FromMinutes(5)), step.Target);
        Assert.Empty(step.Added);
        Assert.Equal($"give the records at {Some.Owner} a TTL of 300 s", step.Describe());

        Facts facts = Steady.Intend(step, Now).Complete(step, new StepOutcome.Published(step.Target), Now);
        OwnerLedger ledger = facts.Owner(Some.Owner).Observe(Look.At(Now, Look.Serves(step.Target)));
        Assert.Equal(
            Now.AddHours(2), // twice the former TTL
            ledger.VisibleUntil(ledger.Sets.Single(s => s.Records.Ttl == Some.Ttl), TimeSpan.FromMinutes(5)));
        Assert.Null(Decide(facts.With(ledger), desired: desired).Next);
    }

    [Fact]
    public void A_provider_that_insists_on_its_own_TTL_is_asked_once()
    {
        Desired desired = Timed(TimeSpan.FromMinutes(5));
        var step = (Step.Publish)Decide(Steady, desired: desired).Next!;
        Facts facts = Steady.Intend(step, Now).Complete(step, new StepOutcome.Published(Some.Set(Ours)), Now);
        facts = facts.With(facts.Owner(Some.Owner).Observe(Look.At(Now, Look.Serves(Some.Set(Ours)))));
        Assert.Null(Decide(facts, desired: desired).Next);
    }

    [Fact]
    public void A_change_that_no_server_shows_is_remembered_once_however_often_it_is_sent()
    {
        RecordSet asked = Some.Set(Ours, Some.Record("3 1 1", Some.Key(2)));
        var given = new RecordSet(asked.Records, TimeSpan.FromHours(3));
        OwnerLedger ledger = Steady.Owner(Some.Owner);
        for (int i = 0; i < 5; i++)
            ledger = ledger.Intend(asked, [], Now.AddHours(3 * i)).Applied(given, Now.AddHours(3 * i));
        Assert.Equal([Some.Set(Ours), given], ledger.Sets.Select(s => s.Records));
        Assert.Equal(Now.AddHours(12), ledger.Sets[^1].Since);
    }

    [Fact]
    public void A_TTL_that_was_refused_is_asked_for_again()
    {
        Desired desired = Timed(TimeSpan.FromMinutes(5));
        var step = (Step.Publish)Decide(Steady, desired: desired).Next!;
        Facts facts = Steady.Intend(step, Now).Complete(step, new StepOutcome.Refused("BADKEY", ""), Now);
        Assert.Null(Decide(facts, desired: desired).Next);
        Assert.IsType<Step.Publish>(Decide(facts, desired: desired, now: Now.AddMinutes(1)).Next);
    }

    [Fact]
    public void The_TTL_of_foreign_records_alone_is_left_as_it_is()
    {
        Facts facts = Steady.With(Given.Foreign(Some.Set(Ours)));
        Assert.Null(Decide(facts, desired: Timed(TimeSpan.FromMinutes(5))).Next);
    }

    [Fact]
    public void An_endpoint_that_is_added_gets_its_records_when_it_shows_the_certificate()
    {
        DesiredCertificate both = Mx1 with { Endpoints = [Some.Mx, Submission] };
        Facts facts = Steady.With(Given.Foreign(RecordSet.Absent, Submission.TlsaName));
        Assert.Equal(Submission.TlsaName, ((Step.Publish)Decide(facts, both).Next!).Owner);

        facts = facts.With(Given.Seen(Submission, Some.Chain(Some.Key(9))));
        Plan plan = Decide(facts, both);
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Safety);
    }

    [Fact]
    public void The_records_of_an_endpoint_that_is_no_longer_configured_are_withdrawn_and_it_is_forgotten()
    {
        DesiredCertificate both = Mx1 with { Endpoints = [Some.Mx, Submission] };
        Facts facts = Given.Steady(both, Key);
        Desired desired = Some.Zoned(Mx1);
        Assert.Equal([Submission.TlsaName], Orphans.LookedAfterBy(desired, facts, "mx1"));

        var withdraw = (Step.Withdraw)Decide(facts, desired: desired).Next!;
        Assert.Equal((Submission.TlsaName, RecordSet.Absent), (withdraw.Owner, withdraw.Target));
        facts = facts.Intend(withdraw, Now).Complete(withdraw, new StepOutcome.Published(RecordSet.Absent), Now);
        facts = facts.Observe(Mx1, Seen(facts, Look.Serves(RecordSet.Absent), Now));
        Assert.Null(Decide(facts, desired: desired).Next);

        Assert.Same(facts, facts.Forget(desired, Now.AddMinutes(119)));
        Facts later = facts.Forget(desired, Now.AddHours(2));
        Assert.Equal([Some.Owner], later.Owners.Keys);
        Assert.Equal([Some.Mx], later.Endpoints.Keys);
    }

    [Fact]
    public void Such_an_endpoint_is_not_forgotten_while_caches_hold_what_no_look_would_find()
    {
        RecordSet foreign = Some.Set(Some.Record("3 1 1", Some.Key(66)));
        RecordSet before = new(foreign.Records, TimeSpan.FromHours(10));
        OwnerLedger ledger = Given.Ledger(foreign, Submission.TlsaName) with { Ours = [] };
        Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, Submission] }, Key).With(ledger with
        {
            Sets = [new(before, Now.AddHours(-1), new SetState.Gone(Now, Now)), .. ledger.Sets],
        });
        Desired desired = Some.Zoned(Mx1);
        Assert.Equal([Submission.TlsaName], Orphans.LookedAfterBy(desired, facts, "mx1"));
        Assert.Same(facts, facts.Forget(desired, Now.AddHours(19)));
        Facts later = facts.Forget(desired, Now.AddHours(20));
        Assert.Equal([Some.Owner], later.Owners.Keys);
        Assert.Equal([Some.Mx], later.Endpoints.Keys);
        Assert.Null(Decide(facts, desired: desired).Next);
    }

    [Fact]
    public void Foreign_records_that_stay_at_such_an_owner_must_not_break_what_it_last_showed()
    {
        TlsaRecord dead = Some.Record("3 1 1", Some.Key(66));
        Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, Submission] }, Key)
            .With(Given.Ledger(Some.Set(Ours, dead), Submission.TlsaName) with { Ours = [Ours] });
        Plan plan = Decide(facts, desired: Some.Zoned(Mx1));
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Safety && h.Subject == Submission.TlsaName);
    }

    [Fact]
    public void The_next_chain_waits_until_no_cache_holds_records_of_such_an_endpoint_whose_server_may_show_it_too()
    {
        Facts facts = AboutToSwap(Ours);
        Desired desired = Some.Zoned(Mx1);
        var withdraw = (Step.Withdraw)Decide(facts, desired: desired).Next!;
        Assert.Equal(Submission.TlsaName, withdraw.Owner);
        facts = facts.Intend(withdraw, Now).Complete(withdraw, new StepOutcome.Published(RecordSet.Absent), Now);
        facts = facts.Observe(Mx1, Seen(facts, Look.Serves(RecordSet.Absent), Now));

        Plan plan = Decide(facts, desired: desired, now: Now.AddMinutes(119));
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds);
        Assert.Equal((Gate.Caches, Submission.TlsaName, Now.AddHours(2)), (hold.Gate, hold.Subject, hold.Until));
        Assert.IsType<Step.Deploy>(Decide(facts, desired: desired, now: Now.AddHours(2)).Next);
    }

    [Fact]
    public void It_does_not_wait_for_records_that_RolloverD_cannot_withdraw()
    {
        Assert.IsType<Step.Deploy>(Decide(AboutToSwap(Ours), desired: Some.Desired(Mx1)).Next);
        TlsaRecord dead = Some.Record("3 1 1", Some.Key(66));
        Facts others = AboutToSwap(Ours, dead);
        others = others.With(others.Owner(Submission.TlsaName) with { Ours = [Ours] });
        Assert.IsType<Step.Deploy>(Decide(others, desired: Some.Zoned(Mx1)).Next);
    }

    [Fact]
    public void Another_certificate_for_the_same_host_waits_for_them_too_and_one_for_other_hosts_does_not()
    {
        PublicKey rsaKey = Some.Key(3, KeyFamily.Rsa);
        DesiredCertificate rsa = Mx1 with { Name = "rsa", Key = KeyAlgorithm.Rsa2048 };
        Facts facts = AboutToSwap(Ours);
        Assert.NotEmpty(Safety.OfServing(Some.Zoned(Mx1, rsa), facts, rsa, Some.Chain(rsaKey), Now)
            .Where(v => v.Endpoint == Submission));
        DesiredCertificate other = rsa with { Names = ["mx2.example.net"] };
        Assert.Empty(Safety.OfServing(Some.Zoned(Mx1, other), facts, other, Some.Chain(rsaKey), Now)
            .Where(v => v.Endpoint == Submission));
    }

    [Fact]
    public void It_does_not_wait_for_records_that_name_its_key_as_well() =>
        Assert.IsType<Step.Deploy>(
            Decide(AboutToSwap(Ours, Some.Record("3 1 1", Some.Key(2))), desired: Some.Zoned(Mx1)).Next);

    [Theory]
    [InlineData(1, 2, 3)]
    [InlineData(2, 3, 1)]
    [InlineData(3, 1, 2)]
    public void Where_caches_may_still_be_led_records_of_chains_that_old_processes_show_and_then_of_others_go_last(
        int served, int old, int other)
    {
        TlsaRecord kept = Some.Record("3 1 1", Some.Key(served)), next = Some.Record("3 1 1", Some.Key(other));
        TlsaRecord lingers = Some.Record("3 1 1", Some.Key(old));
        Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, Submission] }, Some.Key(served))
            .With(Given.Ledger(Some.Set(kept, next, lingers), Submission.TlsaName));
        facts = facts.With(facts.EndpointOf(Some.Mx) with
        {
            Lingering = [new(Some.Chain(Some.Key(old)), Now)],
            Former = [new(Submission.TlsaName, Now.AddHours(1))],
        });
        var withdraw = (Step.Withdraw)Decide(facts, desired: Some.Zoned(Mx1)).Next!;
        Assert.Equal(Submission.TlsaName, withdraw.Owner);
        Assert.Equal([next, lingers, kept], withdraw.Removed);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void Records_of_what_an_endpoint_shows_that_was_taken_out_go_last_whatever_the_others_show(
        int here, int elsewhere)
    {
        TlsaRecord shown = Some.Record("3 1 1", Some.Key(here)), other = Some.Record("3 1 1", Some.Key(elsewhere));
        foreach (RecordSet set in (RecordSet[])[Some.Set(shown, other), Some.Set(other, shown)])
        {
            Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, Submission] }, Some.Key(elsewhere))
                .With(Given.Ledger(set, Submission.TlsaName))
                .With(Given.Seen(Submission, Some.Chain(Some.Key(here))) with { TakenOverAt = Some.Start });
            Assert.Equal([other, shown], ((Step.Withdraw)Decide(facts, desired: Some.Zoned(Mx1)).Next!).Removed);
        }
    }

    // While a process is replaced by another, no order of the records is good for both.
    [Fact]
    public void Records_of_two_chains_stay_at_an_endpoint_that_was_taken_out_while_either_may_be_met()
    {
        PublicKey next = Some.Key(2);
        Chain chain = Some.Chain(next);
        DateTimeOffset lately = Now.AddMinutes(-1), alone = lately.AddMinutes(2);
        DesiredCertificate both = Mx1 with { Endpoints = [Some.Mx, Submission] };
        Facts steady = Given.Steady(both, Key, Given.In(2, next, new GenerationState.Live(chain, Some.Start)));
        Assert.IsType<Step.Withdraw>(Plan(steady).Next);

        Holds(In(new GenerationState.Deploying(chain, Now, Now, 0)), null);
        Holds(In(new GenerationState.Live(chain, lately)), alone);
        MetChain[] met = [new(Chain.Leaf.Sha256, Some.Start), new(chain.Leaf.Sha256, lately)];
        Holds(steady.With(steady.EndpointOf(Submission) with { Met = [.. met] }), alone);

        // One record goes at once or not at all.
        Facts one = In(new GenerationState.Live(chain, lately)).With(Given.Ledger(Some.Set(Ours), Submission.TlsaName));
        Assert.Equal([Ours], Assert.IsType<Step.Withdraw>(Plan(one).Next).Removed);

        Facts In(GenerationState state) => steady.With(steady.Certificate("mx1").With(Given.In(2, next, state)));
        Plan Plan(Facts facts) => Decide(facts, desired: Some.Zoned(Mx1));
        void Holds(Facts facts, DateTimeOffset? until)
        {
            Plan plan = Plan(facts);
            Assert.IsNotType<Step.Withdraw>(plan.Next);
            Hold hold = Assert.Single(
                plan.Holds, h => h.Reason.Contains("that no configured endpoint leads to", StringComparison.Ordinal));
            Assert.Equal((Gate.Verification, until), (hold.Gate, hold.Until));
        }
    }

    // A provider that changes one record after the other may leave one alone that is not for what is served.
    [Fact]
    public void Where_caches_may_still_be_led_they_stay_until_every_address_was_seen()
    {
        DateTimeOffset until = Now.AddHours(5);
        Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, Submission] }, Key);
        facts = facts.With(facts.EndpointOf(Some.Mx) with { Former = [new(Submission.TlsaName, until)] });
        Observation seen = Seen(facts, Look.Serves(Some.Set(Ours)), Now);
        Assert.IsType<Step.Withdraw>(Decide(seen, Now).Next);

        Observation unmet = seen with { Endpoints = seen.Endpoints.Clear() };
        Plan plan = Decide(unmet, until.AddSeconds(-1));
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds, h => h.Gate == Gate.Verification);
        Assert.Contains("caches may still be led", hold.Reason, StringComparison.Ordinal);
        Assert.IsType<Step.Withdraw>(Decide(unmet, until).Next);

        Plan Decide(Observation look, DateTimeOffset now) => Planner.Next(Some.Zoned(Mx1), facts, look, "mx1", now);
    }

    [Fact]
    public void The_records_of_a_certificate_that_is_no_longer_configured_go_too()
    {
        DesiredCertificate gone = Mx1 with { Name = "old", Endpoints = [Submission] };
        Facts facts = Steady
            .With(Given.Certificate("old", Given.Live(1, Some.Key(5))))
            .With(Given.Ledger(Some.Set(Some.Record("3 1 1", Some.Key(5))), gone.Endpoints[0].TlsaName));
        Assert.Equal(Submission.TlsaName, ((Step.Withdraw)Decide(facts, desired: Some.Zoned(Mx1)).Next!).Owner);
        Assert.Null(Decide(facts, desired: Some.Zoned(Mx1, gone)).Next);
    }

    [Fact]
    public void Only_one_certificate_looks_after_them()
    {
        Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, Submission] }, Key);
        Desired two = Some.Zoned(Mx1, Mx1 with { Name = "zz" });
        Assert.Empty(Orphans.LookedAfterBy(two, facts, "zz"));
        Assert.Same(facts, facts.Forget(two, Now));
    }

    [Fact]
    public void Records_that_stay_in_a_zone_that_is_no_longer_configured_are_told_until_they_are_gone()
    {
        Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, Submission] }, Key);
        Desired without = Some.Desired(Mx1);
        Plan plan = Decide(facts, desired: without);
        Assert.Null(plan.Next);
        Hold hold = plan.Holds.Single(h => h.Gate == Gate.Orphan);
        Assert.Equal((Submission.TlsaName, Actor.Operator), (hold.Subject, hold.ActorAt(Now)));
        Assert.Contains(Ours.ToString(), hold.Remedy, StringComparison.Ordinal);

        facts = facts.Observe(Mx1, Seen(facts, Look.Serves(RecordSet.Absent), Now));
        Assert.Empty(Decide(facts, desired: without).Holds);
        Assert.Equal([Some.Owner], facts.Forget(without, Now.AddHours(2)).Owners.Keys);
    }

    [Fact]
    public void An_owner_that_became_an_alias_holds_nothing_any_more()
    {
        OwnerObservation round = Look.At(Now, Look.Serves(Some.Set(Ours))) with { Owner = "tlsa.example.net" };
        Facts facts = Steady.Observe(Mx1, Observation.Nothing with
        {
            Owners = Observation.Nothing.Owners.Add(Some.Owner, round),
        });
        Assert.All(
            facts.Owner(Some.Owner).Sets.Where(s => !s.Records.IsAbsent),
            s => Assert.IsType<SetState.Gone>(s.State));
        Assert.Contains(Some.Set(Ours), facts.Owner("tlsa.example.net").VisibleSetsAt(Now, TimeSpan.Zero));
    }

    [Fact]
    public void A_certificate_taken_out_of_a_shared_endpoint_keeps_its_records_while_it_is_still_served_there()
    {
        PublicKey rsaKey = Some.Key(50, KeyFamily.Rsa);
        TlsaRecord rsa = Some.Record("3 1 1", rsaKey);
        Facts facts = Steady
            .With(Given.Certificate("rsa", Given.Live(1, rsaKey)))
            .With(Given.Ledger(Some.Set(Ours, rsa)))
            .With(Given.Seen(Some.Mx, Chain, Some.Chain(rsaKey)) with { TakenOverAt = Some.Start });
        Assert.Null(Decide(facts).Next);

        facts = facts.With(Given.Seen(Some.Mx, Chain) with { TakenOverAt = Some.Start });
        Assert.Equal([rsa], ((Step.Withdraw)Decide(facts).Next!).Removed);
    }

    [Theory]
    [InlineData(KeyPolicy.Reuse)]
    [InlineData(KeyPolicy.Rotate)]
    public void A_key_that_stood_by_is_over_when_the_policy_keeps_none_any_more(KeyPolicy policy)
    {
        DesiredCertificate standby = Mx1 with { KeyPolicy = KeyPolicy.Standby };
        Facts facts = Given.Steady(standby, Key, Given.In(2, Some.Key(2), new GenerationState.Standby()));
        Assert.Null(Decide(facts, standby).Next);

        Step archive = Decide(facts, Mx1 with { KeyPolicy = policy }).Next!;
        Assert.Equal(2, Assert.IsType<Step.Archive>(archive).Generation);
        facts = facts.Complete(archive, new StepOutcome.Done(), Now);
        Assert.Equal(
            [Some.Record("3 1 1", Some.Key(2))],
            Assert.IsType<Step.Withdraw>(Decide(facts, Mx1 with { KeyPolicy = policy }).Next).Removed);
    }

    [Fact]
    public void Records_of_the_served_chain_are_withdrawn_last()
    {
        TlsaRecord first = Some.Record("3 0 1", Some.Chain(Some.Key(8))), second = Some.Record("3 0 1", Chain);
        TlsaRecord third = Some.Record("3 0 1", Some.Chain(Some.Key(9)));
        OwnerLedger ledger = Given.Ledger(Some.Set(Ours, first, second, third));
        ImmutableArray<TlsaRecord>[] orders = [[Ours, first, second, third], [Ours, second, third, first]];
        foreach (ImmutableArray<TlsaRecord> ours in orders)
        {
            Facts facts = Steady.With(ledger with { Ours = ours });
            Assert.Equal(second, Assert.IsType<Step.Withdraw>(Decide(facts).Next).Removed[^1]);
        }
    }

    [Fact]
    public void Such_an_endpoint_is_met_only_while_its_records_can_be_withdrawn()
    {
        Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, Submission] }, Key);
        ImmutableArray<string> orphans = Orphans.LookedAfterBy(Some.Zoned(Mx1), facts, "mx1");
        Assert.Equal([Submission.TlsaName], orphans);
        Assert.Equal([Submission], Orphans.EndpointsAt(Some.Zoned(Mx1), facts, orphans));
        Assert.Empty(Orphans.EndpointsAt(Some.Desired(Mx1), facts, orphans));

        facts = facts.Observe(Mx1, Seen(facts, Look.Serves(RecordSet.Absent), Now));
        Assert.Empty(Orphans.EndpointsAt(Some.Zoned(Mx1), facts, orphans));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void What_is_shown_at_an_address_alone_that_was_taken_out_of_DNS_counts_less(int shown, int former)
    {
        Chain here = Some.Chain(Some.Key(shown)), there = Some.Chain(Some.Key(former));
        TlsaRecord kept = Some.Record("3 1 1", here), goes = Some.Record("3 1 1", there);
        foreach (RecordSet set in (RecordSet[])[Some.Set(kept, goes), Some.Set(goes, kept)])
        {
            Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, Submission] }, Some.Key(shown))
                .With(Given.Ledger(set, Submission.TlsaName))
                .With(Given.Seen(Submission, there, here) with
                {
                    Addresses =
                    [
                        new("192.0.2.1", TimeSpan.FromHours(1), [here.Leaf.Sha256]),
                        new("192.0.2.2", TimeSpan.FromHours(1), [there.Leaf.Sha256], Now),
                    ],
                });
            Assert.Equal([goes, kept], ((Step.Withdraw)Decide(facts, desired: Some.Zoned(Mx1)).Next!).Removed);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_record_that_matches_every_served_chain_is_withdrawn_last(int turn)
    {
        Chain other = Some.Chain(Some.Key(3, KeyFamily.Rsa));
        TlsaRecord common = Some.Record("2 1 2", Chain);
        Assert.Equal(common, Some.Record("2 1 2", other));
        TlsaRecord[] former = [common, Some.Record("3 1 2", Chain), Some.Record("3 1 2", other)];
        DesiredCertificate rsa = Mx1 with { Name = "rsa", Key = KeyAlgorithm.Rsa2048 };
        OwnerLedger ledger = Given.Ledger(Some.Set([Ours, Some.Record("3 1 1", other), .. former]));
        Facts facts = Given.Facts(
            [
                Given.Certificate("mx1", Given.Live(1, Key, Chain)),
                Given.Certificate("rsa", Given.Live(1, other.Key, other)),
            ],
            [ledger with { Ours = [.. ledger.Ours.Except(former), .. former[turn..], .. former[..turn]] }],
            [Given.Seen(Some.Mx, Chain, other) with { TakenOverAt = Some.Start }]);

        Step? step = Decide(facts, desired: Some.Desired(Mx1, rsa)).Next;
        Assert.Equal(common, Assert.IsType<Step.Withdraw>(step).Removed[^1]);
    }

    [Fact]
    public void Two_certificates_of_one_endpoint_give_up_their_former_parameters_together()
    {
        PublicKey rsaKey = Some.Key(3, KeyFamily.Rsa);
        Chain rsaChain = Some.Chain(rsaKey);
        TlsaRecord former = Some.Record("3 1 2", Key), formerRsa = Some.Record("3 1 2", rsaKey);
        DesiredCertificate rsa = Mx1 with { Name = "rsa", Key = KeyAlgorithm.Rsa2048 };
        Desired desired = Some.Desired(Mx1, rsa);
        Facts facts = Given.Facts(
            [
                Given.Certificate("mx1", Given.Live(1, Key, Chain)),
                Given.Certificate("rsa", Given.Live(1, rsaKey, rsaChain)),
            ],
            [Given.Ledger(Some.Set(Ours, Some.Record("3 1 1", rsaKey), former, formerRsa))],
            [Given.Seen(Some.Mx, Chain, rsaChain) with { TakenOverAt = Some.Start }]);

        Plan plan = Decide(facts, desired: desired);
        Assert.Equal(
            new[] { former, formerRsa }.Order(), Assert.IsType<Step.Withdraw>(plan.Next).Removed.Order());

        // Also where the other one is served at an endpoint more, unless nobody ever looked there.
        Desired elsewhere = Some.Desired(Mx1, rsa with { Endpoints = [Some.Mx, Submission] });
        EndpointFacts there = Given.Seen(Submission, rsaChain) with { TlsaOwner = Some.Owner };
        Assert.IsType<Step.Withdraw>(Decide(facts.With(there), desired: elsewhere).Next);
        Assert.Null(Decide(facts.With(there with { CompleteAt = null }), desired: elsewhere).Next);

        // The other one has nothing in service, and may wait for this.
        Facts waiting = facts
            .With(Given.Certificate("rsa", Given.In(1, rsaKey, new GenerationState.Issued(rsaChain, Now))))
            .With(Given.Seen(Some.Mx, Chain) with { TakenOverAt = Some.Start });
        var together = Assert.IsType<Step.Withdraw>(Planner.Next(
            desired, waiting, Look.Well(waiting, Mx1, Now, Chain), "mx1", Now).Next);
        Assert.Equal(new[] { former, formerRsa }.Order(), together.Removed.Order());

        // Nor before the rollback window of the other one has passed.
        Facts justNow = facts.With(Given.Certificate("rsa", Given.Live(1, rsaKey, rsaChain) with
        {
            State = new GenerationState.Live(rsaChain, Now.AddMinutes(-5)),
        }));
        Assert.Null(Decide(justNow, desired: desired).Next);
    }

    // The next key is everywhere but at the submission endpoint, which was just taken out of the configuration.
    private static Facts AboutToSwap(params ImmutableArray<TlsaRecord> left)
    {
        PublicKey next = Some.Key(2);
        Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, Submission] }, Key)
            .With(Given.Ledger(Some.Set(Ours, Some.Record("3 1 1", next))))
            .With(Given.Ledger(Some.Set(left), Submission.TlsaName));
        return facts.With(facts.Certificate("mx1").With(
            Given.In(2, next, new GenerationState.Issued(Some.Chain(next), Now))));
    }

    private static Desired Timed(TimeSpan ttl) =>
        Some.Desired(Mx1) with { Timing = new(ttl, TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)) };

    // The world as Look.Well has it, and the submission owner, which no endpoint leads to, looked at by its own name.
    private static Observation Seen(Facts facts, AnswerContent submission, DateTimeOffset at)
    {
        Observation well = Look.Well(facts, Mx1, at, Chain);
        return well with
        {
            Owners = well.Owners.SetItem(
                Submission.TlsaName,
                Look.At(at, submission) with { Name = Submission.TlsaName, Owner = Submission.TlsaName }),
        };
    }

    private static Plan Decide(
        Facts facts, DesiredCertificate? certificate = null, Desired? desired = null, DateTimeOffset? now = null)
    {
        DesiredCertificate c = certificate ?? Mx1;
        Observation seen = Look.Well(facts, c, now ?? Now, Chain);
        if (!c.Endpoints.Contains(Submission))
        {
            seen = seen with
            {
                Owners = seen.Owners.SetItem(
                    Submission.TlsaName,
                    Look.At(Now, Look.Serves(facts.Owner(Submission.TlsaName).Latest ?? RecordSet.Absent)) with
                    {
                        Name = Submission.TlsaName,
                        Owner = Submission.TlsaName,
                    }),
            };
        }

        return Planner.Next(desired ?? Some.Desired(c), facts, seen, "mx1", now ?? Now);
    }
}

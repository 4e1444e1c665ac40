using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>What somebody else changed is found and healed, or told to whoever can; nobody's key gets in.</summary>
public class HealingTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly PublicKey Key = Some.Key(1);
    private static readonly Chain Chain = Some.Chain(Key), Other = Some.Chain(Some.Key(9), ca: 9);
    private static readonly TlsaRecord Ours = Some.Record("3 1 1", Key), Dead = Some.Record("3 1 1", Some.Key(66));
    private static readonly TlsaRecord OfOther = Some.Record("3 1 1", Other);
    private static readonly Facts Steady = Given.Steady(Mx1, Key);

    [Fact]
    public void A_record_that_was_removed_by_hand_comes_back()
    {
        Facts facts = Given.Steady(Mx1, Key, Given.In(2, Some.Key(2), new GenerationState.Standby()));
        Observation seen = Dns(Look.Serves(Some.Set(Some.Record("3 1 1", Some.Key(2)))));
        Assert.Equal([Ours], Publishes(facts, seen).Added);
    }

    [Fact]
    public void When_all_records_were_removed_by_hand_they_come_back() =>
        Assert.Equal([Ours], Publishes(Steady, Dns(new AnswerContent.Absent(true))).Added);

    [Fact]
    public void A_record_that_was_edited_by_hand_is_joined_by_the_right_one_and_stays()
    {
        Step.Publish step = Publishes(Steady, Dns(Look.Serves(Some.Set(Dead))));
        Assert.Equal([Ours], step.Added);
        Assert.Equal(Some.Set(Ours, Dead), step.Target);
    }

    [Fact]
    public void Until_caches_have_forgotten_a_bad_set_it_is_said_that_mail_may_be_refused()
    {
        Facts facts = Steady.Observe(Mx1, Dns(Look.Serves(Some.Set(Dead))));
        DateTimeOffset healed = Now.AddMinutes(1);
        facts = facts.With(facts.Owner(Some.Owner).Observe(Look.At(healed, Look.Serves(Some.Set(Dead, Ours)))));
        Hold hold = Assert.Single(Decide(facts, Look.Well(facts, Mx1, healed, Chain), healed).Holds);
        Assert.Equal((Gate.Uncovered, Actor.Nobody), (hold.Gate, hold.ActorAt(Now)));
        Assert.Equal(facts.Owner(Some.Owner).VisibleUntil(
            facts.Owner(Some.Owner).Sets.Single(s => s.Records.Equals(Some.Set(Dead))), TimeSpan.FromMinutes(5)),
            hold.Until);
        Assert.Contains(Chain.Leaf.ToString(), hold.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_set_to_which_caches_are_led_by_an_old_alias_ends_when_they_have_forgotten_both()
    {
        const string before = "_dane.one.example";
        DateTimeOffset led = Now.AddMinutes(10), forgotten = led + Some.Ttl + Some.Desired(Mx1).Timing.SafetyMargin;
        Facts facts = Steady
            .With(Given.Foreign(Some.Set(Dead), before))
            .With(Steady.EndpointOf(Some.Mx) with { TlsaOwner = Some.Owner, Former = [new(before, led)] });
        Assert.Equal(forgotten, Told(facts).Until);
        Assert.Equal(Actor.Nobody, Told(facts).ActorAt(Now));

        // Where the name leads now it may be given out longer, or for ever.
        DateTimeOffset later = Now.AddHours(2);
        OwnerLedger here = facts.Owner(Some.Owner);
        Assert.Equal(
            later + Some.Ttl + Some.Desired(Mx1).Timing.SafetyMargin, Told(Also(new SetState.Gone(later, Now))).Until);
        Assert.Equal(forgotten, Told(Also(new SetState.Gone(Now, Now.AddHours(-9)))).Until);
        Assert.Null(Told(Also(new SetState.Seen())).Until);

        Facts Also(SetState state) => facts.With(here with
        {
            Sets = [new(Some.Set(Dead), Some.Start, state), .. here.Sets],
        });

        static Hold Told(Facts facts) =>
            Assert.Single(Decide(facts, Look.Well(facts, Mx1, Now, Chain)).Holds, h => h.Gate == Gate.Uncovered);
    }

    [Fact]
    public void Of_a_chain_that_no_round_meets_any_more_it_is_said_that_old_processes_may_show_it()
    {
        Facts facts = Show(Show(Steady, Other, local: true), Chain, local: true);
        Hold hold = Assert.Single(
            Decide(facts, Shows(facts, Chain, local: true)).Holds, h => h.Gate == Gate.Uncovered);

        // It was met only just before: the round that missed it may have met processes from before it.
        Assert.Equal((Actor.Nobody, Now + (2 * Some.Desired(Mx1).Timing.Drain)), (hold.ActorAt(Now), hold.Until));
        Assert.Contains("old processes", hold.Reason, StringComparison.Ordinal);
        Assert.Contains(Other.Leaf.ToString(), hold.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_set_that_one_server_alone_gives_out_and_no_change_can_heal_is_told_with_the_server()
    {
        // The secondary gives out something else; the provider holds the right set.
        Observation seen = Dns(Look.Serves(Some.Set(Ours)), Look.Serves(Some.Set(Dead)));
        Facts facts = Steady.Observe(Mx1, seen);
        var step = Assert.IsType<Step.Publish>(Decide(facts, seen).Next);
        facts = facts.Intend(step, Now).Complete(step, new StepOutcome.Differs(Some.Set(Ours)), Now);
        facts = facts.Observe(Mx1, seen);

        Plan plan = Decide(facts, seen, Now.AddMinutes(1));
        Assert.Null(plan.Next);
        Hold hold = plan.Holds.Single(h => h.Gate == Gate.Uncovered);
        Assert.Null(hold.Until);
        Assert.Contains("ns2.example.net (192.0.2.2) still serves", hold.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_without_TLS_is_told_while_records_that_promise_it_are_visible()
    {
        Hold hold = Assert.Single(Presents(Steady, new Presented.NoStartTls("not offered")).Holds);
        Assert.Equal((Gate.Uncovered, Some.Mx.ToString()), (hold.Gate, hold.Subject));
        Assert.Equal((null, Actor.Operator), (hold.Until, hold.ActorAt(Now)));
        Assert.StartsWith(
            "mail is refused: mx1.example.net:25 at 192.0.2.25 offers no STARTTLS", hold.Reason,
            StringComparison.Ordinal);
        hold = Assert.Single(Presents(Steady, new Presented.HandshakeFailed("internal error")).Holds);
        Assert.Equal(Gate.Uncovered, hold.Gate);
        Assert.EndsWith("at 192.0.2.25 fails: internal error", hold.Reason, StringComparison.Ordinal);

        // Mail waits for who does not answer, with records or without; and who shows a chain has TLS.
        Assert.Empty(Presents(Steady, new Presented.Unreachable("timed out")).Holds);
        Assert.Empty(Presents(
            Steady, new Presented.Shows(Chain, "TLSv1.3"), new Presented.HandshakeFailed("internal error")).Holds);
    }

    [Fact]
    public void An_address_without_TLS_refuses_nobody_where_no_record_is_visible()
    {
        Facts facts = Steady.With(Given.Ledger(RecordSet.Absent));
        Assert.DoesNotContain(
            Presents(facts, new Presented.NoStartTls("not offered")).Holds, h => h.Gate == Gate.Uncovered);

        // Caches may still hold some.
        OwnerLedger ledger = facts.Owner(Some.Owner);
        facts = facts.With(ledger with
        {
            Sets = [new(Some.Set(Ours), Some.Start, new SetState.Gone(Now, Now)), .. ledger.Sets],
        });
        Assert.Contains(
            Presents(facts, new Presented.NoStartTls("not offered")).Holds, h => h.Gate == Gate.Uncovered);
    }

    [Fact]
    public void That_there_is_no_TLS_is_told_before_what_caches_forget_by_themselves_and_not_beside_a_deployment()
    {
        OwnerLedger ledger = Steady.Owner(Some.Owner);
        Facts facts = Steady.With(ledger with
        {
            Sets = [new(Some.Set(Dead), Some.Start, new SetState.Gone(Now, Now)), .. ledger.Sets],
        });
        Hold hold = Assert.Single(
            Presents(facts, new Presented.NoStartTls("not offered")).Holds, h => h.Gate == Gate.Uncovered);
        Assert.Contains("STARTTLS", hold.Reason, StringComparison.Ordinal);

        facts = Given.Steady(Mx1, Key).With(Given.Certificate(
            "mx1", Given.In(1, Key, new GenerationState.Deploying(Chain, Now, Now, 0))));
        Assert.DoesNotContain(
            Presents(facts, new Presented.NoStartTls("not offered")).Holds, h => h.Gate == Gate.Uncovered);
    }

    [Fact]
    public void A_certificate_that_was_replaced_by_hand_on_this_host_gets_a_record()
    {
        Facts facts = Show(Steady, Other, local: true);
        Assert.Equal([OfOther], Publishes(facts, Shows(facts, Other, local: true)).Added);
    }

    [Fact]
    public void A_strange_certificate_at_another_address_gets_none_and_is_told_with_the_command_that_adopts_it()
    {
        Facts facts = Show(Steady, Other, local: false);
        Plan plan = Decide(facts, Shows(facts, Other, local: false));
        Assert.Null(plan.Next);
        Hold hold = plan.Holds.First(h => h.Gate == Gate.Stranger);
        Assert.Equal(Actor.Operator, hold.ActorAt(Now));
        Assert.Contains($"mx1.example.net:25 at 192.0.2.25 shows {Other.Leaf}", hold.Reason, StringComparison.Ordinal);
        Assert.EndsWith(
            $"rolloverd adopt mx1 --served {Other.Key.Sha256[..32]}", hold.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_counts_as_this_hosts_own_only_when_no_other_address_shows_it()
    {
        EndpointObservation round = Look.Shows(Some.Mx, Now, Other);
        AddressObservation here = round.Addresses[0] with { IsLocal = true };
        Facts facts = Steady.Observe(Mx1, Handshakes(round with { Addresses = [here, round.Addresses[0]] }));
        Assert.Empty(facts.EndpointOf(Some.Mx).Local);

        // A round that misses the other address does not make it so; one in which it shows something else does.
        facts = facts.Observe(Mx1, Handshakes(round with
        {
            Addresses = [here, new("192.0.2.26", [new Presented.Unreachable("timed out")])],
        }));
        Assert.Empty(facts.EndpointOf(Some.Mx).Local);
        facts = facts.Observe(Mx1, Handshakes(round with { Addresses = [here] }));
        Assert.Equal([Other], facts.EndpointOf(Some.Mx).Local);
    }

    [Fact]
    public void A_chain_that_was_met_only_just_before_a_step_counts_as_served_after_it()
    {
        Facts facts = Steady.Meet(Handshakes(Look.Shows(Some.Mx, Now, Other, Chain)), Now);
        Assert.Equal([Chain, Other], facts.EndpointOf(Some.Mx).Seen);
        Assert.Same(facts, facts.Meet(Handshakes(Look.Shows(Some.Mx, Now, Chain)), Now));

        // It came anew, whatever the round's own clock says.
        MetChain met = Assert.Single(Steady.Meet(Handshakes(Look.Shows(Some.Mx, Some.Start, Other)), Now)
            .EndpointOf(Some.Mx).Met);
        Assert.Equal((true, Now), (met.Is(Other), met.At));

        // Nothing goes by it, and no address is known to be this host's.
        facts = Steady.Meet(Handshakes(Look.Shows(Some.Mx, Now, Other)), Now);
        Assert.Contains(Chain, facts.EndpointOf(Some.Mx).Seen);
        Assert.Empty(facts.EndpointOf(Some.Mx).Local);
    }

    [Fact]
    public void Before_RolloverD_has_taken_an_endpoint_over_what_it_shows_is_believed()
    {
        TlsaRecord byCa = Some.Record("2 1 1", Other);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.In(1, Key, new GenerationState.Preparing(Now)))],
            [Given.Foreign(Some.Set(byCa))],
            [Given.Seen(Some.Mx, Other)]);
        Assert.Contains(OfOther, Publishes(facts, Look.Well(facts, Mx1, Now, Other)).Added);

        facts = facts.With(facts.Certificate("mx1").With(Given.Live(1, Key)));
        facts = facts.Observe(Mx1, Handshakes(Look.Shows(Some.Mx, Now, Chain)));
        Assert.Equal(Now, facts.EndpointOf(Some.Mx).TakenOverAt);
    }

    [Fact]
    public void What_somebody_replaced_before_any_server_showed_it_covers_nobody()
    {
        RecordSet seen = Some.Set(Dead), replaced = Some.Set(OfOther, Ours);
        DateTimeOffset then = Now.AddHours(-3);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.In(1, Key, new GenerationState.Preparing(Now)))],
            [Given.Foreign(seen).Intend(replaced, replaced.Records, then).Applied(replaced, then)],
            [Given.Seen(Some.Mx, Other)]);
        Step.Publish step = Publishes(facts, Dns(Look.Serves(seen)) with
        {
            Endpoints = Handshakes(Look.Shows(Some.Mx, Now, Other)).Endpoints,
        });
        Assert.Equal((seen, Some.Set(Dead, OfOther, Ours)), (step.Expected, step.Target));
    }

    [Fact]
    public void A_foreign_record_that_senders_prefer_is_matched_though_no_generation_has_begun()
    {
        Facts facts = Given.Facts(
            [Given.Certificate("mx1") with { Abort = new(Now, Now.AddDays(1), 1) }],
            [Given.Foreign(Some.Set(OfOther, Some.Record("3 1 2", Some.Key(66))))],
            [Given.Seen(Some.Mx, Other)]);
        Assert.Equal([Some.Record("3 1 2", Other)], Publishes(facts, Look.Well(facts, Mx1, Now, Other)).Added);
    }

    [Fact]
    public void Records_of_a_first_rollover_that_was_aborted_oblige_as_long_as_they_cannot_go()
    {
        TlsaRecord left = Some.Record("3 1 1", Key), strong = Some.Record("3 1 2", Other);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1") with { Abort = new(Now, Now.AddDays(1), 1) }],
            [Given.Foreign(Some.Set(left, strong)) with { Ours = [left] }],
            [Given.Seen(Some.Mx, Other)]);
        Assert.Equal([OfOther], Publishes(facts, Look.Well(facts, Mx1, Now, Other)).Added);
    }

    [Fact]
    public void An_endpoint_that_is_added_is_believed_until_it_is_taken_over()
    {
        Endpoint added = new("mx1.example.net", 465);
        DesiredCertificate both = Mx1 with { Endpoints = [Some.Mx, added] };
        Facts facts = Steady
            .With(Given.Foreign(Some.Set(Some.Record("2 1 1", Other)), added.TlsaName))
            .With(Given.Seen(added, Other));
        Assert.Equal([Ours, OfOther, Some.Record("2 1 1", Chain)],
            [.. ((Step.Publish)Decide(facts, Look.Well(facts, both, Now, Other), certificate: both).Next!).Added
                .OrderBy(r => r.Parameters.Usage == CertificateUsage.DaneTa)
                .ThenBy(r => r == OfOther)]);
    }

    [Fact]
    public void A_key_that_a_published_record_names_already_is_no_strangers()
    {
        DesiredCertificate more = Mx1 with { Tlsa = [Some.Parameters("3 1 1"), Some.Parameters("3 1 2")] };
        Facts facts = Show(Steady, Other, local: false)
            .With(Given.Ledger(Some.Set(Ours, Some.Record("3 1 2", Key), OfOther)));
        var step = (Step.Publish)Decide(facts, Shows(facts, Other, local: false), certificate: more).Next!;
        Assert.Equal([Some.Record("3 1 2", Other)], step.Added);
    }

    [Fact]
    public void A_record_of_a_CA_does_not_make_whatever_it_certified_trusted()
    {
        TlsaRecord byCa = Some.Record("2 1 1", Chain);
        Chain sameCa = Some.Chain(Some.Key(9));
        Facts facts = Show(Steady, sameCa, local: false)
            .With(Given.Ledger(Some.Set(Ours, byCa)) with { Ours = [Ours] });
        Plan plan = Decide(facts, Shows(facts, sameCa, local: false));
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Stranger);
    }

    [Fact]
    public void A_stranger_does_not_keep_a_record_away_that_heals_the_chain_beside_it()
    {
        TlsaRecord dead = Some.Record("2 1 1", Some.Chain(Some.Key(66), ca: 66));
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Key))],
            [Given.Foreign(Some.Set(dead))],
            [Given.Seen(Some.Mx, Chain, Other) with { TakenOverAt = Some.Start }]);
        Observation seen = Look.Well(facts, Mx1, Now, Chain, Other);
        Step.Publish step = Publishes(facts, seen);
        Assert.Equal([Some.Record("2 1 1", Chain)], step.Added);

        // What would be new to senders, and the stranger has nothing for, waits until somebody acts.
        facts = facts.With(Given.Foreign(step.Target) with { Ours = step.Added });
        Plan plan = Decide(facts, Look.Well(facts, Mx1, Now, Chain, Other));
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Stranger);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Safety);
    }

    [Fact]
    public void What_the_operator_adopts_is_published_and_withdrawn_again_when_nobody_shows_it()
    {
        Facts facts = Show(Steady, Other, local: false);
        ForeignChain found = Assert.Single(Adoption.ServedAt(Some.Desired(Mx1), facts, Mx1, Now));
        Assert.Equal((Other, false), (found.Chain, found.IsAccepted));
        Assert.Equal([OfOther], found.Needed);

        facts = facts.Adopt(Mx1, found.Chain, Now);
        Step.Publish step = Publishes(facts, Shows(facts, Other, local: false));
        Assert.Equal([OfOther], step.Added);
        facts = facts.Intend(step, Now).Complete(step, new StepOutcome.Published(step.Target), Now);
        facts = facts.With(facts.Owner(Some.Owner).Observe(Look.At(Now, Look.Serves(step.Target))));

        DateTimeOffset gone = Now.AddHours(2), drained = gone + Some.Desired(Mx1).Timing.Drain;
        facts = facts.Observe(Mx1, Shows(facts, Chain, local: false, gone));
        Plan early = Decide(facts, Look.Well(facts, Mx1, gone, Chain), gone);
        Assert.Null(early.Next);
        Assert.Equal(drained, Assert.Single(early.Holds, h => h.Gate == Gate.Safety).Until);

        var withdraw = (Step.Withdraw)Decide(facts, Look.Well(facts, Mx1, drained, Chain), drained).Next!;
        Assert.Equal([OfOther], withdraw.Removed);
    }

    [Fact]
    public void An_adoption_ends_a_week_after_the_chain_was_last_shown()
    {
        Facts facts = Show(Steady, Other, local: false).Adopt(Mx1, Other, Now);
        facts = facts.Observe(Mx1, Shows(facts, Chain, local: false, Now.AddDays(6)));
        Assert.Single(facts.EndpointOf(Some.Mx).Adopted);
        facts = facts.Observe(Mx1, Shows(facts, Chain, local: false, Now.AddDays(8)));
        Assert.Empty(facts.EndpointOf(Some.Mx).Adopted);
    }

    [Fact]
    public void Foreign_records_stay_untouched_until_they_are_adopted_and_go_when_nothing_wants_them()
    {
        Facts facts = Steady.With(Given.Ledger(Some.Set(Ours, Dead)) with { Ours = [Ours] });
        Observation well = Look.Well(facts, Mx1, Now, Chain);
        Assert.Null(Decide(facts, well).Next);

        ForeignRecords found = Assert.Single(Adoption.RecordsOf(facts, Mx1));
        Assert.Equal((Some.Owner, Dead), (found.Owner, Assert.Single(found.Records)));
        facts = facts.Adopt(found);
        Assert.Empty(Adoption.RecordsOf(facts, Mx1));
        Assert.Equal([Dead], ((Step.Withdraw)Decide(facts, well).Next!).Removed);
    }

    [Fact]
    public void An_adopted_record_that_something_wants_stays()
    {
        Facts facts = Steady.With(Given.Foreign(Some.Set(Ours)));
        facts = facts.Adopt(Assert.Single(Adoption.RecordsOf(facts, Mx1)));
        Plan plan = Decide(facts, Look.Well(facts, Mx1, Now, Chain));
        Assert.Null(plan.Next);
        Assert.Empty(plan.Holds);
    }

    [Fact]
    public void Of_two_certificates_at_one_endpoint_neither_is_the_others_stranger()
    {
        DesiredCertificate rsa = Mx1 with { Name = "rsa", Key = KeyAlgorithm.Rsa2048 };
        PublicKey rsaKey = Some.Key(50, KeyFamily.Rsa);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Key)), Given.Certificate("rsa", Given.Live(1, rsaKey))],
            [Given.Ledger(Some.Set(Ours))],
            [Given.Seen(Some.Mx, Chain, Some.Chain(rsaKey)) with { TakenOverAt = Some.Start }]);
        Plan plan = Planner.Next(
            Some.Desired(Mx1, rsa), facts, Look.Well(facts, Mx1, Now, Chain, Some.Chain(rsaKey)), "mx1", Now);
        Assert.Equal([Some.Record("3 1 1", rsaKey)], ((Step.Publish)plan.Next!).Added);
        Assert.DoesNotContain(plan.Holds, h => h.Gate == Gate.Stranger);
    }

    private static Facts Show(Facts facts, Chain chain, bool local) =>
        facts.Observe(Mx1, Shows(facts, chain, local));

    private static Observation Shows(Facts facts, Chain chain, bool local, DateTimeOffset? at = null)
    {
        Observation well = Look.Well(facts, Mx1, at ?? Now, chain);
        EndpointObservation round = well.Endpoints[Some.Mx];
        return well with
        {
            Endpoints = well.Endpoints.SetItem(
                Some.Mx, round with { Addresses = [round.Addresses[0] with { IsLocal = local }] }),
        };
    }

    private static Plan Presents(Facts facts, params ImmutableArray<Presented> presented)
    {
        Observation well = Look.Well(facts, Mx1, Now);
        EndpointObservation round = well.Endpoints[Some.Mx] with { Addresses = [new("192.0.2.25", presented)] };
        Observation seen = well with { Endpoints = well.Endpoints.SetItem(Some.Mx, round) };
        return Decide(facts.Observe(Mx1, seen), seen);
    }

    private static Observation Handshakes(EndpointObservation round) =>
        Observation.Nothing with { Endpoints = Observation.Nothing.Endpoints.Add(Some.Mx, round) };

    private static Observation Dns(params ImmutableArray<AnswerContent> answers) => new(
        ImmutableDictionary<string, OwnerObservation>.Empty.Add(Some.Owner, Look.At(Now, answers)),
        ImmutableDictionary<Endpoint, EndpointObservation>.Empty.Add(Some.Mx, Look.Shows(Some.Mx, Now, Chain)), [], 1);

    private static Step.Publish Publishes(Facts facts, Observation seen) =>
        Assert.IsType<Step.Publish>(Decide(facts.Observe(Mx1, seen), seen).Next);

    private static Plan Decide(
        Facts facts, Observation seen, DateTimeOffset? now = null, DesiredCertificate? certificate = null) =>
        Planner.Next(Some.Desired(certificate ?? Mx1), facts, seen, "mx1", now ?? Now);
}

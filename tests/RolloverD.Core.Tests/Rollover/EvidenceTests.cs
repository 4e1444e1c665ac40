using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>What answers of authoritative servers and outcomes of providers do to an owner's ledger.</summary>
public class EvidenceTests
{
    private static readonly RecordSet Old = Some.Set(Some.Record("3 1 1", Some.Key(1)));
    private static readonly RecordSet Both = Old.With([Some.Record("3 1 1", Some.Key(2))]);
    private static readonly RecordSet Third = Both.With([Some.Record("3 1 1", Some.Key(3))]);
    private static readonly DateTimeOffset T0 = Some.Start;

    private static readonly OwnerLedger Published =
        Given.Ledger(Old).Intend(Both, Both.Records, T0).Applied(Both, T0.AddSeconds(1));

    [Fact]
    public void An_intended_set_is_visible_before_any_server_shows_it()
    {
        OwnerLedger ledger = Given.Ledger(Old).Intend(Both, [], T0);
        Assert.Equal([Old, Both], ledger.VisibleSetsAt(T0, TimeSpan.Zero));
    }

    [Fact]
    public void The_old_set_is_gone_when_every_server_shows_the_new_one()
    {
        OwnerLedger ledger = Published.Observe(Look.At(T0.AddSeconds(9), Look.Serves(Both), Look.Serves(Both)));
        Assert.Equal(new SetState.Gone(T0.AddSeconds(9), T0), StateOf(ledger, Old));
        Assert.IsType<SetState.Seen>(StateOf(ledger, Both));
        Assert.True(ledger.IsSettled);
    }

    public static TheoryData<string> NoEvidence =>
        ["still serves the old set", "timed out", "answers SERVFAIL", "does not verify", "is unsigned"];

    [Theory]
    [MemberData(nameof(NoEvidence))]
    public void Nothing_is_propagated_while_one_server(string how)
    {
        AnswerContent answer = how switch
        {
            "still serves the old set" => Look.Serves(Old),
            "timed out" => new AnswerContent.Unreachable(how),
            "answers SERVFAIL" => new AnswerContent.Failed(how),
            "does not verify" => new AnswerContent.Bogus(how),
            _ => new AnswerContent.Unsigned(new(Some.Owner, DnsRecordType.Tlsa, Some.Ttl, [])),
        };
        OwnerLedger ledger = Published.Observe(Look.At(T0.AddDays(3), Look.Serves(Both), Look.Serves(Both), answer));
        Assert.IsType<SetState.Seen>(StateOf(ledger, Old));
        Assert.False(ledger.IsSettled);
    }

    [Fact]
    public void An_insecure_or_bogus_zone_proves_nothing()
    {
        OwnerObservation round = Look.At(T0.AddHours(1), Look.Serves(Both));
        Assert.Equal(
            Published.Sets, Published.Observe(round with { Security = new ZoneSecurity.Insecure("no DS") }).Sets);
        Assert.Same(Published, Published.Observe(round with { Security = new ZoneSecurity.Bogus("expired") }));
        Assert.Same(Published, Published.Observe(round with { Security = new ZoneSecurity.Unknown("no answer") }));
        Assert.Same(Published, Published.Observe(round with { Servers = [] }));
    }

    [Fact]
    public void A_provider_may_force_another_TTL_and_it_is_the_same_publication()
    {
        var longer = new RecordSet(Both.Records, TimeSpan.FromDays(1));
        OwnerLedger ledger = Published.Observe(Look.At(T0.AddSeconds(9), Look.Serves(longer)));
        Assert.Equal([Old, longer], ledger.Sets.Select(s => s.Records));
        Assert.Equal(longer, ledger.Latest);
    }

    [Fact]
    public void A_TTL_that_servers_show_and_nobody_named_is_asked_away()
    {
        OwnerLedger asked = Published with { AskedTtl = Some.Ttl };
        Assert.Equal(Some.Ttl, asked.Observe(Look.At(T0.AddSeconds(9), Look.Serves(Both))).AskedTtl);

        // An earlier change, long on its way, came after all.
        var late = new RecordSet(Both.Records, TimeSpan.FromMinutes(7));
        OwnerLedger ledger = asked
            .Observe(Look.At(T0.AddSeconds(9), Look.Serves(Both)))
            .Observe(Look.At(T0.AddSeconds(20), Look.Serves(late)));
        Assert.Null(ledger.AskedTtl);

        // The provider named it: it has a TTL of its own.
        OwnerLedger insisting = Given.Ledger(Old).Intend(Both, [], T0).Applied(late, T0) with { AskedTtl = Some.Ttl };
        Assert.Equal(Some.Ttl, insisting.Observe(Look.At(T0.AddSeconds(9), Look.Serves(late))).AskedTtl);

        // It names one and gives out another: as long as that goes on, nobody asks again.
        ledger = (ledger.Intend(Both, [], T0.AddMinutes(1)).Applied(Both, T0.AddMinutes(1)) with
        {
            AskedTtl = Some.Ttl,
        }).Observe(Look.At(T0.AddMinutes(2), Look.Serves(late)));
        Assert.Equal(Some.Ttl, ledger.AskedTtl);
    }

    [Fact]
    public void The_TTL_that_the_provider_reports_counts_at_once()
    {
        var longer = new RecordSet(Both.Records, TimeSpan.FromDays(1));
        Assert.Equal(longer, Given.Ledger(Old).Intend(Both, [], T0).Applied(longer, T0).Latest);
    }

    [Fact]
    public void A_foreign_set_takes_its_place_and_is_not_ours()
    {
        OwnerLedger ledger = Given.Ledger(Old).Observe(Look.At(T0, Look.Serves(Third)));
        Assert.Equal(Third, ledger.Latest);
        Assert.Equal(Old.Records, ledger.Ours);
    }

    [Fact]
    public void A_set_that_comes_back_is_visible_again_from_now_on()
    {
        OwnerLedger ledger = Published
            .Observe(Look.At(T0.AddMinutes(1), Look.Serves(Both)))
            .Observe(Look.At(T0.AddDays(2), Look.Serves(Old), Look.Serves(Both)));
        Assert.IsType<SetState.Seen>(StateOf(ledger, Old));
        Assert.False(ledger.IsSettled);

        // When everything goes back to it, its successor's time is that of its return: the floor of 2 × TTL holds.
        ledger = ledger.Observe(Look.At(T0.AddDays(2).AddMinutes(1), Look.Serves(Old), Look.Serves(Old)));
        Assert.Equal(new SetState.Gone(T0.AddDays(2).AddMinutes(1), T0.AddDays(2)), StateOf(ledger, Both));
        Assert.True(ledger.IsSettled);
    }

    [Fact]
    public void A_set_that_was_meant_and_lost_and_is_now_half_of_a_later_change_came_with_that()
    {
        DateTimeOffset later = T0.AddHours(12);
        OwnerLedger ledger = Published.Intend(Third, [], later)
            .Observe(Look.At(later.AddMinutes(1), Look.Serves(Both), Look.Serves(Both)));
        Assert.Equal(new SetState.Gone(later.AddMinutes(1), later), StateOf(ledger, Old));
    }

    [Theory]
    [InlineData(9, true)]
    [InlineData(9, false)]
    [InlineData(80, false)]
    public void Servers_that_stood_still_may_show_weeks_later_what_was_published_and_it_is_known_for_our_own(
        int days, bool wasShown)
    {
        // What comes back a week after every server had it and gave it up was put there by somebody else.
        OwnerLedger ledger = Given.Ledger(Old).Intend(Both, Both.Records, T0).Applied(Both, T0);
        if (wasShown)
            ledger = ledger.Observe(Look.At(T0.AddMinutes(1), Look.Serves(Both)));
        foreach (int day in Enumerable.Range(2, days))
            ledger = ledger.Observe(Look.At(T0.AddDays(day), Look.Serves(Old)));
        ledger = ledger.Observe(Look.At(T0.AddDays(days + 2), Look.Serves(Both)));
        Assert.Equal(wasShown ? Old.Records : Both.Records, ledger.Ours);
    }

    [Fact]
    public void A_set_that_was_met_only_just_before_a_step_counts_as_visible_after_it()
    {
        Facts facts = Given.Facts([], [Published]);
        facts = Met(Look.Serves(Both), Look.Serves(Old)); // the servers are known
        Facts met = Met(Look.Serves(Third), Look.Serves(Both));
        Assert.Equal([Third, Old, Both], met.Owner(Some.Owner).VisibleSetsAt(T0, TimeSpan.Zero));
        Assert.Equal(Both, met.Owner(Some.Owner).Latest); // it was published before what is meant now

        Assert.Same(facts, Met(Look.Serves(Both), Look.Serves(Old))); // nothing goes by it
        Assert.Same(facts, Met(new AnswerContent.Failed("SERVFAIL")));
        Assert.Same(facts, facts.Meet(
            Seen(Look.At(T0, Look.Serves(Third)) with { Security = new ZoneSecurity.Insecure("no DS") }), T0));

        Facts Met(params AnswerContent[] answers) => facts.Meet(Seen(Look.At(T0, [.. answers])), T0);

        static Observation Seen(OwnerObservation round) =>
            Look.Nothing with { Owners = Look.Nothing.Owners.Add(Some.Owner, round) };
    }

    [Fact]
    public void A_set_restored_at_the_provider_settles_again()
    {
        OwnerLedger ledger = Published
            .Observe(Look.At(T0.AddMinutes(1), Look.Serves(Both), Look.Serves(Old)))
            .Found(Old, T0.AddMinutes(2))
            .Observe(Look.At(T0.AddMinutes(3), Look.Serves(Old), Look.Serves(Old)));
        Assert.True(ledger.IsSettled);
        Assert.Equal(Old, ledger.Latest);
    }

    [Fact]
    public void What_the_provider_holds_is_not_gone_because_no_server_shows_it_yet()
    {
        // A hidden primary holds it, every authoritative server still lags.
        OwnerLedger ledger = Given.Ledger(Old).Found(Both, T0)
            .Observe(Look.At(T0.AddMinutes(1), Look.Serves(Old), Look.Serves(Old)));
        Assert.Equal([Old, Both], ledger.VisibleSetsAt(T0.AddHours(9), TimeSpan.Zero));
        Assert.Equal(Both, ledger.BaseAt(T0.AddMinutes(1)));
    }

    [Fact]
    public void What_the_provider_confirmed_stays_visible_while_every_server_lags()
    {
        OwnerLedger ledger = Published;
        for (int minutes = 0; minutes < 180; minutes += 10)
            ledger = ledger.Observe(Look.At(T0.AddMinutes(minutes), Look.Serves(Old), Look.Serves(Old)));
        Assert.IsType<SetState.Intended>(StateOf(ledger, Both));
    }

    [Fact]
    public void Servers_that_still_serve_what_they_served_do_not_tell_that_a_change_back_to_it_came()
    {
        DateTimeOffset later = T0.AddHours(2);
        OwnerObservation round = Look.At(later.AddMinutes(20), Look.Serves(Old), Look.Serves(Old));
        OwnerLedger back = Published.Intend(Old, [], later);
        OwnerLedger ledger = back.Observe(round);
        Assert.IsType<SetState.Intended>(StateOf(ledger, Both));
        Assert.Equal(Old, ledger.Latest);

        // Either it was on its way and comes, or it never came.
        Assert.IsType<SetState.Seen>(StateOf(ledger.Observe(Look.At(later.AddHours(1), Look.Serves(Both))), Both));
        for (int hours = 1; hours <= 26; hours++)
            ledger = ledger.Observe(Look.At(T0.AddHours(hours), Look.Serves(Old), Look.Serves(Old)));
        Assert.IsType<SetState.Gone>(StateOf(ledger, Both));
        Assert.Equal(Old, Assert.Single(ledger.Sets, s => s.State is not SetState.Gone).Records);

        // The provider tells.
        Assert.IsType<SetState.Gone>(StateOf(back.Applied(Old, later).Observe(round), Both));
    }

    [Fact]
    public void What_was_never_confirmed_and_never_seen_fades_after_a_while()
    {
        OwnerLedger ledger = Given.Ledger(Old).Intend(Both, [], T0);
        Assert.IsType<SetState.Intended>(StateOf(ledger.Observe(Look.At(T0.AddMinutes(9), Look.Serves(Old))), Both));
        Assert.IsType<SetState.Gone>(StateOf(ledger.Observe(Look.At(T0.AddMinutes(11), Look.Serves(Old))), Both));
    }

    [Fact]
    public void An_unknown_outcome_is_published_again_from_the_set_before()
    {
        OwnerLedger ledger = Given.Ledger(Old).Intend(Both, [], T0);
        Assert.Equal(Old, ledger.BaseAt(T0.AddSeconds(1)));
        Assert.Equal(Both, ledger.Applied(Both, T0).BaseAt(T0.AddSeconds(1)));
    }

    [Theory]
    [InlineData(5, 1, 1)] // a TTL would be a nuisance
    [InlineData(300, 1, 5)]
    [InlineData(300, 2, 10)]
    [InlineData(300, 4, 40)]
    [InlineData(300, 9, 60)]
    [InlineData(7200, 9, 120)]
    public void A_change_that_no_server_shows_is_repeated_after_a_TTL_and_later_each_time(
        int ttl, int tries, int minutes)
    {
        var set = new RecordSet(Both.Records, TimeSpan.FromSeconds(ttl));
        OwnerLedger sent = Given.Ledger(Old), found = sent;
        for (int i = 0; i < tries; i++)
        {
            sent = sent.Intend(set, [], T0).Applied(set, T0);
            found = found.Found(set, T0); // at the provider, where a change met it
        }

        Assert.All([sent, found], ledger =>
        {
            Assert.Equal(set, ledger.BaseAt(T0.AddMinutes(minutes) - TimeSpan.FromSeconds(1)));
            Assert.Equal(Old, ledger.BaseAt(T0.AddMinutes(minutes)));
        });
    }

    [Fact]
    public void A_withdrawal_that_no_server_shows_is_repeated_too_and_does_not_wait_for_a_day()
    {
        DesiredCertificate mx1 = Some.Certificate;
        PublicKey key = Some.Key(1);
        RecordSet wanted = Some.Set(Some.Record("3 1 1", key));
        RecordSet before = wanted.With([Some.Record("3 1 1", Some.Key(9))]);
        DateTimeOffset now = Some.Start.AddDays(1), again = now + Some.Ttl;
        Facts facts = Given.Steady(mx1, key);
        facts = facts.With(Given.Ledger(before).Intend(wanted, [], now).Applied(wanted, now));
        Assert.Null(Decide(again.AddSeconds(-1)));
        Assert.Equal(wanted, Assert.IsType<Step.Withdraw>(Decide(again)).Target);

        Step? Decide(DateTimeOffset at) => Planner.Next(
            Some.Desired(mx1), facts,
            Look.Well(facts.With(Given.Ledger(before)), mx1, at, Some.Chain(key)), "mx1", at).Next;
    }

    [Fact]
    public void A_refusal_takes_the_intent_back() =>
        Assert.Equal([Old], Given.Ledger(Old).Intend(Both, [], T0).Renounce(Both).VisibleSetsAt(T0, TimeSpan.Zero));

    [Fact]
    public void A_refusal_says_nothing_of_an_earlier_try_with_an_unknown_outcome()
    {
        // The first try was carried out and its answer lost; the second one is refused, for whatever reason.
        OwnerLedger ledger = Given.Ledger(Old)
            .Intend(Both, [], T0)
            .Intend(Both, [], T0.AddSeconds(5))
            .Renounce(Both);
        Assert.Contains(Both, ledger.VisibleSetsAt(T0.AddSeconds(6), TimeSpan.Zero));
    }

    [Fact]
    public void A_refusal_does_not_take_back_what_was_confirmed_before()
    {
        OwnerLedger ledger = Published.Intend(Both, [], T0.AddHours(2)).Renounce(Both);
        Assert.Contains(Both, ledger.VisibleSetsAt(T0.AddHours(2), TimeSpan.Zero));
    }

    [Fact]
    public void Two_changes_that_are_sent_in_turns_while_nobody_answers_are_remembered_once_each()
    {
        RecordSet other = Some.Set(Some.Record("3 1 1", Some.Key(3)));
        OwnerLedger ledger = Given.Ledger(Old);
        for (int hours = 0; hours < 50; hours++)
            ledger = ledger.Intend(Both, [], T0.AddHours(hours)).Found(other, T0.AddHours(hours));
        Assert.Equal([Old, Both, other], ledger.Sets.TakeLast(3).Select(s => s.Records));
        Assert.Equal(3, ledger.Sets.Length - 3); // and each part of a change from the one to the other
        Assert.Contains(Both, ledger.Renounce(Both).Sets.Select(s => s.Records)); // one of the tries may have been it

        // A confirmed set is not taken for one that was never confirmed.
        DateTimeOffset later = T0.AddDays(9);
        ledger = ledger.Intend(other, [], later).Intend(Both, [], later).Intend(other, [], later);
        Assert.Contains(
            ledger.Sets, s => s.Records.Equals(other) && s.State is SetState.Intended { AppliedAt: not null });
    }

    [Fact]
    public void Finding_at_the_provider_what_was_intended_confirms_it_anew()
    {
        DateTimeOffset later = T0.AddHours(5);
        Assert.Equal(Old, Published.BaseAt(later));
        Assert.Equal(Both, Published.Found(Both, later).BaseAt(later));
    }

    [Fact]
    public void The_longest_TTL_of_the_aliases_is_kept()
    {
        OwnerObservation round = Look.At(T0, Look.Serves(Old)) with
        {
            Aliases = [new("a", "b", TimeSpan.FromMinutes(1)), new("b", "c", TimeSpan.FromHours(6))],
        };
        OwnerLedger ledger = Given.Ledger(Old).Observe(round);
        Assert.Equal(TimeSpan.FromHours(6), ledger.AliasTtl);
        Assert.Equal(TimeSpan.FromHours(6), ledger.Observe(round with { Aliases = [] }).AliasTtl);
    }

    [Fact]
    public void Records_that_no_set_holds_any_more_are_no_longer_ours()
    {
        OwnerLedger ledger = Published.Observe(Look.At(T0.AddMinutes(1), Look.Serves(Both)))
            .Intend(Old, [], T0.AddHours(1)).Applied(Old, T0.AddHours(1))
            .Observe(Look.At(T0.AddHours(1), Look.Serves(Old)));
        Assert.Equal(Both.Records, ledger.Ours);
        Assert.Equal(Old.Records, ledger.Observe(Look.At(T0.AddDays(30), Look.Serves(Old))).Ours);
    }

    [Fact]
    public void When_the_owner_moves_what_caches_hold_of_the_old_one_stays_visible()
    {
        Facts facts = Given.Steady(Some.Certificate, Some.Key(1));
        OwnerObservation round = Look.At(T0, Look.Serves(Both)) with
        {
            Owner = "tlsa.central.example",
            Aliases = [new(Some.Owner, "tlsa.central.example", TimeSpan.FromMinutes(5))],
        };
        var observation = Observation.Nothing with { Owners = Observation.Nothing.Owners.Add(Some.Owner, round) };
        facts = facts.Observe(Some.Certificate, observation);
        Assert.Equal("tlsa.central.example", facts.EndpointOf(Some.Mx).Owner);
        OwnerLedger ledger = facts.Owner("tlsa.central.example");
        Assert.Equal(Both, ledger.Latest);
        Assert.Equal([Old, Both], ledger.VisibleSetsAt(T0.AddMinutes(59), TimeSpan.Zero));
        Assert.Equal([Both], ledger.VisibleSetsAt(T0.AddHours(2), TimeSpan.Zero));
    }

    [Fact]
    public void A_round_of_handshakes_that_ended_before_the_last_one_is_not_believed()
    {
        Chain before = Some.Chain(Some.Key(1)), after = Some.Chain(Some.Key(2));
        Facts facts = Given.Steady(Some.Certificate, Some.Key(1));
        facts = facts.Observe(Some.Certificate, Seen(T0.AddMinutes(2), after))
            .Observe(Some.Certificate, Seen(T0.AddMinutes(1), before));
        Assert.Contains(after, facts.EndpointOf(Some.Mx).Seen);
    }

    [Fact]
    public void A_round_that_missed_an_address_forgets_no_chain()
    {
        Chain before = Some.Chain(Some.Key(1)), after = Some.Chain(Some.Key(2));
        EndpointObservation round = Look.Shows(Some.Mx, T0, after);
        round = round with
        {
            Addresses = round.Addresses.Add(new("2001:db8::1", [new Presented.Unreachable("timed out")])),
        };
        Facts facts = Given.Steady(Some.Certificate, Some.Key(1)).Observe(
            Some.Certificate,
            Observation.Nothing with { Endpoints = Observation.Nothing.Endpoints.Add(Some.Mx, round) });
        Assert.Equal([before, after], facts.EndpointOf(Some.Mx).Seen);
    }

    private static Observation Seen(DateTimeOffset time, Chain chain) => Observation.Nothing with
    {
        Endpoints = Observation.Nothing.Endpoints.Add(Some.Mx, Look.Shows(Some.Mx, time, chain)),
    };

    private static SetState StateOf(OwnerLedger ledger, RecordSet set) =>
        ledger.Sets.Last(s => s.Records.Equals(set)).State;
}

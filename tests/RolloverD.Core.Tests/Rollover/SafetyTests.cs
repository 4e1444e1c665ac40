using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// The one rule: a step adds no combination of visible set and served chain that a sender would refuse.
/// </summary>
public class SafetyTests
{
    private static readonly DateTimeOffset Now = Some.Start;
    private static readonly PublicKey OldKey = Some.Key(1), NewKey = Some.Key(2), Elsewhere = Some.Key(8);
    private static readonly PublicKey RsaKey = Some.Key(3, KeyFamily.Rsa);
    private static readonly TlsaRecord Old = Some.Record("3 1 1", OldKey);
    private static readonly TlsaRecord New = Some.Record("3 1 1", NewKey);
    private static readonly TlsaRecord Dead = Some.Record("3 1 1", Some.Key(66));
    private static readonly Desired Desired = Some.Desired(Some.Certificate);

    [Fact]
    public void Adding_a_record_is_permitted() => Assert.Empty(Publish(Steady(), Some.Set(Old, New)));

    [Fact]
    public void Replacing_the_record_of_the_served_chain_is_not() => Assert.Single(Publish(Steady(), Some.Set(New)));

    [Fact]
    public void Removing_every_record_is_harmless() => Assert.Empty(Publish(Steady(), RecordSet.Absent));

    [Fact]
    public void A_kind_of_record_that_does_not_fit_the_served_chain_is_not_permitted() => Assert.Equal(
        [Some.Parameters("2 1 1")],
        Publish(Steady(), Some.Set(Old, Some.Record("2 1 1", Some.Chain(NewKey, ca: 7)))).Single().Uncovered);

    [Fact]
    public void The_first_publication_needs_the_chain_that_is_served()
    {
        Facts facts = World(RecordSet.Absent, Some.Chain(OldKey));
        Assert.Empty(Publish(facts, Some.Set(Old, New)));
        Assert.Single(Publish(facts, Some.Set(New)));
    }

    [Fact]
    public void A_chain_goes_into_service_when_every_visible_set_covers_it()
    {
        Assert.Single(Serve(Steady(), Some.Chain(NewKey)));
        Facts both = World(Some.Set(Old, New), Some.Chain(OldKey));
        Assert.Empty(Serve(both, Some.Chain(NewKey)));

        OwnerLedger ledger = both.Owner(Some.Owner);
        var cached =
            new PublishedSet(Some.Set(Old), Now.AddHours(-9), new SetState.Gone(Now.AddMinutes(-10), Now.AddHours(-3)));
        Assert.Single(Serve(both.With(ledger with { Sets = ledger.Sets.Insert(0, cached) }), Some.Chain(NewKey)));
    }

    [Fact]
    public void Any_chain_may_be_served_without_records() =>
        Assert.Empty(Serve(World(RecordSet.Absent, Some.Chain(OldKey)), Some.Chain(NewKey)));

    [Fact]
    public void From_the_intent_to_deploy_both_chains_count_as_served()
    {
        Facts facts = Steady();
        CertificateFacts known = facts.Certificate("mx1");
        facts = facts.With(
            known.With(Given.In(2, NewKey, new GenerationState.Deploying(Some.Chain(NewKey), Now, null, 0))));
        facts = facts.With(Given.Ledger(Some.Set(Old, New)));
        Assert.Equal(NewKey, Publish(facts, Some.Set(Old)).Single().Chain.Key);
        Assert.Equal(OldKey, Publish(facts, Some.Set(New)).Single().Chain.Key);
    }

    [Fact]
    public void Both_chains_count_also_when_no_handshake_has_met_them()
    {
        Facts facts = Given.Facts(
            [
                Given.Certificate(
                    "mx1",
                    Given.Live(1, OldKey),
                    Given.In(2, NewKey, new GenerationState.Deploying(Some.Chain(NewKey), Now, null, 0))),
            ],
            [Given.Ledger(Some.Set(Old, New))]);
        Assert.Equal(NewKey, Publish(facts, Some.Set(Old)).Single().Chain.Key);
        Assert.Equal(OldKey, Publish(facts, Some.Set(New)).Single().Chain.Key);
    }

    [Fact]
    public void A_deployment_that_did_not_take_effect_yet_is_not_excused_by_itself()
    {
        Facts facts = World(Some.Set(Old), Some.Chain(OldKey));
        facts = facts.With(Given.Certificate(
            "mx1",
            Given.Live(1, OldKey),
            Given.In(2, NewKey, new GenerationState.Deploying(Some.Chain(NewKey), Now, null, 0))));
        Assert.NotEmpty(Serve(facts, Some.Chain(NewKey)));
        Assert.Empty(Serve(facts, Some.Chain(OldKey)));
    }

    [Fact]
    public void What_is_broken_can_be_healed_step_by_step()
    {
        Facts broken = World(Some.Set(Dead), Some.Chain(OldKey));
        Assert.NotEmpty(Safety.Violations(Safety.Exposures(Desired, broken, [Some.Mx], Now), Now));
        Assert.Empty(Publish(broken, Some.Set(Dead, Old)));
        Assert.Empty(Publish(broken, Some.Set(Dead, New)));
        Assert.Empty(Serve(broken, Some.Chain(NewKey)));
    }

    [Fact]
    public void What_is_broken_may_not_become_more_broken()
    {
        Facts broken = World(Some.Set(Dead), Some.Chain(OldKey));
        Assert.NotEmpty(Publish(broken, Some.Set(Dead, Some.Record("2 1 1", Some.Chain(NewKey, ca: 7)))));
    }

    [Fact]
    public void What_matches_nothing_may_go_though_something_else_that_matches_nothing_stays()
    {
        TlsaRecord deadStrong = Some.Record("3 1 2", Some.Key(66));
        Facts broken = World(Some.Set(Dead, deadStrong), Some.Chain(OldKey));
        Assert.Empty(Publish(broken, Some.Set(Dead)));
    }

    [Fact]
    public void A_chain_that_some_senders_refuse_does_not_excuse_one_that_all_refuse()
    {
        Facts facts = World(Some.Set(Old, Some.Record("3 1 2", Some.Key(66))), Some.Chain(OldKey));
        Assert.Single(Serve(facts, Some.Chain(NewKey)));
    }

    [Fact]
    public void What_no_configured_endpoint_leads_to_is_judged_by_what_is_shown_there_alone()
    {
        Endpoint left = new("old.example.net", 25);
        Facts facts = Given.Facts(
            [], [Given.Ledger(Some.Set(Old)), Given.Ledger(Some.Set(Old, New), left.TlsaName)],
            [Given.Seen(Some.Mx, Some.Chain(OldKey)), Given.Seen(left, Some.Chain(NewKey))]);
        Assert.Empty(Safety.OfPublishing(Desired, facts, left.TlsaName, Some.Set(New), Now));
        Assert.Single(Safety.OfPublishing(Desired, facts, left.TlsaName, Some.Set(Old), Now));
    }

    [Fact]
    public void What_senders_accept_a_broken_chain_by_stays()
    {
        TlsaRecord foreign = Some.Record("3 0 1", Some.Chain(Some.Key(66)));
        Facts broken = World(Some.Set(foreign, Old, Dead), Some.Chain(OldKey));
        Assert.NotEmpty(Publish(broken, Some.Set(foreign)));
        Assert.Empty(Publish(broken, Some.Set(foreign, Old)));
    }

    [Fact]
    public void A_chain_that_every_sender_refuses_has_nothing_to_lose_where_another_one_is_healed()
    {
        TlsaRecord strong = Some.Record("3 1 2", OldKey), deadStrong = Some.Record("3 1 2", Some.Key(66));
        Chain stranger = Some.Chain(Elsewhere);
        Facts broken = World(Some.Set(Dead), Some.Chain(OldKey), stranger);
        Assert.Empty(Publish(broken, Some.Set(Dead, Old, strong)));
        Assert.NotEmpty(Publish(broken, Some.Set(Dead, strong))); // nothing is healed

        // A sender that knows no SHA-512 delivers now.
        broken = World(Some.Set(deadStrong), Some.Chain(OldKey), stranger);
        Assert.NotEmpty(Publish(broken, Some.Set(deadStrong, Old, strong)));
    }

    [Fact]
    public void A_broken_RSA_chain_does_not_excuse_a_broken_ECDSA_chain()
    {
        Facts facts = World(Some.Set(Old), Some.Chain(OldKey), Some.Chain(RsaKey));
        Assert.NotEmpty(Serve(facts, Some.Chain(NewKey)));
    }

    [Fact]
    public void A_chain_of_another_kind_of_key_may_be_all_that_an_address_shows()
    {
        // Two machines behind the name: one shows the good ECDSA chain, the other a broken RSA chain.
        Facts facts = World(Some.Set(Old), Some.Chain(OldKey), Some.Chain(RsaKey));
        Assert.NotEmpty(Serve(facts, Some.Chain(Some.Key(4, KeyFamily.Rsa))));
    }

    [Fact]
    public void A_broken_address_does_not_excuse_breaking_the_one_that_works()
    {
        // One machine behind the name shows a forgotten certificate, the other one is well.
        Facts facts = World(Some.Set(Old), Some.Chain(OldKey), Some.Chain(Elsewhere));
        Assert.NotEmpty(Serve(facts, Some.Chain(NewKey)));
    }

    [Fact]
    public void A_chain_that_an_old_process_may_still_show_does_not_excuse_breaking_it()
    {
        // Somebody put another certificate in: a round met it at every address, but processes live on.
        Facts facts = World(Some.Set(Old), Some.Chain(OldKey));
        facts = facts.With(facts.EndpointOf(Some.Mx)
            .Observe(Look.Shows(Some.Mx, Now, Some.Chain(Elsewhere))));
        Assert.Equal([Some.Chain(Elsewhere)], facts.EndpointOf(Some.Mx).Seen);
        Assert.NotEmpty(Serve(facts, Some.Chain(NewKey)));
        Assert.NotEmpty(Publish(facts, Some.Set(Some.Record("3 1 1", Elsewhere))));

        DateTimeOffset drained = Now + Desired.Timing.Drain;
        Assert.Empty(Safety.OfServing(Desired, facts, Some.Certificate, Some.Chain(NewKey), drained));
    }

    [Fact]
    public void A_chain_that_is_met_again_lingers_no_more()
    {
        EndpointFacts seen = Given.Seen(Some.Mx, Some.Chain(OldKey));
        foreach ((int second, PublicKey key) in new[] { (1, NewKey), (2, OldKey) })
            seen = seen.Observe(Look.Shows(Some.Mx, Now.AddSeconds(second), Some.Chain(key)));

        Assert.Equal([Some.Chain(NewKey)], seen.Lingering.Select(l => l.Chain));
        Assert.Equal([Some.Chain(OldKey)], seen.Seen);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    public void A_round_that_may_have_met_processes_from_before_a_chain_does_not_tell_that_it_is_gone(int minutes)
    {
        TimeSpan drain = Desired.Timing.Drain;
        EndpointFacts seen = Given.Seen(Some.Mx, Some.Chain(OldKey));
        Sees(Now, NewKey);
        Sees(Now + drain - TimeSpan.FromSeconds(1), OldKey); // an old process answers

        // It was shown all the time since, until just before another one answers.
        DateTimeOffset missed = Now + drain + TimeSpan.FromMinutes(minutes);
        Assert.Contains(Some.Chain(NewKey), seen.ShownAt(missed, drain));
        Sees(missed, OldKey);
        Assert.Contains(Some.Chain(NewKey), seen.ShownAt(missed + drain - TimeSpan.FromSeconds(1), drain));
        Assert.DoesNotContain(Some.Chain(NewKey), seen.ShownAt(missed + drain, drain));

        void Sees(DateTimeOffset at, PublicKey key) => seen = seen.Observe(Look.Shows(Some.Mx, at, Some.Chain(key)));
    }

    [Fact]
    public void A_chain_that_is_met_again_came_anew()
    {
        TimeSpan drain = Desired.Timing.Drain;
        EndpointFacts seen = Given.Seen(Some.Mx, Some.Chain(OldKey));
        seen = seen.Observe(Look.Shows(Some.Mx, Now, Some.Chain(NewKey)));
        seen = seen.Meet(Look.Shows(Some.Mx, Now, Some.Chain(OldKey)), Now.AddMinutes(1));
        seen = seen.Observe(Look.Shows(Some.Mx, Now.AddMinutes(2), Some.Chain(NewKey)));
        Assert.Contains(Some.Chain(OldKey), seen.ShownAt(Now.AddMinutes(5), drain));
        seen = seen.Observe(Look.Shows(Some.Mx, Now.AddMinutes(3), Some.Chain(NewKey)));
        Assert.DoesNotContain(Some.Chain(OldKey), seen.ShownAt(Now.AddMinutes(5), drain));
    }

    [Fact]
    public void How_long_an_old_process_lives_does_not_depend_on_the_patience_with_a_new_one()
    {
        Timing timing = Desired.Timing with { RollbackWindow = TimeSpan.FromHours(1) };
        TimeSpan[] patiences = [TimeSpan.FromSeconds(10), TimeSpan.FromHours(1)];
        Assert.All(patiences, p => Assert.Equal(
            TimeSpan.FromMinutes(2), (timing with { VerificationPatience = p }).Drain));
    }

    [Fact]
    public void An_old_broken_set_does_not_excuse_publishing_another_one()
    {
        Facts facts = World(Some.Set(Old, New), Some.Chain(OldKey));
        OwnerLedger ledger = facts.Owner(Some.Owner);
        var mistake = new PublishedSet(Some.Set(Dead), Now.AddHours(-9),
            new SetState.Gone(Now.AddMinutes(-10), Now.AddHours(-3)));
        facts = facts.With(ledger with { Sets = ledger.Sets.Insert(0, mistake) });
        Assert.NotEmpty(Publish(facts, Some.Set(New)));
        Assert.Empty(Publish(facts, Some.Set(Old)));
    }

    [Fact]
    public void A_set_that_the_provider_lost_excuses_nothing_when_it_is_sent_again()
    {
        // Confirmed before the chain that it refuses was there; no server ever showed it.
        RecordSet first = Some.Set(New);
        Facts facts = World(RecordSet.Absent, Some.Chain(OldKey), Some.Chain(NewKey));
        facts = facts.With(facts.Owner(Some.Owner).Intend(first, [], Now).Applied(first, Now));
        DateTimeOffset again = Now + Some.Ttl;
        Assert.Empty(Safety.OfPublishing(Desired, facts, Some.Owner, first, again.AddSeconds(-1)));
        Assert.Single(Safety.OfPublishing(Desired, facts, Some.Owner, first, again));
    }

    [Fact]
    public void What_one_server_alone_shows_excuses_nothing_that_the_others_do_not()
    {
        // Senders without SHA-512 find nothing that they could use, but at the one server.
        TlsaRecord deadStrong = Some.Record("3 1 2", Some.Key(66)), strong = Some.Record("3 1 2", OldKey);
        RecordSet edited = Some.Set(Some.Record("3 0 1", Some.Chain(Some.Key(66))), deadStrong);
        Facts facts = World(edited, Some.Chain(OldKey), Some.Chain(Elsewhere));
        RecordSet target = Some.Set(Old, strong, deadStrong);
        Assert.Empty(Publish(facts, target));

        OwnerLedger ledger = facts.Owner(Some.Owner);
        var elsewhere = new PublishedSet(Some.Set(deadStrong), Now.AddDays(-9), new SetState.Seen());
        facts = facts.With(ledger with { Sets = ledger.Sets.Insert(0, elsewhere) });
        Assert.Equal(Elsewhere, Assert.Single(Publish(facts, target)).Chain.Key);
    }

    [Fact]
    public void What_the_owner_before_holds_counts_as_long_as_caches_may_be_led_there()
    {
        const string before = "_dane.one.example", after = "_dane.two.example";
        OwnerObservation led = Look.At(Now, Look.Serves(Some.Set(Old, New))) with { Owner = before };
        OwnerObservation moved = Look.At(Now, Look.Serves(Some.Set(Old, New))) with { Owner = after };
        TimeSpan alias = TimeSpan.FromHours(5);
        led = led with { Aliases = [new(Some.Owner, before, alias)] };
        Facts facts = Observe(Observe(World(RecordSet.Absent, Some.Chain(OldKey)), led), moved);
        Assert.Empty(Serve(facts, Some.Chain(NewKey)));

        // Of a change that was not finished there, a cache that holds the alias may get a part.
        TlsaRecord[] strong = [Some.Record("3 1 2", OldKey), Some.Record("3 1 2", NewKey)];
        OwnerLedger unfinished = facts.Owner(before).Intend(Some.Set([Old, New, .. strong]), strong, Now);
        RecordSet part = Assert.Single(Serve(facts.With(unfinished), Some.Chain(NewKey))).Set;
        Assert.Equal([strong[0]], part.Records.Except([Old, New]));

        // Somebody changes the records there.
        OwnerLedger edited = facts.Owner(before).Observe(Look.At(Now, Look.Serves(Some.Set(Old))));
        facts = facts.With(edited);
        Assert.Single(Serve(facts, Some.Chain(NewKey)));
        DateTimeOffset over = Now + (2 * alias) + Some.Ttl + Desired.Timing.SafetyMargin;
        Assert.Single(Safety.OfServing(Desired, facts, Some.Certificate, Some.Chain(NewKey), over.AddSeconds(-1)));
        Assert.Empty(Safety.OfServing(Desired, facts, Some.Certificate, Some.Chain(NewKey), over));

        static Facts Observe(Facts facts, OwnerObservation round) => facts.Observe(Some.Certificate, Look.Nothing with
        {
            Owners = Look.Nothing.Owners.Add(Some.Owner, round),
        });
    }

    [Fact]
    public void What_is_put_back_must_fit_also_where_it_was_seen_last()
    {
        // One address does not answer, so the chain before stays seen, though no process may show it any more.
        Facts facts = World(Some.Set(New), Some.Chain(OldKey), Some.Chain(NewKey));
        Assert.Empty(Serve(facts, Some.Chain(OldKey)));
        Assert.Single(Safety.OfPuttingIn(Desired, facts, Some.Certificate, Some.Chain(OldKey), Now));
    }

    [Fact]
    public void A_foreign_dead_record_can_be_lived_with()
    {
        var dead = new TlsaRecord(Some.Parameters("2 1 1"), Some.Ca(66).Key.Sha256);
        Facts facts = World(Some.Set(Old, dead), Some.Chain(OldKey));
        Assert.Empty(Publish(facts, Some.Set(Old, New, dead)));
    }

    [Fact]
    public void Every_certificate_of_an_endpoint_counts()
    {
        DesiredCertificate rsa = Some.Certificate with { Name = "rsa", Key = KeyAlgorithm.Rsa2048 };
        Facts facts = Steady();
        facts = facts.With(Given.Certificate("rsa", Given.Live(1, RsaKey)))
            .With(Given.Ledger(Some.Set(Old, Some.Record("3 1 1", RsaKey))));
        Assert.NotEmpty(
            Safety.OfPublishing(Some.Desired(Some.Certificate, rsa), facts, Some.Owner, Some.Set(Old, New), Now));
    }

    private static Facts Steady() => Given.Steady(Some.Certificate, OldKey);

    private static Facts World(RecordSet published, params Chain[] served) =>
        Given.Facts([], [Given.Foreign(published)], [Given.Seen(Some.Mx, [.. served])]);

    private static ImmutableArray<Violation> Publish(Facts facts, RecordSet set) =>
        Safety.OfPublishing(Desired, facts, Some.Owner, set, Now);

    private static ImmutableArray<Violation> Serve(Facts facts, Chain chain) =>
        Safety.OfServing(Desired, facts, Some.Certificate, chain, Now);
}

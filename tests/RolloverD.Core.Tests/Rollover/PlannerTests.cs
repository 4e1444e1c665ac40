using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>One decision at a time: which step, or which hold and until when.</summary>
public class PlannerTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly Endpoint Old = new("mx.old.example", 25);
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Chain = Some.Chain(Key), NextChain = Some.Chain(NextKey);
    private static readonly Generation Preparing = Given.In(2, NextKey, new GenerationState.Preparing(Now));
    private static readonly Generation Issued = Given.In(2, NextKey, new GenerationState.Issued(NextChain, Now));

    [Fact]
    public void A_steady_certificate_is_looked_at_again_after_a_while()
    {
        Plan plan = Decide(Given.Steady(Mx1, Key));
        Assert.Null(plan.Next);
        Assert.Empty(plan.Holds);
        Assert.Equal(Now.AddMinutes(1), plan.WakeAt);
    }

    [Fact]
    public void It_wakes_for_the_renewal_itself()
    {
        DateTimeOffset due = RenewalTime.Of(Mx1, Chain);
        Assert.Equal(due, Decide(Given.Steady(Mx1, Key), due.AddSeconds(-7)).WakeAt);
        Assert.IsType<Step.GenerateKey>(Decide(Given.Steady(Mx1, Key), due).Next);
    }

    [Theory]
    [InlineData(KeyPolicy.Rotate, typeof(Step.GenerateKey))]
    [InlineData(KeyPolicy.Reuse, typeof(Step.KeepKey))]
    [InlineData(KeyPolicy.Standby, typeof(Step.KeepKey))]
    public void A_renewal_takes_the_key_of_its_policy(KeyPolicy policy, Type step) =>
        Assert.IsType(step, Decide(Given.Steady(Mx1, Key), Some.Start.AddDays(61), Mx1 with { KeyPolicy = policy })
            .Next);

    [Theory]
    [InlineData(KeyPolicy.Rotate)]
    [InlineData(KeyPolicy.Reuse)]
    [InlineData(KeyPolicy.Standby)]
    public void An_old_key_is_replaced_under_every_policy(KeyPolicy policy)
    {
        DesiredCertificate certificate = Mx1 with { KeyPolicy = policy, RotateAfter = TimeSpan.FromDays(20) };
        (Facts facts, Type step) = policy == KeyPolicy.Standby
            ? (WithStandby(), typeof(Step.Promote)) : (Given.Steady(Mx1, Key), typeof(Step.GenerateKey));
        Assert.IsType(step, Decide(facts, Some.Start.AddDays(20), certificate).Next);
        Assert.Null(Decide(facts, Some.Start.AddDays(20).AddTicks(-1), certificate).Next);
    }

    [Fact]
    public void A_standby_key_is_as_old_as_its_time_in_use()
    {
        Facts facts = WithStandby();
        DateTimeOffset promoted = Some.Start.AddDays(365);
        facts = facts.Complete(new Step.Promote("mx1", 2, ""), new StepOutcome.Done(), promoted);
        Assert.Equal(promoted, facts.Certificate("mx1").Find(2)!.KeyCreatedAt);
    }

    [Theory]
    [InlineData(90, 20.0, 70.0)]
    [InlineData(45, 60.0, 22.5)]
    public void A_certificate_lives_half_its_life_whatever_is_configured(double days, double before, double due)
    {
        DesiredCertificate certificate = Mx1 with { RenewBefore = TimeSpan.FromDays(before) };
        Assert.Equal(Some.Start.AddDays(due), RenewalTime.Of(certificate, Some.Chain(Key, days: days)));
    }

    [Fact]
    public void A_CA_that_ends_soon_does_not_make_renewals_chase_each_other()
    {
        Chain chain = Some.Chain(Key, ancestors: [Some.Ca(1, notAfter: Some.Start.AddHours(1))]);
        Assert.Equal(Some.Start.AddDays(15), RenewalTime.Of(Mx1, chain));
    }

    [Fact]
    public void A_certificate_that_is_due_when_it_goes_into_service_is_renewed_when_the_records_before_it_can_be_gone()
    {
        DateTimeOffset late = Chain.NotAfter.AddDays(1);
        Facts facts = Given.Steady(Mx1, Key);
        facts = facts.With(facts.Certificate("mx1").With(
            Given.In(1, Key, new GenerationState.Live(Chain, late)) with { KeyCreatedAt = late }));
        Assert.Null(Decide(facts, late).Next);
        Assert.Null(Decide(facts, late.AddMinutes(179)).Next);
        Assert.IsType<Step.GenerateKey>(Decide(facts, late.AddHours(3)).Next);
    }

    [Fact]
    public void A_missing_name_is_a_reason_to_renew_and_an_extra_or_differently_written_one_is_not()
    {
        Facts facts = Given.Steady(Mx1, Key);
        Assert.IsType<Step.KeepKey>(Decide(facts, Now, Mx1 with { Names = [Some.Mx.Host, "mail.example.net"] }).Next);
        Assert.Null(Decide(facts, Now, Mx1 with { Names = ["MX1.example.net"] }).Next);
        var leaf = new ChainCertificate(
            [1], Key.Spki, "", [Some.Mx.Host, "added-by-the-issuer.example.net"], Some.Start, Some.Start.AddDays(90),
            false);
        var chain = new Chain(leaf, Chain.Ancestors);
        Assert.Null(Decide(
            facts.With(Given.Certificate("mx1", Given.Live(1, Key, chain)))
                .With(Given.Seen(Some.Mx, chain)), Now, Mx1, chain).Next);
    }

    [Fact]
    public void The_key_is_published_before_anything_is_ordered() =>
        Assert.Equal([Some.Record("3 1 1", NextKey)], ((Step.Publish)Decide(With(Preparing)).Next!).Added);

    [Fact]
    public void Nothing_is_ordered_while_caches_hold_the_set_without_the_key()
    {
        Facts facts = Expecting(With(Preparing), Now.AddMinutes(-30));
        Plan plan = Decide(facts);
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds);
        Assert.Equal((Gate.Caches, Now.AddMinutes(90)), (hold.Gate, hold.Until));
        Assert.Equal(Now.AddMinutes(1), plan.WakeAt);
        Assert.IsType<Step.Issue>(Decide(facts, Now.AddMinutes(90)).Next);
    }

    [Fact]
    public void An_order_does_not_wait_for_caches_that_refuse_what_is_in_service_as_well()
    {
        Assert.IsType<Step.Issue>(Decide(Cached(Some.Record("3 1 1", Some.Key(66)))).Next);
        Assert.Null(Decide(Cached(Some.Record("3 1 1", Key))).Next);

        static Facts Cached(TlsaRecord record)
        {
            Facts facts = Expecting(With(Preparing), Now.AddHours(-3));
            OwnerLedger ledger = facts.Owner(Some.Owner);
            var gone = new PublishedSet(
                new([record], TimeSpan.FromDays(1)), Now.AddHours(-9), new SetState.Gone(Now, Now.AddHours(-3)));
            return facts.With(ledger with { Sets = [gone, .. ledger.Sets] });
        }
    }

    [Fact]
    public void Nothing_is_ordered_while_the_resolver_is_away()
    {
        Facts facts = Expecting(With(Preparing), Now.AddHours(-3));
        Assert.IsType<Step.Issue>(Decide(facts).Next);
        OwnerObservation good = Look.At(Now, Look.Serves(facts.Owner(Some.Owner).Latest!));
        Observation away = Dns(good with { Resolver = new ResolverView.Failed("refused") });
        Plan plan = Decide(facts, away);
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Resolver);
    }

    [Fact]
    public void A_lagging_server_is_named_with_what_it_serves()
    {
        Facts facts = With(Preparing);
        RecordSet both = Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey));
        facts = facts.With(facts.Owner(Some.Owner).Intend(both, [], Now).Applied(both, Now));
        Observation observation = Dns(Look.At(
            Now, Look.Serves(both), Look.Serves(Some.Set(Some.Record("3 1 1", Key)))));
        Hold hold = Assert.Single(Decide(facts.Observe(Mx1, observation), observation).Holds);
        Assert.Equal(Gate.Propagation, hold.Gate);
        Assert.Null(hold.Until);
        Assert.Contains("ns2.example.net (192.0.2.2) still serves [3 1 1 " + Key.Sha256, hold.Reason,
            StringComparison.Ordinal);
        Assert.DoesNotContain("ns1.", hold.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_no_server_was_found_none_is_said_to_serve_anything()
    {
        Facts facts = With(Preparing);
        RecordSet both = Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey));
        facts = facts.With(facts.Owner(Some.Owner).Intend(both, [], Now).Applied(both, Now));
        OwnerObservation lost =
            Look.At(Now) with { Zone = null, Servers = [], Security = new ZoneSecurity.Unknown("timed out") };
        Observation observation = Dns(lost);
        Plan plan = Decide(facts.Observe(Mx1, observation), observation);
        Hold hold = plan.Holds.First(h => h.Gate == Gate.Propagation);
        Assert.EndsWith("no authoritative server was found: timed out", hold.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unsound_DNS_holds_a_publication_and_says_why()
    {
        OwnerObservation good = Look.At(Now, Look.Serves(Some.Set(Some.Record("3 1 1", Key))));
        Check(Gate.ZoneNotSecure, good with { Security = new ZoneSecurity.Insecure("no DS") }, "no DS");
        Check(Gate.ZoneNotSecure, good with { Security = new ZoneSecurity.Bogus("expired") }, "expired");
        Check(Gate.Resolver, good with { Security = new ZoneSecurity.Unknown("no answer") }, "no answer");
        Check(Gate.Resolver, good with { Resolver = new ResolverView.NotValidated("no AD bit") }, "no AD bit");
        Check(Gate.Resolver, good with { Resolver = new ResolverView.Failed("SERVFAIL") }, "SERVFAIL");
        OwnerObservation short_ = Look.At(Now, Look.Serves(Some.Set(Some.Record("3 1 1", Key)), Now.AddHours(2)));
        Check(Gate.SignatureExpiry, short_, "expires");

        static void Check(Gate gate, OwnerObservation round, string reason)
        {
            Plan plan = Decide(With(Preparing), Dns(round));
            Assert.Null(plan.Next);
            Hold hold = plan.Holds.First(h => h.Gate == gate);
            Assert.Contains(reason, hold.Reason, StringComparison.Ordinal);
            Assert.NotEmpty(hold.Remedy);
            Assert.True(plan.WakeAt <= Now.AddSeconds(30));
        }
    }

    [Fact]
    public void Signatures_must_outlast_the_TTL_that_is_in_caches_not_only_the_configured_one()
    {
        Facts facts = With(Preparing);
        var day = new RecordSet([Some.Record("3 1 1", Key)], TimeSpan.FromDays(1));
        facts = facts.With(Given.Ledger(day));
        Observation observation = Dns(Look.At(Now, Look.Serves(day, Now.AddHours(20))));
        Assert.Contains(Decide(facts, observation).Holds, h => h.Gate == Gate.SignatureExpiry);
    }

    [Fact]
    public void A_covered_chain_is_deployed() =>
        Assert.IsType<Step.Deploy>(Decide(Expecting(With(Issued), Now.AddHours(-3))).Next);

    [Fact]
    public void Nothing_is_deployed_while_the_records_of_the_owner_are_unknown()
    {
        // First start, foreign records in place, the resolver is down.
        Facts facts =
            Given.Facts([Given.Certificate("mx1", Given.In(1, NextKey, new GenerationState.Issued(NextChain, Now)))]);
        OwnerObservation unknown = Look.At(Now) with { Zone = null, Security = new ZoneSecurity.Unknown("no answer") };
        Plan plan = Decide(facts, Dns(unknown));
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Resolver);

        // The zone may have been secure until just now, and caches hold what it had.
        OwnerObservation dead = Look.At(Now, new AnswerContent.Unreachable("timed out"));
        Assert.Null(Decide(facts, Dns(dead)).Next);
        OwnerObservation insecure = dead with { Security = new ZoneSecurity.Insecure("no DS") };
        plan = Decide(facts, Dns(insecure));
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Propagation);
    }

    [Fact]
    public void Records_of_a_zone_that_was_never_seen_secure_count_for_it_may_be_so_again_at_any_time()
    {
        Facts facts =
            Given.Facts([Given.Certificate("mx1", Given.In(1, NextKey, new GenerationState.Issued(NextChain, Now)))]);
        Plan plan = Decide(facts, Unsigned(Some.Record("3 1 1", Key)));
        Assert.Null(plan.Next);
        Assert.Contains("as soon as it is secure mail would be refused",
            Assert.Single(plan.Holds, h => h.Gate == Gate.Safety).Reason, StringComparison.Ordinal);
        Assert.IsType<Step.Deploy>(Decide(facts, Unsigned(Some.Record("3 1 1", NextKey))).Next);
        Assert.IsType<Step.Deploy>(Decide(facts, Unsigned()).Next);

        // An insecure alias leads to an owner in a secure zone.
        Assert.Null(Decide(facts, Signed(Key)).Next);
        Assert.IsType<Step.Deploy>(Decide(facts, Signed(NextKey)).Next);

        Observation Signed(PublicKey key) => Dns(
            Look.At(Now, Look.Serves(Some.Set(Some.Record("3 1 1", key)))) with
            {
                Security = new ZoneSecurity.Insecure("no DS"),
            });

        Observation Unsigned(params TlsaRecord[] records) => Dns(
            Look.At(Now, new AnswerContent.Unsigned(new(
                Some.Owner, DnsRecordType.Tlsa, Some.Ttl, [.. records.Select(r => r.ToString())]))) with
            {
                Security = new ZoneSecurity.Insecure("no DS"),
            });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_insecure_alias_to_an_owner_to_which_another_name_leads_securely_hinders_nothing(bool first)
    {
        (DesiredCertificate certificate, Facts facts, Observation seen) = Aliased(first, Preparing, Key);
        var publish = Assert.IsType<Step.Publish>(Decide(facts, seen, certificate).Next);
        Assert.Equal([Some.Record("3 1 1", NextKey)], publish.Added);

        (certificate, facts, seen) = Aliased(first, Issued, Key, NextKey);
        Assert.IsType<Step.Deploy>(Decide(facts, seen, certificate).Next);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_servers_give_out_unsigned_counts_wherever_the_insecure_alias_stands(bool first)
    {
        (DesiredCertificate certificate, Facts facts, Observation seen) = Aliased(first, Issued, Key, NextKey);
        OwnerObservation round = seen.Owners[Old.TlsaName];
        seen = seen with
        {
            Owners = seen.Owners.SetItem(Old.TlsaName, round with
            {
                Servers =
                [
                    round.Servers[0] with
                    {
                        Content = new AnswerContent.Unsigned(new(
                            round.Owner, DnsRecordType.Tlsa, Some.Ttl, [Some.Record("3 1 1", Key).ToString()])),
                    },
                ],
            }),
        };
        Plan plan = Decide(facts, seen, certificate);
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds, h => h.Gate == Gate.Safety);
        Assert.StartsWith(
            $"the way from {Old.TlsaName} to {round.Owner} is insecure; as soon as it is secure", hold.Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_known_long_ago_is_not_known_now()
    {
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.In(1, NextKey, new GenerationState.Issued(NextChain, Now)))],
            [Given.Ledger(RecordSet.Absent)]);
        Assert.Null(Decide(facts, Dns(Look.At(Now, new AnswerContent.Unreachable("timed out")))).Next);
        Assert.IsType<Step.Deploy>(Decide(facts, Dns(Look.At(Now, new AnswerContent.Absent(true)))).Next);
    }

    [Fact]
    public void A_second_deployment_waits_until_the_first_is_verified()
    {
        Facts facts = Expecting(With(Issued), Now.AddHours(-3));
        CertificateFacts known = facts.Certificate("mx1");
        facts = facts.With(
            known.With(known.Find(1)! with { State = new GenerationState.Deploying(Chain, Now, Now, 1) }));
        Assert.Null(Decide(facts).Next);
    }

    [Fact]
    public void A_mail_server_that_is_not_ready_holds_the_deployment()
    {
        Facts facts = Expecting(With(Issued), Now.AddHours(-3));
        Observation observation = Look.Well(facts, Mx1, Now, Chain) with
        {
            MailServers = [new MailServerOutcome.Unavailable("not running", "start it")],
        };
        Hold hold = Decide(facts, observation).Holds.Single(h => h.Gate == Gate.MailServer);
        Assert.Equal(("not running", "start it"), (hold.Reason, hold.Remedy));
    }

    [Fact]
    public void A_usage_2_record_needs_a_CA_certificate_in_the_chain()
    {
        DesiredCertificate certificate = Mx1 with { Tlsa = [Some.Parameters("2 1 1")] };
        var bare = new Chain(NextChain.Leaf, []);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.In(1, NextKey, new GenerationState.Issued(bare, Now)))],
            [Given.Ledger(RecordSet.Absent)]);
        Plan plan = Decide(facts, Now, certificate);
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Chain);
    }

    [Fact]
    public void A_failed_step_rests_and_rests_longer_each_time()
    {
        Facts facts = With(Preparing);
        var rests = new List<TimeSpan>();
        for (int i = 0; i < 4; i++)
        {
            Step step = Decide(facts, Now).Next!;
            facts = facts.Intend(step, Now).Complete(step, new StepOutcome.Refused("BADKEY", "see the key"), Now);
            Plan plan = Decide(facts, Now);
            Hold hold = plan.Holds.Single(h => h.Gate == Gate.Retry);
            Assert.Null(plan.Next);
            Assert.Contains("BADKEY", hold.Reason, StringComparison.Ordinal);
            Assert.Equal("see the key", hold.Remedy);
            rests.Add(hold.Until!.Value - Now);
            facts = facts.With(facts.Certificate("mx1") with
            {
                Setbacks = [facts.Certificate("mx1").Setbacks.Single() with { RetryAt = Now }],
            });

            // While it is tried again what is wrong is still told: a try may take longer than the rest.
            plan = Decide(facts, Now);
            Assert.NotNull(plan.Next);
            Assert.Contains("BADKEY", plan.Holds.Single(h => h.Gate == Gate.Retry).Reason, StringComparison.Ordinal);
        }

        Assert.Equal([5.0, 10, 20, 30], rests.Select(r => r.TotalSeconds));
    }

    [Fact]
    public void A_conflict_is_tried_again_from_what_was_found_and_not_in_a_hot_loop()
    {
        Facts facts = With(Preparing);
        RecordSet found = Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", Some.Key(9)));
        var step = (Step.Publish)Decide(facts).Next!;
        facts = facts.Intend(step, Now).Complete(step, new StepOutcome.Differs(found), Now);
        Assert.Null(Decide(facts).Next);
        var again = (Step.Publish)Decide(facts, Now.AddSeconds(1)).Next!;
        Assert.Equal(found, again.Expected);
        Assert.Equal(found.With([Some.Record("3 1 1", NextKey)]).Records, again.Target.Records);
    }

    [Fact]
    public void A_success_forgets_earlier_failures()
    {
        Facts facts = With(Preparing);
        Step step = Decide(facts).Next!;
        facts = facts.Complete(step, new StepOutcome.Unknown("timed out", ""), Now);
        facts = facts.Complete(step, new StepOutcome.Published(((Step.Publish)step).Target), Now);
        Assert.Empty(facts.Certificate("mx1").Setbacks);
    }

    [Fact]
    public void The_time_since_which_a_hold_lasts_is_carried_on()
    {
        Facts facts = Expecting(With(Preparing), Now.AddMinutes(-30));
        Plan first = Decide(facts);
        facts = facts.With(facts.Certificate("mx1") with { Holds = first.Holds });
        Assert.Equal(Now, Assert.Single(Decide(facts, Now.AddMinutes(9)).Holds).Since);
    }

    [Theory]
    [InlineData(3, 5)] // a handshake a second would be a nuisance
    [InlineData(120, 30)]
    [InlineData(3600, 60)] // a look each minute is what any monitoring does
    [InlineData(86400, 60)]
    public void What_others_change_is_noticed_within_a_quarter_of_the_TTL_and_within_a_minute(int ttl, int expected)
    {
        var timing = new Timing(TimeSpan.FromSeconds(ttl), TimeSpan.Zero, TimeSpan.Zero);
        Assert.Equal(expected, Planner.RoutineInterval(timing).TotalSeconds);
    }

    private static Facts WithStandby() => Given.Steady(
        Mx1, Key, Given.In(2, NextKey, new GenerationState.Standby()));

    // The next generation is there, its records are not.
    private static Facts With(Generation next)
    {
        Facts facts = Given.Steady(Mx1, Key);
        return facts.With(facts.Certificate("mx1").With(next));
    }

    // The set with the next key was published then; every server shows it since.
    private static Facts Expecting(Facts facts, DateTimeOffset since)
    {
        RecordSet both = Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey));
        return facts.With(facts.Owner(Some.Owner)
            .Intend(both, both.Records, since)
            .Observe(Look.At(since, Look.Serves(both))));
    }

    // Two names lead to one owner in a secure zone; one of them is an alias in an insecure zone.
    private static (DesiredCertificate Certificate, Facts Facts, Observation Seen) Aliased(
        bool insecureFirst, Generation next, params PublicKey[] published)
    {
        const string owner = "_dane.example.net";
        DesiredCertificate certificate = Mx1 with { Endpoints = insecureFirst ? [Old, Some.Mx] : [Some.Mx, Old] };
        RecordSet set = Some.Set([.. published.Select(k => Some.Record("3 1 1", k))]);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Key), next)],
            [Given.Ledger(set, owner)],
            certificate.Endpoints.Select(
                e => Given.Seen(e, Chain) with { TlsaOwner = owner, TakenOverAt = Some.Start }));
        Observation well = Look.Well(facts, certificate, Now, Chain);
        OwnerObservation insecure = well.Owners[Old.TlsaName] with
        {
            Security = new ZoneSecurity.Insecure("no DS"),
            Resolver = new ResolverView.NotValidated("no AD bit"),
        };
        return (certificate, facts, well with { Owners = well.Owners.SetItem(Old.TlsaName, insecure) });
    }

    private static Observation Dns(OwnerObservation round) => new(
        ImmutableDictionary<string, OwnerObservation>.Empty.Add(Some.Owner, round),
        ImmutableDictionary<Endpoint, EndpointObservation>.Empty, [], 1);

    private static Plan Decide(Facts facts, Observation observation, DesiredCertificate? certificate = null) =>
        Planner.Next(Some.Desired(certificate ?? Mx1), facts, observation, "mx1", Now);

    private static Plan Decide(
        Facts facts, DateTimeOffset? now = null, DesiredCertificate? certificate = null, Chain? shown = null) =>
        Planner.Next(
            Some.Desired(certificate ?? Mx1), facts,
            Look.Well(facts, certificate ?? Mx1, now ?? Now, shown ?? Chain), "mx1", now ?? Now);
}

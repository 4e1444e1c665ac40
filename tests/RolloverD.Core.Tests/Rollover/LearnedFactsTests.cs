using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>What was learned is not lost while it matters, and what is over holds up nothing for ever.</summary>
public class LearnedFactsTests
{
    private const string A = "_dane.one.example", B = "_dane.example.net";
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly TimeSpan AliasTtl = TimeSpan.FromHours(1), Day = TimeSpan.FromDays(1);
    private static readonly PublicKey K1 = Some.Key(1), K2 = Some.Key(2), K9 = Some.Key(9);
    private static readonly TlsaRecord R1 = Some.Record("3 1 1", K1), R2 = Some.Record("3 1 1", K2);
    private static readonly Chain C1 = Some.Chain(K1), C2 = Some.Chain(K2);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly Endpoint Other = new("mx2.example.net", 25);
    private static readonly DesiredCertificate Mx2 = Mx1 with
    {
        Name = "mx2",
        Names = ["mx2.example.net"],
        Endpoints = [Other],
    };

    private static CertificateFacts Issued =>
        Given.Certificate("mx1", Given.Live(1, K1), Given.In(2, K2, new GenerationState.Issued(C2, Now)));

    // A former owner with foreign records is forgotten while caches are led there.
    [Fact]
    public void An_owner_that_caches_are_led_to_is_remembered_though_its_records_are_others()
    {
        Facts facts = Given.Facts(
            [Issued],
            [
                Given.Foreign(Some.Set(R1), A) with { AliasTtl = AliasTtl },
                Given.Ledger(Some.Set(R1, R2), B) with { AliasTtl = AliasTtl },
            ],
            [Given.Seen(Some.Mx, C1) with { TlsaOwner = A, TakenOverAt = Some.Start }]);
        Desired desired = Some.Zoned(Mx1);

        // The CNAME is moved from A to B. The alias, of an hour, may be used until an hour on, and what is got there
        // last for an hour more.
        Facts moved = facts.Observe(Mx1, LedTo(B, Some.Set(R1, R2), Now, C1)).Forget(desired, Now);
        Assert.True(moved.EndpointOf(Some.Mx).IsLedTo(A, Now.AddMinutes(90)));
        DateTimeOffset at = Now.AddMinutes(119);
        Observation look = LedTo(B, Some.Set(R1, R2), at, C1);
        Assert.IsNotType<Step.Deploy>(Planner.Next(desired, moved.Observe(Mx1, look), look, "mx1", at).Next);
    }

    [Fact]
    public void Where_a_name_was_seen_to_lead_beside_the_look_is_not_forgotten_at_once()
    {
        Facts facts = Given.Facts(
            [Issued],
            [Given.Ledger(Some.Set(R1, R2), B) with { AliasTtl = AliasTtl }],
            [Given.Seen(Some.Mx, C1) with { TlsaOwner = B, TakenOverAt = Some.Start }]);
        Desired desired = Some.Zoned(Mx1);
        Observation look = LedTo(B, Some.Set(R1, R2), Now, C1);
        Facts seen = facts.Observe(Mx1, look).Meet(LedTo(A, Some.Set(R1), Now, C1), Now);
        Assert.IsNotType<Step.Deploy>(Planner.Next(desired, seen, look, "mx1", Now).Next);
        Assert.IsNotType<Step.Deploy>(Planner.Next(desired, seen.Forget(desired, Now), look, "mx1", Now).Next);
    }

    // The zone moves to another DNS host, where the name is a CNAME; the former host goes on giving out the record.
    [Theory]
    [InlineData(false, "example.net")]
    [InlineData(true, "example.net")]
    [InlineData(false, "one.example")]
    [InlineData(true, "one.example")]
    public void The_former_servers_of_a_name_count_when_it_becomes_an_alias(bool knownToHaveLeft, string zone)
    {
        Facts facts = Given.Facts(
            [Issued],
            [
                Given.Ledger(Some.Set(R1)) with
                {
                    Zone = "example.net",
                    Servers =
                    [
                        new("ns.old.example", "192.0.2.99", Day, knownToHaveLeft ? Now.AddMinutes(-5) : null),
                        new("ns1.example.net", "192.0.2.1", Day),
                    ],
                },
            ],
            [Given.Seen(Some.Mx, C1) with { TlsaOwner = Some.Owner, TakenOverAt = Some.Start }]);
        Desired desired = Some.Zoned(Mx1);
        DateTimeOffset at = Now;
        while (!Deploys() && at < Now + (3 * Day))
            at = at.AddMinutes(30);

        // Resolvers may ask the former host for a day, and keep for an hour what it said last.
        DateTimeOffset forgotten = Now + Day - (knownToHaveLeft ? TimeSpan.FromMinutes(5) : TimeSpan.Zero);
        Assert.InRange(at, forgotten + Some.Ttl, forgotten + Some.Ttl + TimeSpan.FromHours(2));
        OwnerLedger own = facts.Owner(Some.Owner);
        Assert.Empty(own.FormerServers);
        Assert.DoesNotContain(own.Sets, s => s is { Records.IsAbsent: false, State: SetState.Seen });

        bool Deploys()
        {
            Observation look = LedTo(zone == "example.net" ? B : A, Some.Set(R1, R2), at, C1, zone);
            facts = facts.Observe(Mx1, look).Forget(desired, at);
            return Planner.Next(desired, facts, look, "mx1", at).Next is Step.Deploy;
        }
    }

    [Fact]
    public void The_former_servers_of_a_name_count_that_is_no_alias()
    {
        Facts facts = Given.Facts(
            [Issued],
            [
                Given.Ledger(Some.Set(R1)) with
                {
                    Zone = "example.net",
                    Servers = [new("ns.old.example", "192.0.2.99", Day), new("ns1.example.net", "192.0.2.1", Day)],
                },
            ],
            [Given.Seen(Some.Mx, C1) with { TakenOverAt = Some.Start }]);
        Desired desired = Some.Zoned(Mx1);
        for (DateTimeOffset at = Now; at <= Now.AddHours(6); at = at.AddMinutes(30))
        {
            Observation look = Look.Well(facts, Mx1, at, C1);
            look = look with { Owners = look.Owners.SetItem(Some.Owner, Look.At(at, Look.Serves(Some.Set(R1, R2)))) };
            facts = facts.Observe(Mx1, look).Forget(desired, at);
            Assert.IsNotType<Step.Deploy>(Planner.Next(desired, facts, look, "mx1", at).Next);
        }
    }

    // A stale secondary has the records, the primary a CNAME: it is not told where that leads.
    [Fact]
    public void A_server_that_answers_with_a_CNAME_elsewhere_is_waited_for()
    {
        Facts facts = Given.Facts(
            [Issued],
            [Given.Ledger(Some.Set(R1, R2))],
            [Given.Seen(Some.Mx, C1) with { TakenOverAt = Some.Start }]);
        Observation look = Look.Well(facts, Mx1, Now, C1);
        look = look with
        {
            Owners = look.Owners.SetItem(Some.Owner, Look.At(Now,
                new AnswerContent.LeadsElsewhere($"it answers with a CNAME to {B}, on which the servers do not agree"),
                Look.Serves(Some.Set(R1, R2)))),
        };
        Plan plan = Planner.Next(Some.Zoned(Mx1), facts.Observe(Mx1, look), look, "mx1", Now);
        Assert.IsNotType<Step.Deploy>(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Propagation && h.Reason.Contains(B, StringComparison.Ordinal));
    }

    // An endpoint is given to a certificate of its own; its mail server still reads the files of the former one.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_next_chain_waits_for_an_endpoint_that_was_given_to_another_certificate(bool moved)
    {
        Facts facts = Given.Facts(
            [
                Issued,
                Given.Certificate("mx2", Given.In(1, K9, new GenerationState.Preparing(Now))),
            ],
            [Given.Ledger(Some.Set(R1, R2)), Given.Ledger(Some.Set(R1), Other.TlsaName)],
            [
                Given.Seen(Some.Mx, C1) with { TakenOverAt = Some.Start },
                Given.Seen(Other, C1) with { TakenOverAt = Some.Start },
            ]);
        Desired desired = moved ? Some.Zoned(Mx1, Mx2) : Some.Zoned(Mx1);
        Plan plan = Planner.Next(desired, facts, Look.Well(facts, Mx1, Now, C1), "mx1", Now);
        Assert.IsNotType<Step.Deploy>(plan.Next);
    }

    // One orphan whose provider refuses keeps all others from being withdrawn.
    [Fact]
    public void An_orphan_whose_provider_refuses_holds_up_no_other()
    {
        Endpoint first = new("a.example.net", 25), second = new("b.example.net", 25);
        Facts facts = Given.Steady(Mx1 with { Endpoints = [Some.Mx, first, second] }, K1);
        Observation look = Look.Well(facts, Mx1 with { Endpoints = [Some.Mx, first, second] }, Now, C1) with
        {
            Others = [first, second],
        };
        Desired desired = Some.Zoned(Mx1);
        DateTimeOffset now = Now;
        HashSet<string> tried = [];
        for (int i = 0; i < 200; i++)
        {
            Plan plan = Planner.Next(desired, facts, look, "mx1", now);
            if (plan.Next is Step.Withdraw w)
            {
                tried.Add(w.Owner);
                facts = facts.Intend(w, now).Complete(w, new StepOutcome.Refused("no such zone", "see"), now);
            }

            now = now.AddSeconds(30);
        }

        Assert.Contains(second.TlsaName, tried);
    }

    // Two certificates at one endpoint are looked at at the same time; the round that ended first is taken in last.
    [Fact]
    public void What_a_round_met_counts_though_another_one_has_ended_since()
    {
        Chain stranger = Some.Chain(K9);
        DateTimeOffset since = Now.AddSeconds(3);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, K1))],
            [Given.Foreign(RecordSet.Absent)],
            [Given.Seen(Some.Mx, C1) with { TakenOverAt = Some.Start, CompleteAt = since, LookedAt = since }]);
        Observation look = Look.Well(facts, Mx1, Now, C1);
        look = look with
        {
            Endpoints = look.Endpoints.SetItem(Some.Mx, Look.Shows(Some.Mx, Now, C1, stranger)),
        };
        Facts seen = facts.Observe(Mx1, look);
        Assert.Contains(stranger, seen.EndpointOf(Some.Mx).Seen);
        Assert.IsNotType<Step.Publish>(Planner.Next(Some.Zoned(Mx1), seen, look, "mx1", Now.AddSeconds(5)).Next);
    }

    // After a start of the machine times in the facts lie up to a minute ahead, and looks are dropped meanwhile.
    [Fact]
    public void A_look_just_after_the_machine_was_started_anew_counts()
    {
        ClockReading last = new(Now, "one", TimeSpan.FromHours(1));
        DateTimeOffset looked = Now.AddSeconds(50); // the reading that is stored is up to a minute old
        DateTimeOffset booted = Now.AddMinutes(5);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, K1))],
            [Given.Foreign(RecordSet.Absent)],
            [Given.Seen(Some.Mx, C1) with { TakenOverAt = Some.Start, CompleteAt = looked, LookedAt = looked }]);
        ClockJump jump = last.JumpTo(new(booted, "two", TimeSpan.FromSeconds(20)))!;
        facts = facts.Shift(jump.By);
        DateTimeOffset at = booted.AddSeconds(5);
        Observation look = Look.Well(facts, Mx1, at, Some.Chain(K9));
        facts = facts.Observe(Mx1, look);
        Plan plan = Planner.Next(Some.Zoned(Mx1), facts, look, "mx1", at);
        Assert.IsNotType<Step.Publish>(plan.Next); // the host shows another chain than that of the record
    }

    // A chain that was put back and is still shown somewhere goes in again though caches hold a set without it.
    [Fact]
    public void A_chain_that_one_address_still_shows_waits_for_caches_as_any_other()
    {
        DateTimeOffset lately = Now.AddMinutes(-1);
        Facts facts = Given.Facts(
            [Issued],
            [
                Given.Ledger(Some.Set(R1, R2)) with
                {
                    Sets =
                    [
                        new(Some.Set(R1), Now.AddMinutes(-10), new SetState.Gone(lately, lately)),
                        new(Some.Set(R1, R2), lately, new SetState.Seen()),
                    ],
                },
            ],
            [Given.Seen(Some.Mx, C1, C2) with { TakenOverAt = Some.Start }]);
        Observation look = Look.Well(facts, Mx1, Now, C1);
        look = look with
        {
            Endpoints = look.Endpoints.SetItem(Some.Mx, new(Some.Mx, Now, Now, null,
            [
                new("192.0.2.25", [new Presented.Shows(C1, "TLSv1.3")]),
                new("192.0.2.26", [new Presented.Unreachable("timed out")]),
            ])),
        };
        Plan plan = Planner.Next(Some.Zoned(Mx1), facts.Observe(Mx1, look), look, "mx1", Now);
        Assert.IsNotType<Step.Deploy>(plan.Next);
    }

    // A server that was taken out, was found in the zone again in a look that does not count, and is out again.
    [Fact]
    public void A_server_that_was_seen_in_the_zone_again_beside_a_look_counts_from_then()
    {
        DateTimeOffset again = Now.AddHours(23);
        ImmutableArray<KnownServer> servers =
        [
            new("ns1.example.net", "192.0.2.1", Day),
            new("old.example.net", "192.0.2.9", Day, Now),
        ];
        OwnerLedger ledger = Given.Ledger(Some.Set(R1)) with { Servers = servers, Zone = "example.net" };
        OwnerObservation one = Look.At(again, Look.Serves(Some.Set(R1))) with { ServersTtl = Day };
        OwnerObservation two = one with
        {
            Servers = one.Servers.Add(new("old.example.net", "192.0.2.9", Look.Serves(Some.Set(R1)))),
            ServersTtl = TimeSpan.FromDays(2),
        };
        Facts facts = Given.Facts([], [ledger], [EndpointFacts.Unseen(Some.Mx)]);
        OwnerLedger met = facts.Meet(Look.Nothing with { Owners = Look.Nothing.Owners.Add(Some.Owner, two) }, again)
            .Owner(Some.Owner);
        DateTimeOffset later = again.AddHours(2);
        OwnerLedger after = met.Observe(one with { StartedAt = later, FinishedAt = later });
        Assert.Contains(after.Servers, s => s.Address == "192.0.2.9");
    }

    [Fact]
    public void An_address_that_was_seen_in_DNS_again_beside_a_look_counts_from_then()
    {
        DateTimeOffset again = Now.AddHours(23), later = Now.AddHours(25);
        EndpointFacts facts = Given.Seen(Some.Mx, C1) with
        {
            Addresses =
            [
                new("192.0.2.25", Day, [C1.Leaf.Sha256]),
                new("192.0.2.26", Day, [C1.Leaf.Sha256], Now),
            ],
        };
        EndpointObservation one = Look.Shows(Some.Mx, again, C1) with { AddressesTtl = Day };
        EndpointObservation two = one with
        {
            Addresses = one.Addresses.Add(new("192.0.2.26", [new Presented.Shows(C1, "TLSv1.3")])),
        };
        EndpointFacts met = facts.Meet(two, again).Observe(one with { StartedAt = later, FinishedAt = later });
        Assert.Contains(met.Addresses, a => a.Address == "192.0.2.26");
    }

    private static OwnerObservation Unsigned(string name, DateTimeOffset at) =>
        Look.At(at, new AnswerContent.Unsigned(new(name, DnsRecordType.Tlsa, TimeSpan.Zero, []))) with
        {
            Name = name,
            Owner = name,
            Security = new ZoneSecurity.Insecure("no DS record"),
        };

    // The zone gave up DNSSEC and its TLSA records were removed, a year ago.
    [Fact]
    public void What_no_server_of_an_insecure_zone_gives_any_more_is_over_one_day()
    {
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, K1), Given.In(2, K2, new GenerationState.Preparing(Now)))],
            [Given.Ledger(Some.Set(R1))],
            [Given.Seen(Some.Mx, C1) with { TakenOverAt = Some.Start }]);
        DateTimeOffset at = Now;
        Step? next = null;
        for (int day = 0; day < 365 && next is null; day++, at = at.AddDays(1))
        {
            Observation look = Look.Well(facts, Mx1, at, C1);
            look = look with { Owners = look.Owners.SetItem(Some.Owner, Unsigned(Some.Owner, at)) };
            facts = facts.Observe(Mx1, look);
            next = Planner.Next(Some.Zoned(Mx1), facts, look, "mx1", at).Next;
        }

        Assert.IsType<Step.Issue>(next);
    }

    // The same of an endpoint that was taken out: it holds up every roll of the certificate.
    [Fact]
    public void An_endpoint_that_was_taken_out_of_a_zone_that_is_insecure_holds_up_no_roll_for_ever()
    {
        Facts facts = Given.Facts(
            [Issued],
            [Given.Ledger(Some.Set(R1, R2)), Given.Ledger(Some.Set(R1), Other.TlsaName)],
            [
                Given.Seen(Some.Mx, C1) with { TakenOverAt = Some.Start },
                Given.Seen(Other, C1) with { TakenOverAt = Some.Start },
            ]);
        DateTimeOffset at = Now;
        Step? next = null;
        for (int day = 0; day < 25 && next is null; day++, at = at.AddDays(1))
        {
            Observation look = Look.Well(facts, Mx1, at, C1);
            look = look with { Owners = look.Owners.SetItem(Other.TlsaName, Unsigned(Other.TlsaName, at)) };
            facts = facts.Observe(Mx1, look).Forget(Some.Zoned(Mx1), at);
            next = Planner.Next(Some.Zoned(Mx1), facts, look, "mx1", at).Next;
        }

        Assert.IsType<Step.Deploy>(next);
    }

    private static Observation LedTo(
        string owner, RecordSet set, DateTimeOffset now, Chain chain, string zone = "example.net") => new(
        ImmutableDictionary<string, OwnerObservation>.Empty.Add(Some.Owner, Look.At(now, Look.Serves(set)) with
        {
            Owner = owner,
            Aliases = [new(Some.Owner, owner, AliasTtl)],
            Zone = zone,
        }),
        ImmutableDictionary<Endpoint, EndpointObservation>.Empty.Add(Some.Mx, Look.Shows(Some.Mx, now, chain)),
        [], 1);
}

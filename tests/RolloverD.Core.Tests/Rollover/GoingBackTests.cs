using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// What goes back goes back whatever comes in between, nothing else counts for such, and no address that neither chain
/// mends keeps the next one out.
/// </summary>
public class GoingBackTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(61);
    private static readonly Endpoint Submission = new("mx1.example.net", 587);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly DesiredCertificate Both = Mx1 with { Endpoints = [Some.Mx, Submission] };
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Old = Some.Chain(Key), New = Some.Chain(NextKey, from: Now);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_put_back_waits_for_nothing_also_when_what_it_replaces_is_given_up(bool serversReady)
    {
        Facts facts = Given.Facts(
            [
                Given.Certificate(
                    "mx1",
                    Given.In(1, Key, new GenerationState.Deploying(Old, Now, null, 0, GoesBack: true)),
                    Given.In(2, NextKey, new GenerationState.Issued(New, Now))),
            ],
            [Given.Ledger(Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey)))],
            [Given.Seen(Some.Mx, New) with { TakenOverAt = Some.Start }]);
        Desired desired = Some.Desired(Mx1);
        Observation seen = Look.Well(facts, Mx1, Now, New) with
        {
            LiveGeneration = 2,
            MailServers = serversReady
                ? [new MailServerOutcome.Done("ready")]
                : [new MailServerOutcome.Failed("broken main.cf", "mend it"), new MailServerOutcome.Done("ready")],
        };
        if (serversReady)
        {
            OwnerObservation silent = Look.At(Now, new AnswerContent.Unreachable("timed out"));
            seen = seen with { Owners = seen.Owners.SetItem(Some.Owner, silent) };
        }

        Assert.IsType<Step.Deploy>(Planner.Next(desired, facts, seen, "mx1", Now).Next);

        Abortion abortion = Aborting.Of(desired, facts, "mx1", Now);
        Assert.IsType<Abortion.GiveUp>(abortion);
        facts = facts.Take(abortion, "mx1", Now);
        Step archive = Assert.IsType<Step.Archive>(Planner.Next(desired, facts, seen, "mx1", Now).Next);
        facts = facts.Intend(archive, Now).Complete(archive, new StepOutcome.Done(), Now);
        Plan plan = Planner.Next(desired, facts, seen, "mx1", Now.AddSeconds(1));
        Assert.True(plan.Next is Step.Deploy { Generation: 1 } or Step.PutBack { Generation: 1 },
            string.Join("\n", plan.Holds));
    }

    [Fact]
    public void The_patience_of_a_server_begins_when_the_chain_goes_in()
    {
        Desired desired = Some.Desired(Both);
        Facts facts = With(Both, new GenerationState.Issued(New, Now));
        var deploy = new Step.Deploy("mx1", 2, "");

        // The first try: a server was not ready just then, nothing was swapped.
        facts = facts.Intend(deploy, Now).Complete(deploy, new StepOutcome.Unknown("not ready", "see to it"), Now);

        // Ten minutes later it goes in, and the reload of one server times out.
        DateTimeOffset later = Now.AddMinutes(10);
        Observation before = Look.Well(facts, Both, later, Old) with { LiveGeneration = 1 };
        deploy = Assert.IsType<Step.Deploy>(Planner.Next(desired, facts, before, "mx1", later).Next);
        facts = facts.Intend(deploy, later).Complete(deploy, new StepOutcome.Unknown("timed out", "see to it"), later);

        // A second later one address is just being restarted.
        DateTimeOffset time = later.AddSeconds(1);
        Observation seen = See(facts, time, 2);
        facts = facts.Observe(Both, seen, desired.Timing);
        Plan plan = Planner.Next(desired, facts, seen, "mx1", time);
        Assert.IsNotType<Step.PutBack>(plan.Next);
    }

    [Fact]
    public void What_was_put_back_is_ordered_anew_from_another_issuer_when_it_lacks_a_CA()
    {
        DesiredCertificate more = Mx1 with
        {
            Tlsa = [Some.Parameters("3 1 1"), Some.Parameters("2 1 1")],
            Issuer = "other",
        };
        var bare = new Chain(New.Leaf, []);
        Facts facts = Given.Facts(
            [
                Given.Certificate(
                    "mx1", Given.Live(1, Key, Old), Given.In(2, NextKey, new GenerationState.Issued(bare, Now, "ca"))),
            ],
            [
                Given.Ledger(Some.Set(
                    Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey), Some.Record("2 1 1", Old))),
            ],
            [Given.Seen(Some.Mx, Old) with { TakenOverAt = Some.Start }]);
        Observation seen = Look.Well(facts, more, Now.AddHours(1), Old) with { LiveGeneration = 1 };
        Assert.IsType<Step.Issue>(Planner.Next(Some.Desired(more), facts, seen, "mx1", Now.AddHours(1)).Next);

        var deploy = new Step.Deploy("mx1", 2, "");
        var back = new Step.PutBack("mx1", 1, 2, "");
        facts = facts.Intend(deploy, Now).Complete(deploy, new StepOutcome.Deployed(true, ""), Now);
        facts = facts.Intend(back, Now).Complete(back, new StepOutcome.Deployed(true, ""), Now);
        facts = facts.With(facts.Certificate("mx1").With(Given.Live(1, Key, Old)));
        Plan plan = Planner.Next(Some.Desired(more), facts, seen, "mx1", Now.AddHours(1));
        Assert.True(plan.Next is Step.Issue, string.Join("\n", plan.Holds));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_deployment_begun_after_an_abort_is_asked_again_what_its_first_try_was_asked(bool wasAborted)
    {
        DateTimeOffset now = Now.AddDays(2);
        PublicKey third = Some.Key(3);
        Chain next = Some.Chain(third, from: now);
        Desired desired = Some.Desired(Mx1);
        desired = desired with { Timing = desired.Timing with { RollbackWindow = TimeSpan.FromDays(7) } };
        Facts facts = Given.Facts(
            [
                Given.Certificate(
                    "mx1",
                    Given.In(1, Key, new GenerationState.Live(Old, Now.AddMinutes(5))),
                    Given.In(2, NextKey, new GenerationState.Superseded(New, Now)),
                    Given.In(3, third, new GenerationState.Deploying(next, now.AddHours(-1), null, 0))) with
                {
                    Abort = wasAborted ? new Abort(Now, Now.AddDays(1), 2) : null,
                },
            ],
            [Given.Ledger(Some.Set(
                Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey), Some.Record("3 1 1", third)))],
            [Given.Seen(Some.Mx, Old) with { TakenOverAt = Some.Start }]);
        Observation seen = Look.Well(facts, Mx1, now, Old) with
        {
            LiveGeneration = 1,
            MailServers = [new MailServerOutcome.Failed("broken main.cf", "mend it")],
        };
        OwnerObservation silent = Look.At(now, new AnswerContent.Unreachable("timed out"));
        seen = seen with { Owners = seen.Owners.SetItem(Some.Owner, silent) };
        facts = facts.Observe(Mx1, seen, desired.Timing);
        Assert.IsNotType<Step.Deploy>(Planner.Next(desired, facts, seen, "mx1", now).Next);
    }

    [Theory]
    [InlineData(-600, false)]
    [InlineData(-10, true)]
    [InlineData(10, true)]
    public void An_address_that_breaks_is_reason_to_go_back_and_one_that_was_broken_for_long_before_is_none(
        int brokenAfterSeconds, bool goesBack)
    {
        Desired desired = Some.Desired(Both);
        Facts facts = With(Both, new GenerationState.Deploying(New, Now, Now, 0));
        DateTimeOffset late = Now.AddSeconds(125);
        foreach (DateTimeOffset time in new[] { Now.AddSeconds(brokenAfterSeconds), late })
            facts = facts.Observe(Both, See(facts, time, 2), desired.Timing);
        Assert.Equal(goesBack, Planner.Next(desired, facts, See(facts, late, 2), "mx1", late).Next is Step.PutBack);
    }

    [Fact]
    public void A_try_beside_an_unverified_generation_that_is_refused_leaves_that_as_it_was()
    {
        Facts facts = Given.Facts(
        [
            Given.Certificate(
                "mx1",
                Given.In(1, Key, new GenerationState.Deploying(Old, Now, Now, 0, GoesBack: true)),
                Given.In(2, NextKey, new GenerationState.Issued(New, Now))),
        ]);
        var deploy = new Step.Deploy("mx1", 2, "");
        Facts intended = facts.Intend(deploy, Now.AddHours(1));
        Assert.Equal(
            new GenerationState.Live(Old, Now.AddHours(1)), intended.Certificate("mx1").Find(1)!.State);
        Assert.Equal(
            facts.Certificate("mx1").Generations, intended.TakeBack(deploy, facts).Certificate("mx1").Generations);
    }

    [Fact]
    public void What_is_put_back_while_the_next_one_is_made_is_not_tried_again_after_that()
    {
        PublicKey third = Some.Key(3);
        Facts facts = Given.Facts(
        [
            Given.Certificate(
                "mx1", Given.Live(1, Key, Old),
                Given.In(2, NextKey, new GenerationState.Deploying(New, Now, Now, 0)),
                Given.In(3, third, new GenerationState.Preparing(Now))),
        ]);
        CertificateFacts known = facts.Intend(new Step.PutBack("mx1", 1, 2, ""), Now).Certificate("mx1");
        Assert.Equal(new GenerationState.Superseded(New, Now), known.Find(2)!.State);
        Assert.Equal(3, known.Next!.Number);
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(1, false)]
    public void A_certificate_that_has_ended_is_not_put_back(int hoursSinceEnd, bool goesBack)
    {
        DateTimeOffset late = Old.NotAfter.AddHours(hoursSinceEnd);
        Facts facts = With(Mx1, new GenerationState.Deploying(New, Now, Now, 0));
        Observation seen = Look.Well(facts, Mx1, late, Old) with { LiveGeneration = 2 };
        Plan plan = Planner.Next(Some.Desired(Mx1), facts, seen, "mx1", late);
        Assert.Equal(goesBack, plan.Next is Step.PutBack);
    }

    // Generation 1 is in service, 2 is on its way; every owner holds the records of both.
    private static Facts With(DesiredCertificate certificate, GenerationState second) => Given.Facts(
        [Given.Certificate("mx1", Given.Live(1, Key, Old), Given.In(2, NextKey, second))],
        certificate.Endpoints.Select(e => Given.Ledger(
            Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey)), e.TlsaName)),
        certificate.Endpoints.Select(e => Given.Seen(e, Old) with { TakenOverAt = Some.Start }));

    // The one port shows what live/ leads to, the other one offers no TLS.
    private static Observation See(Facts facts, DateTimeOffset time, int live)
    {
        Chain shown = live == 2 ? New : Old;
        Observation seen = Look.Well(facts, Both, time, shown) with { LiveGeneration = live };
        EndpointObservation round = seen.Endpoints[Submission];
        return seen with
        {
            Endpoints = seen.Endpoints.SetItem(Submission, round with
            {
                Addresses = [new("192.0.2.25", [new Presented.NoStartTls("not offered")])],
            }),
        };
    }
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// A chain that is not taken on goes back by itself, on every endpoint at once, whatever else is served beside it.
/// </summary>
public class PutBackTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1), Late = Now.AddSeconds(121);
    private static readonly Endpoint Submission = new("mx1.example.net", 465);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly DesiredCertificate Both = Mx1 with { Endpoints = [Some.Mx, Submission] };
    private static readonly DesiredCertificate Rsa = Mx1 with { Name = "rsa", Key = KeyAlgorithm.Rsa2048 };
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly PublicKey RsaKey = Some.Key(50, KeyFamily.Rsa);
    private static readonly Chain Old = Some.Chain(Key), New = Some.Chain(NextKey), OfRsa = Some.Chain(RsaKey);

    [Fact]
    public void One_endpoint_of_two_that_does_not_take_the_chain_on_is_enough()
    {
        Facts facts = Deploying(Both);
        Observation seen = Seen((Some.Mx, [New]), (Submission, [Old]));
        var back = Assert.IsType<Step.PutBack>(Decide(Both, facts, seen, Late).Next);
        Assert.Equal((1, 2), (back.Generation, back.Failed));
        Assert.Contains("mx1.example.net:465", back.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(25, false)]
    [InlineData(31, true)]
    public void A_server_that_was_just_reloaded_has_time_to_take_the_chain_on_however_long_the_reload_took(
        int secondsSince, bool goesBack)
    {
        Facts facts = Deploying(Both);
        facts = facts.With(facts.Certificate("mx1").With(Given.In(
            2, NextKey, new GenerationState.Deploying(New, Now, Late.AddSeconds(-secondsSince), 0))));
        Plan plan = Decide(Both, facts, Seen((Some.Mx, [New]), (Submission, [Old])), Late);
        Assert.Equal(goesBack, plan.Next is Step.PutBack);
    }

    [Fact]
    public void While_the_reload_reports_failure_a_handshake_that_fails_is_reason_enough_to_go_back()
    {
        Facts facts = NotReloaded(Both);
        Observation seen = Fails(Seen((Some.Mx, [Old]), (Submission, [])), Submission);
        Assert.Equal(1, Assert.IsType<Step.PutBack>(Decide(Both, facts, seen, Late).Next).Generation);
        Assert.IsType<Step.Deploy>(Decide(Both, facts, seen, Now.AddSeconds(119)).Next);
        Assert.IsNotType<Step.PutBack>(
            Decide(Both, facts, seen with { LiveGeneration = 1 }, Late).Next); // it never went in
    }

    [Fact]
    public void A_deployment_that_was_cut_short_is_finished_before_anything_is_put_back()
    {
        var deploy = new Step.Deploy("mx1", 2, "");
        Facts cutShort = Issued(Both).Intend(deploy, Now.AddSeconds(-1));
        Observation seen = Fails(Seen((Some.Mx, [Old]), (Submission, [])), Submission);
        Assert.IsType<Step.Deploy>(Decide(Both, cutShort, seen, Late).Next);
    }

    [Fact]
    public void While_the_reload_reports_failure_the_old_chain_at_some_addresses_is_none()
    {
        Observation seen = Seen((Some.Mx, [New]), (Submission, [Old]));
        Assert.IsType<Step.Deploy>(Decide(Both, NotReloaded(Both), seen, Late).Next);
    }

    [Fact]
    public void Of_several_endpoints_the_first_that_is_configured_is_told()
    {
        DesiredCertificate many = Mx1 with
        {
            Endpoints = [.. new[] { 2525, 25, 587, 465, 26, 10025, 24 }.Select(p => new Endpoint(Some.Mx.Host, p))],
        };
        Observation seen = Seen([.. many.Endpoints.Select(e => (e, ImmutableArray.Create(Old)))]);
        Plan plan = Decide(many, Deploying(many), seen, Now);
        Assert.Contains(
            "mx1.example.net:2525 at 192.0.2.25 serves",
            Assert.Single(plan.Holds, h => h.Gate == Gate.Verification).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_verified_at_both_before_it_counts_as_back()
    {
        Facts facts = Deploying(Both);
        var back = new Step.PutBack("mx1", 1, 2, "");
        facts = facts.Intend(back, Late).Complete(back, new StepOutcome.Deployed(true, ""), Late);
        facts = Rounds(Both, facts, Seen((Some.Mx, [Old]), (Submission, [New])));
        Assert.IsType<GenerationState.Deploying>(facts.Certificate("mx1").Find(1)!.State);
        facts = Rounds(Both, facts, Seen((Some.Mx, [Old]), (Submission, [Old])));
        Assert.IsType<GenerationState.Live>(facts.Certificate("mx1").Find(1)!.State);
    }

    [Fact]
    public void Meanwhile_the_records_of_both_generations_stay_everywhere()
    {
        Facts facts = Deploying(Both);
        var back = new Step.PutBack("mx1", 1, 2, "");
        facts = facts.Intend(back, Late).Complete(back, new StepOutcome.Deployed(true, ""), Late);
        foreach (Endpoint endpoint in Both.Endpoints)
        {
            Assert.Equal(
                [Some.Record("3 1 1", NextKey), Some.Record("3 1 1", Key)],
                Wanted.At(Some.Desired(Both), facts, endpoint.TlsaName, Late).OrderBy(r => r.Data == Key.Sha256));
        }
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void A_chain_that_grew_old_is_ordered_anew_only_when_the_live_link_leads_there_no_more(
        int link, bool isOrdered)
    {
        Facts facts = Deploying(Mx1);
        DateTimeOffset due = New.NotAfter.AddDays(-20);
        var back = new Step.PutBack("mx1", 1, 2, "");
        facts = facts.Intend(back, due)
            .Complete(back, new StepOutcome.Unknown("the disk is full", "see to it"), due)
            .With(Given.Seen(Some.Mx, New) with { TakenOverAt = Some.Start });
        facts = facts.With(facts.Certificate("mx1").With(
            Given.In(2, NextKey, new GenerationState.Issued(New, Now))));
        Setback rests = facts.Certificate("mx1").Setbacks[0] with { Kind = StepKind.Deploy };
        facts = facts.With(facts.Certificate("mx1") with { Setbacks = [rests] });
        Observation seen = Look.Well(facts, Mx1, due, New) with { LiveGeneration = link };
        Assert.Equal(isOrdered, Decide(Mx1, facts, seen, due).Next is Step.Issue);
    }

    [Fact]
    public void An_old_chain_beside_the_other_certificates_is_put_back()
    {
        Facts facts = Shared();
        Observation seen = Seen((Some.Mx, [OfRsa, Old]));
        Assert.IsType<Step.PutBack>(Planner.Next(Some.Desired(Mx1, Rsa), facts, seen, "mx1", Late).Next);
    }

    [Fact]
    public void The_other_certificate_alone_means_that_this_one_is_not_served()
    {
        Facts facts = Shared();
        Observation seen = Seen((Some.Mx, [OfRsa]));
        Assert.IsType<Step.PutBack>(Planner.Next(Some.Desired(Mx1, Rsa), facts, seen, "mx1", Late).Next);
    }

    [Fact]
    public void The_new_chain_beside_the_other_certificates_is_verified()
    {
        Facts facts = Rounds(Mx1, Shared(), Seen((Some.Mx, [OfRsa, New])));
        Assert.IsType<GenerationState.Live>(facts.Certificate("mx1").Find(2)!.State);
        Assert.IsType<GenerationState.Live>(facts.Certificate("rsa").Find(1)!.State);
    }

    [Fact]
    public void Two_certificates_of_one_endpoint_that_are_rolled_at_once_do_not_wait_for_each_other()
    {
        Chain nextRsa = Some.Chain(Some.Key(51, KeyFamily.Rsa));
        Facts facts = Shared();
        CertificateFacts rsa = facts.Certificate("rsa");
        facts = facts.With(rsa.With(new Generation(
                2, KeyAlgorithm.Rsa2048, nextRsa.Key, Now, new GenerationState.Deploying(nextRsa, Now, Now, 0))))
            .With(Given.Ledger(Some.Set(
                [.. facts.Owner(Some.Owner).Latest!.Records, Some.Record("3 1 1", nextRsa.Key)])));
        facts = Rounds(Mx1, facts, Seen((Some.Mx, [OfRsa, New])));
        Assert.IsType<GenerationState.Live>(facts.Certificate("mx1").Find(2)!.State);
        facts = Rounds(Rsa, facts, Seen((Some.Mx, [nextRsa, New])));
        Assert.IsType<GenerationState.Live>(facts.Certificate("rsa").Find(2)!.State);
        Assert.Equal(
            [Key, RsaKey],
            facts.Certificates.Values.SelectMany(c => c.Generations)
                .Where(g => g.State is GenerationState.Superseded)
                .Select(g => g.Key)
                .OrderBy(k => k.Family == KeyFamily.Rsa));
    }

    // Generation 2 was deployed and reloaded; every owner holds the records of both.
    private static Facts Deploying(DesiredCertificate certificate) => Given.Facts(
        [
            Given.Certificate(
                "mx1", Given.Live(1, Key), Given.In(2, NextKey, new GenerationState.Deploying(New, Now, Now, 0))),
        ],
        certificate.Endpoints.Select(e => Given.Ledger(
            Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey)), e.TlsaName)),
        certificate.Endpoints.Select(e => Given.Seen(e, Old) with { TakenOverAt = Some.Start }));

    // The live link leads to it, and a mail server said that it could not be reloaded.
    private static Facts NotReloaded(DesiredCertificate certificate) => Fail(Issued(certificate), Now.AddSeconds(-1));

    private static Facts Issued(DesiredCertificate certificate)
    {
        Facts facts = Deploying(certificate);
        return facts.With(facts.Certificate("mx1").With(
            Given.In(2, NextKey, new GenerationState.Issued(New, Now))));
    }

    private static Facts Fail(Facts facts, DateTimeOffset at)
    {
        var deploy = new Step.Deploy("mx1", 2, "");
        return facts.Intend(deploy, at).Complete(deploy, new StepOutcome.Unknown("timed out", "see to it"), at);
    }

    private static Observation Fails(Observation seen, Endpoint endpoint)
    {
        EndpointObservation round = seen.Endpoints[endpoint];
        return seen with
        {
            Endpoints = seen.Endpoints.SetItem(endpoint, round with
            {
                Addresses = [new("192.0.2.25", [new Presented.HandshakeFailed("no usable key")])],
            }),
        };
    }

    private static Facts Shared() => Deploying(Mx1)
        .With(Given.Certificate("rsa", Given.Live(1, RsaKey)))
        .With(Given.Ledger(Some.Set(
            Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey), Some.Record("3 1 1", RsaKey))))
        .With(Given.Seen(Some.Mx, Old, OfRsa) with { TakenOverAt = Some.Start });

    private static Facts Rounds(DesiredCertificate certificate, Facts facts, Observation seen)
    {
        for (int i = 0; i < Evidence.CleanRoundsWanted; i++)
            facts = facts.Observe(certificate, seen);
        return facts;
    }

    private static Observation Seen(params (Endpoint Endpoint, ImmutableArray<Chain> Chains)[] shown) =>
        Observation.Nothing with
        {
            Endpoints = shown.ToImmutableDictionary(s => s.Endpoint, s => Look.Shows(s.Endpoint, Late, s.Chains)),
            LiveGeneration = 2,
        };

    private static Plan Decide(DesiredCertificate certificate, Facts facts, Observation seen, DateTimeOffset now) =>
        Planner.Next(Some.Desired(certificate), facts, seen, "mx1", now);
}

using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// An endpoint that does not show the chain in service is named, though no sender is refused there; its mail server is
/// reloaded where it may have missed one.
/// </summary>
public class UnservedTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly Endpoint Submissions = new("mx1.example.net", 465);
    private static readonly DesiredCertificate Mx1 = Some.Certificate with { Endpoints = [Some.Mx, Submissions] };
    private static readonly PublicKey Key = Some.Key(1);
    private static readonly Chain Chain = Some.Chain(Key), Other = Some.Chain(Key, from: Some.Start.AddDays(-90));
    private static readonly Facts Facts = Given.Steady(Mx1, Key);

    [Fact]
    public void Where_another_chain_is_shown_says_the_address_the_chain_and_what_to_do()
    {
        Hold hold = Assert.Single(Decide(Now, Other).Holds);
        Assert.Equal((Gate.Verification, Submissions.ToString()), (hold.Gate, hold.Subject));
        Assert.Contains($"at 192.0.2.25 shows {Other.Leaf}", hold.Reason, StringComparison.Ordinal);
        Assert.Contains("live/mx1 for mx1.example.net", hold.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Beside_a_chain_of_another_kind_of_key_it_is_shown()
    {
        Assert.Empty(Decide(Now, Chain).Holds);
        Assert.Empty(Decide(Now, Other, Chain).Holds);
    }

    [Fact]
    public void An_old_process_may_show_the_chain_before_for_a_while() =>
        Assert.Empty(Decide(Some.Start.AddSeconds(1), Other).Holds);

    [Fact]
    public void Who_shows_an_earlier_chain_of_ours_is_reloaded_less_and_less_often_until_it_shows_this_one()
    {
        var step = Assert.IsType<Step.Reload>(Decide(Now, Other).Next);
        Assert.Equal(1, step.Generation);
        Facts facts = Facts.Complete(step, new StepOutcome.Deployed(true, "reloaded"), Now);

        Assert.Null(Decide(facts, Now.AddSeconds(59), Other).Next);
        Hold rest = Assert.Single(Decide(facts, Now.AddSeconds(59), Other).Holds, h => h.Gate == Gate.Retry);
        Assert.Equal((Now.AddMinutes(1), Actor.MailServer), (rest.Until, rest.ActorAt(Now)));
        Assert.Contains("takes its time", rest.Reason, StringComparison.Ordinal);
        step = Assert.IsType<Step.Reload>(Decide(facts, Now.AddMinutes(1), Other).Next);
        facts = facts.Complete(step, new StepOutcome.Deployed(true, "reloaded"), Now.AddMinutes(1));
        Assert.Null(Decide(facts, Now.AddMinutes(2.9), Other).Next);
        Assert.IsType<Step.Reload>(Decide(facts, Now.AddMinutes(3), Other).Next);

        facts = facts.Observe(Mx1, Seen(Facts, Now.AddMinutes(3), Chain));
        Assert.Empty(facts.Certificate("mx1").Setbacks);
        Assert.IsType<GenerationState.Live>(facts.Certificate("mx1").Current!.State);
    }

    [Fact]
    public void While_an_address_does_not_answer_the_reload_before_is_not_forgotten()
    {
        var step = new Step.Reload("mx1", 1, "");
        Facts facts = Facts.Complete(step, new StepOutcome.Deployed(true, "reloaded"), Now);
        Observation seen = Seen(Facts, Now.AddSeconds(1), Chain);
        seen = seen with { Endpoints = seen.Endpoints.Remove(Submissions) };
        Assert.Single(facts.Observe(Mx1, seen).Certificate("mx1").Setbacks);
    }

    [Fact]
    public void What_somebody_else_put_there_is_not_helped_by_a_reload()
    {
        PublicKey known = Some.Key(9);
        var set = new RecordSet([Some.Record("3 1 1", Key), Some.Record("3 1 1", known)], Some.Ttl);
        Facts facts = Facts.With(Given.Foreign(set, Submissions.TlsaName));
        Plan plan = Decide(facts, Now, Some.Chain(known));
        Assert.Null(plan.Next);
        Assert.Equal(Gate.Verification, Assert.Single(plan.Holds).Gate);
    }

    [Fact]
    public void A_reload_waits_while_the_current_chain_would_be_refused_there()
    {
        OwnerLedger ledger = Facts.Owner(Submissions.TlsaName);
        var former = new RecordSet([Some.Record("3 0 1", Other)], Some.Ttl);
        Facts facts = Facts.With(ledger with
        {
            Sets = [new(former, Some.Start.AddDays(-60), new SetState.Gone(Now, Now)), .. ledger.Sets],
        });
        DateTimeOffset forgotten = Now + (2 * Some.Ttl); // RFC 7671 §8.1
        Assert.Null(Decide(facts, forgotten.AddSeconds(-1), Other).Next);
        Assert.IsType<Step.Reload>(Decide(facts, forgotten.AddSeconds(1), Other).Next);
    }

    [Fact]
    public void A_reload_waits_for_a_mail_server_that_is_not_ready()
    {
        Observation seen = Seen(Facts, Now, Other) with
        {
            MailServers = [new MailServerOutcome.Unavailable("stopped", "start it")],
        };
        Assert.Null(Decide(Facts, seen, Now).Next);
    }

    private static Plan Decide(DateTimeOffset now, params Chain[] shown) => Decide(Facts, now, shown);

    private static Plan Decide(Facts facts, DateTimeOffset now, params Chain[] shown) =>
        Decide(facts, Seen(facts, now, shown), now);

    private static Plan Decide(Facts facts, Observation seen, DateTimeOffset now) =>
        Planner.Next(Some.Desired(Mx1), facts.Observe(Mx1, seen), seen, "mx1", now);

    private static Observation Seen(Facts facts, DateTimeOffset now, params Chain[] shown)
    {
        Observation seen = Look.Well(facts, Mx1, now, Chain);
        return seen with
        {
            Endpoints = seen.Endpoints.SetItem(Submissions, Look.Shows(Submissions, now, [.. shown])),
        };
    }
}

using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// A deployment that was begun and not finished, because the program was killed or a mail server was not ready: it goes
/// on under the conditions of its first try, and says what it waits for.
/// </summary>
public class UnfinishedDeploymentTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(61);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Chain = Some.Chain(Key), NextChain = Some.Chain(NextKey, from: Now);
    private static readonly TlsaRecord Old = Some.Record("3 1 1", Key), New = Some.Record("3 1 1", NextKey);

    [Fact]
    public void While_no_mail_server_can_read_it_it_waits_until_a_name_server_is_heard()
    {
        Facts facts = Begun(Old, New);
        Observation seen = Look.Well(facts, Mx1, Now, Chain) with { LiveGeneration = 1 };
        Assert.IsType<Step.Deploy>(Decide(facts, seen).Next);

        OwnerObservation silent = Look.At(Now, new AnswerContent.Unreachable("timed out"));
        Plan plan = Decide(facts, seen with { Owners = seen.Owners.SetItem(Some.Owner, silent) });
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Propagation && h.Subject == Some.Owner);
    }

    [Fact]
    public void Each_name_is_asked_for_though_all_led_to_one_owner_before()
    {
        var other = new Endpoint("mx2.example.net", 25);
        DesiredCertificate both = Mx1 with { Endpoints = [Some.Mx, other] };
        Facts facts = Begun(Old, New).With(Given.Seen(other, Chain) with { TlsaOwner = Some.Owner });
        Observation seen = Look.Well(facts, both, Now, Chain) with { LiveGeneration = 1 };
        OwnerObservation silent = Look.At(Now, new AnswerContent.Unreachable("timed out")) with
        {
            Name = other.TlsaName,
            Owner = Some.Owner,
        };
        Assert.IsType<Step.Deploy>(Plan(seen).Next);
        Plan plan = Plan(seen with { Owners = seen.Owners.SetItem(other.TlsaName, silent) });
        Assert.Null(plan.Next);
        Assert.Contains(other.TlsaName, Assert.Single(plan.Holds).Reason, StringComparison.Ordinal);

        Plan Plan(Observation look) =>
            Planner.Next(Some.Desired(both), facts.Observe(both, look), look, "mx1", Now);
    }

    [Theory]
    [InlineData(1, Gate.Propagation, "which does not cover the chain of generation 2")]
    [InlineData(2, Gate.Safety, "to go on now would make senders fail")]
    public void It_waits_and_says_so_while_a_set_would_refuse_its_chain(int link, Gate gate, string reason)
    {
        Facts facts = Begun(Old);
        var rests = new Setback(
            StepKind.Publish, Now, Now, 1, Now.AddMinutes(5), "the provider is away", "see to it", Some.Owner);
        facts = facts.With(facts.Certificate("mx1") with { Setbacks = [rests] });
        Plan plan = Decide(facts, Look.Well(facts, Mx1, Now, Chain) with { LiveGeneration = link });
        Assert.IsNotType<Step.Deploy>(plan.Next);
        Assert.Contains(
            reason, Assert.Single(plan.Holds, h => h.Gate == gate).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_put_back_waits_for_no_name_server()
    {
        Facts facts = Given.Facts(
            [
                Given.Certificate(
                    "mx1",
                    Given.In(1, Key, new GenerationState.Deploying(Chain, Now, null, 0, GoesBack: true)),
                    Given.In(2, NextKey, new GenerationState.Issued(NextChain, Now))),
            ],
            [Given.Ledger(Some.Set(Old, New))],
            [Given.Seen(Some.Mx, NextChain) with { TakenOverAt = Some.Start }]);
        Observation seen = Look.Well(facts, Mx1, Now, NextChain) with { LiveGeneration = 2 };
        OwnerObservation silent = Look.At(Now, new AnswerContent.Unreachable("timed out"));
        Plan plan = Decide(facts, seen with { Owners = seen.Owners.SetItem(Some.Owner, silent) });
        Assert.Equal(1, Assert.IsType<Step.Deploy>(plan.Next).Generation);
    }

    private static Facts Begun(params TlsaRecord[] published) => Given.Facts(
        [
            Given.Certificate(
                "mx1",
                Given.Live(1, Key),
                Given.In(2, NextKey, new GenerationState.Deploying(NextChain, Now, null, 0))),
        ],
        [Given.Ledger(Some.Set([.. published]))],
        [Given.Seen(Some.Mx, Chain) with { TakenOverAt = Some.Start }]);

    private static Plan Decide(Facts facts, Observation seen) =>
        Planner.Next(Some.Desired(Mx1), facts, seen, "mx1", Now);
}

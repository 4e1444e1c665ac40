using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>Every hold says which rule it follows from and who is to act.</summary>
public class GateRulesTests
{
    private static readonly DateTimeOffset Late = Some.Start.AddHours(1);

    [Fact]
    public void Every_gate_has_a_rule_of_its_own()
    {
        Gate[] gates = Enum.GetValues<Gate>();
        Assert.Equal(gates.Length, gates.Select(g => Of(g).Rule).Where(r => r.Length > 20).Distinct().Count());
    }

    [Fact]
    public void What_ends_by_itself_is_nobodys_to_end() => Assert.All(
        Enum.GetValues<Gate>().Where(g => g != Gate.Retry),
        g => Assert.Equal(Actor.Nobody, (Of(g) with { Until = Some.Start }).ActorAt(Late)));

    [Theory]
    [InlineData(Gate.Propagation, "", Actor.DnsHost)]
    [InlineData(Gate.ZoneNotSecure, "", Actor.DnsHost)]
    [InlineData(Gate.SignatureExpiry, "", Actor.DnsHost)]
    [InlineData(Gate.Resolver, "", Actor.Operator)]
    [InlineData(Gate.Verification, "", Actor.MailServer)]
    [InlineData(Gate.MailServer, "", Actor.MailServer)]
    [InlineData(Gate.Stranger, "", Actor.Operator)]
    [InlineData(Gate.Safety, "", Actor.Operator)]
    [InlineData(Gate.Retry, "Issue", Actor.Operator)]
    [InlineData(Gate.Retry, "Publish _25._tcp.mx1.example.net", Actor.DnsHost)]
    [InlineData(Gate.Retry, "Withdraw", Actor.DnsHost)]
    [InlineData(Gate.Retry, "Deploy", Actor.MailServer)]
    [InlineData(Gate.Retry, "GenerateKey", Actor.Operator)]
    public void Who_is_to_act_follows_from_the_gate(Gate gate, string subject, Actor actor) =>
        Assert.Equal(actor, (Of(gate) with { Subject = subject }).ActorAt(Late));

    [Fact]
    public void A_step_that_only_takes_its_time_is_nobodys() => Assert.Equal(
        Actor.Nobody,
        (Of(Gate.Retry) with { Subject = "Issue", Remedy = "nothing: it is asked again then" }).ActorAt(Late));

    [Theory]
    [InlineData(Gate.Propagation)]
    [InlineData(Gate.Verification)]
    public void What_most_often_ends_within_minutes_is_nobodys_for_so_long(Gate gate) =>
        Assert.Equal(Actor.Nobody, Of(gate).ActorAt(Some.Start.AddMinutes(4)));

    private static Hold Of(Gate gate) => new(gate, "", Some.Start, null, "", "");
}

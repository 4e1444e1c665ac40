using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// Beside a host that does not answer several generations may be in service. What goes back is the one that was there
/// last: the number says nothing, for a standby key is older than the renewals after it.
/// </summary>
public class LastInServiceTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(61);
    private static readonly PublicKey Key = Some.Key(1);
    private static readonly PublicKey NextKey = Some.Key(2);
    private static readonly Chain Old = Some.Chain(Key);
    private static readonly Chain Renewed = Some.Chain(Key, from: Now);
    private static readonly Chain New = Some.Chain(NextKey, from: Now);

    [Fact]
    public void A_chain_that_mx1_cannot_work_with_gives_way_to_the_standby_key_and_not_to_the_leaked_one()
    {
        TwoHosts hosts = TwoHosts.Of(
            TwoHosts.Both with { KeyPolicy = KeyPolicy.Standby }, Now.AddMinutes(5), 3, Old,
            Given.Live(1, Key, Old), Given.In(2, NextKey, new GenerationState.Standby()),
            Given.In(3, Key, new GenerationState.Deploying(Renewed, Now, Now, 0)));
        hosts.Run(Now.AddDays(3), TimeSpan.FromMinutes(5));
        hosts.Ask(newKey: true, emergency: true);
        hosts.Run(Now.AddDays(5), TimeSpan.FromMinutes(5));
        Assert.Equal(2, hosts.Live);
        hosts.Run(Now.AddDays(85), TimeSpan.FromMinutes(30), h => h.Live == 5);
        Assert.Equal(5, hosts.Live);

        hosts.AtMx1 = h => h.Live == 5 ? new Presented.NoStartTls("not offered") : TwoHosts.Shows(h.ChainOf(h.Live));
        hosts.Run(hosts.Time.AddMinutes(10), TimeSpan.FromSeconds(20), h => h.Live != 5);
        Assert.True(hosts.Live == 2, hosts.Story);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_abort_puts_that_one_back(bool isVerified)
    {
        TwoHosts hosts = Third();
        if (isVerified)
        {
            hosts.AtMx2 = h => TwoHosts.Shows(h.ChainOf(h.Live));
            hosts.Run(hosts.Time.AddMinutes(5), TimeSpan.FromSeconds(20));
            Assert.IsType<GenerationState.Live>(hosts.Known.Find(3)!.State);
        }

        Assert.Equal(new Abortion.GoBack(2, 3), hosts.Abortion);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_second_abort_says_that_it_was_taken_back_already(bool isVerified)
    {
        TwoHosts hosts = Third();
        hosts.Abort();
        if (isVerified)
            hosts.AtMx2 = h => TwoHosts.Shows(h.ChainOf(h.Live));
        hosts.Run(hosts.Time.AddMinutes(10), TimeSpan.FromSeconds(20));
        Assert.Equal(2, hosts.Live);
        Assert.Equal(isVerified, hosts.Known.Find(2)!.State is GenerationState.Live);
        Assert.Contains(
            "taken back already", Assert.IsType<Abortion.Nothing>(hosts.Abortion).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_never_went_in_and_lost_its_key_is_given_up_beside_it()
    {
        PublicKey third = Some.Key(3);
        DateTimeOffset at = Now.AddDays(6);
        Chain promoted = Some.Chain(NextKey, from: Now.AddDays(5));
        TwoHosts hosts = TwoHosts.Of(
            TwoHosts.Both, at, 2, promoted,
            Given.Live(1, Key, Old), Given.In(2, NextKey, new GenerationState.Live(promoted, at)),
            Given.In(3, Key, new GenerationState.Live(Renewed, at.AddDays(-1))),
            Given.In(4, third, new GenerationState.Deploying(Some.Chain(third, from: at), at, null, 0)));
        Observation seen = Look.Well(hosts.Facts, hosts.Certificate, at, promoted) with
        {
            LiveGeneration = 2,
            KeysGone = [4],
        };
        Plan plan = Planner.Next(hosts.Desired, hosts.Facts, seen, "mx1", at.AddMinutes(1));
        Assert.Equal(4, Assert.IsType<Step.Archive>(plan.Next).Generation);
    }

    // Generation 3 was asked for and went in beside 2, which mx2 keeps from being verified.
    private static TwoHosts Third()
    {
        TwoHosts hosts = TwoHosts.Of(
            TwoHosts.Both, Now.AddMinutes(5), 2, Old,
            Given.Live(1, Key, Old), Given.In(2, NextKey, new GenerationState.Deploying(New, Now, Now, 0)));
        hosts.Run(Now.AddHours(3), TimeSpan.FromMinutes(1));
        hosts.Ask(newKey: true, emergency: false);
        hosts.Run(Now.AddDays(1), TimeSpan.FromMinutes(5), h => h.Live == 3);
        Assert.Equal(3, hosts.Live);
        return hosts;
    }
}

using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Tests.Engine.Model;
using Xunit;

namespace RolloverD.Tests.Engine;

/// <summary>
/// Name servers, addresses and endpoints that were taken out are asked as long as it matters what they say.
/// </summary>
public class FormerTests
{
    private static readonly string Owner = EngineWorld.Mx.TlsaName;

    [Fact]
    public async Task A_name_server_that_was_taken_out_is_asked_until_no_resolver_knows_it()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        Assert.Equal(2, world.Facts.Owner(Owner).Servers.Length);
        world.Zone.IsSecondaryOut = true;
        await world.TurnAsync();
        KnownServer left = Assert.Single(world.Facts.Owner(Owner).FormerServers);
        Assert.Equal(left.LeftAt + TestZone.ServersTtl, left.ForgottenAt);
        JournalEntry told = Assert.Single(world.Journal, e => e.Event == "left");
        Assert.Contains($"ns2.example.net (192.0.2.2) was taken out of the zone of {Owner}", told.Text,
            StringComparison.Ordinal);

        await RollAsync(world);
        Assert.Single(world.Journal, e => e.Event == "left");
        world.Clock.Pass(TestZone.ServersTtl + EngineWorld.Timing.SafetyMargin);
        await world.TurnAsync();
        Assert.Empty(world.Facts.Owner(Owner).FormerServers);
    }

    [Fact]
    public async Task An_address_that_was_taken_out_is_met_until_no_sender_knows_it()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        Assert.Equal(2, world.Facts.EndpointOf(EngineWorld.Mx).Addresses.Length);
        world.Host.IsOtherOut = true;
        await world.TurnAsync();
        KnownAddress left = Assert.Single(world.Facts.EndpointOf(EngineWorld.Mx).FormerAddresses);
        Assert.Equal(left.LeftAt + TestHost.AddressesTtl, left.ForgottenAt);
        JournalEntry told = Assert.Single(world.Journal, e => e.Event == "left");
        Assert.Contains("192.0.2.26 was taken out of DNS", told.Text, StringComparison.Ordinal);

        await RollAsync(world);
        Assert.Single(world.Journal, e => e.Event == "left");
        world.Clock.Pass(TestHost.AddressesTtl + EngineWorld.Timing.SafetyMargin);
        await world.TurnAsync();
        Assert.Empty(world.Facts.EndpointOf(EngineWorld.Mx).FormerAddresses);
    }

    [Fact]
    public async Task An_endpoint_that_was_taken_out_is_met_until_its_records_are_withdrawn()
    {
        var submission = new Endpoint(EngineWorld.Mx.Host, 465);
        var world = new EngineWorld(endpoints: [EngineWorld.Mx, submission]);
        await world.SettleAsync();
        RecordSet published = world.Facts.Owner(submission.TlsaName).Latest!;
        world.Reconfigure([EngineWorld.Mx]);
        world.Host.Met.Clear();
        world.Zone.Asked.Clear();
        TickResult? turn = await world.TurnAsync();
        Assert.Equal(submission.TlsaName, Assert.IsType<Step.Withdraw>(turn!.Plan.Next).Owner);
        Assert.Equal(2, world.Host.Met.Count(e => e == submission)); // for the plan, and once more just before
        Assert.Equal(2, world.Zone.Asked.Count(name => name == submission.TlsaName));
        Assert.Equal(RecordSet.Absent, world.Facts.Owner(submission.TlsaName).Latest);
        Assert.Contains(published, world.Facts.Owner(submission.TlsaName).Sets.Select(s => s.Records));

        world.Host.Met.Clear();
        await world.TurnAsync();
        Assert.DoesNotContain(submission, world.Host.Met);
        Assert.Contains(EngineWorld.Mx, world.Host.Met);
    }

    // A provider that changes records one by one would give what is left in between the TTL it is asked for.
    [Theory]
    [InlineData(7200)]
    [InlineData(60)]
    public async Task Records_that_all_go_are_asked_for_no_other_TTL_than_they_have(int configured)
    {
        var submission = new Endpoint(EngineWorld.Mx.Host, 465);
        var world = new EngineWorld(endpoints: [EngineWorld.Mx, submission]);
        await world.SettleAsync();
        List<DnsChange> asked = [];
        world.Zone.Instead = change =>
        {
            asked.Add(change);
            return null;
        };
        world.Reconfigure([EngineWorld.Mx], ttl: TimeSpan.FromSeconds(configured));
        await world.RunUntilAsync(_ => world.Zone.Held(submission.TlsaName).IsAbsent);

        DnsChange all = Assert.Single(asked, change => change.Owner == submission.TlsaName);
        Assert.Equal(EngineWorld.Timing.Ttl, all.Ttl);
    }

    // What is out answers and shows the same as the others, so it keeps nothing waiting.
    private static async Task RollAsync(EngineWorld world)
    {
        int before = world.Known.Current!.Number;
        DateTimeOffset begin = world.Clock.GetUtcNow();
        world.Ask(newKey: true);
        await world.RunUntilAsync(_ => world.Known.Current is { State: GenerationState.Live } now
            && now.Number > before);
        Assert.True(world.Clock.GetUtcNow() < begin + (3 * EngineWorld.Timing.Ttl));
    }
}

using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Tests.Engine.Model;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Engine;

/// <summary>
/// The program is killed between any two things that it does, in the whole life of a certificate: first key, first
/// record, a roll, the end of the old key. Started anew it goes on, and in the end all is as if nothing had been.
/// </summary>
public sealed class KilledAnywhereTests
{
    [Theory]
    [InlineData(KeyPolicy.Rotate, true)]
    [InlineData(KeyPolicy.Standby, true)]
    [InlineData(KeyPolicy.Reuse, false)]
    public async Task Killed_before_any_effect_the_roll_ends_well(KeyPolicy policy, bool newKey)
    {
        int effects = (await LiveAsync(policy, newKey)).Effects.Done.Count;
        TestContext.Current.TestOutputHelper?.WriteLine($"{effects} effects");
        Assert.True(effects > 80, $"only {effects} effects");
        for (int n = 1; n <= effects; n++)
        {
            EngineWorld world = await LiveAsync(policy, newKey, n);
            Assert.Single(world.Effects.Kills);
            AssertWell(world, $"killed before effect {n}, {world.Effects.Kills[0]}");
        }
    }

    [Fact]
    public async Task Killed_again_soon_after_the_start_the_roll_ends_well()
    {
        int effects = (await LiveAsync(KeyPolicy.Rotate, true)).Effects.Done.Count;
        for (int n = 1; n <= effects; n++)
        {
            int again = n + 1 + (n % 11);
            EngineWorld world = await LiveAsync(KeyPolicy.Rotate, true, n, again, again + 1 + (n % 5));
            AssertWell(world, $"killed before effects {n}, {again}: {string.Join(", ", world.Effects.Kills)}");
        }
    }

    [Fact]
    public async Task A_chain_that_was_stored_and_not_written_down_never_goes_live_in_place_of_the_one_that_was_judged()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        await world.RunUntilAsync(r => r.Plan.Next is Step.Issue { Generation: 2 });

        // As an order for the same generation leaves it that was killed after the files were written.
        var request = new IssueRequest(
            EngineWorld.Name, 2, [EngineWorld.Mx.Host],
            world.Files.CreateRequest(EngineWorld.Name, 2, [EngineWorld.Mx.Host]),
            new MemoryStore().Notebook("ca", EngineWorld.Name, 2));
        var late = (IssueOutcome.Issued)await world.Issuer.IssueAsync(request, TestContext.Current.CancellationToken);
        world.Files.StoreChain(EngineWorld.Name, 2, late.Chains[0]);

        await world.SettleAsync();
        var live = Assert.IsType<GenerationState.Live>(world.Known.Find(2)!.State);
        Assert.NotEqual(live.Chain.Leaf.Der, late.Chains[0][0]);
        Assert.Equal(live.Chain, world.Host.Presented);
    }

    private static async Task<EngineWorld> LiveAsync(KeyPolicy policy, bool newKey, params int[] killAt)
    {
        var world = new EngineWorld(policy, killAt: killAt);
        await world.SettleAsync();
        world.Ask(newKey);
        await world.SettleAsync();
        return world;
    }

    private static void AssertWell(EngineWorld world, string when)
    {
        CertificateFacts known = world.Known;
        var live = Assert.IsType<GenerationState.Live>(known.Current!.State);
        Assert.True(world.Files.Linked == known.Current.Number, $"{when}: live/ points at {world.Files.Linked}");
        Assert.True(live.Chain.Equals(world.Host.Presented), $"{when}: another chain is shown");
        Assert.Null(known.Request);
        Assert.DoesNotContain(
            known.Generations, g => g.State is GenerationState.Superseded or GenerationState.Deploying);

        // No key is lost, none is left over.
        Assert.Equal(
            known.Generations.Where(g => g.State is not GenerationState.Archived)
                .Select(g => (g.Number, g.Key)),
            world.Files.Keys.Select(k => (k.Key, k.Value)));

        // No record is missing, none is left over.
        TlsaRecord[] wanted =
            [.. Wanted.At(world.World.Desired, world.Facts, EngineWorld.Mx.TlsaName, world.Clock.GetUtcNow()).Order()];
        Assert.True(
            wanted.SequenceEqual(world.Zone.Held(EngineWorld.Mx.TlsaName).Records),
            $"{when}: the zone holds {world.Zone.Held(EngineWorld.Mx.TlsaName)}");

        // An order whose answer was lost before it could be noted is placed again; no other is.
        int lost = world.Effects.Kills.Count(k => k == "note order");
        Assert.True(
            world.Issuer.Orders == 2 + lost,
            $"{when}: {world.Issuer.Orders} orders, {string.Join(", ", known.Generations)}");
    }
}

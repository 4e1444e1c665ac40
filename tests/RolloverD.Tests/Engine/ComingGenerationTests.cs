using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Tests.Engine.Model;
using Xunit;

namespace RolloverD.Tests.Engine;

/// <summary>
/// A mail server is asked about the generation that is to go in, not about the one that is there; and what was made for
/// a generation that then does not come is not kept.
/// </summary>
public sealed class ComingGenerationTests
{
    [Fact]
    public async Task A_mail_server_is_asked_about_the_generation_that_goes_in_by_the_look_and_by_the_step()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        await world.RunUntilAsync(r => r.Plan.Next is Step.Issue { Generation: 2 });
        world.Host.Coming.Clear();

        await world.RunUntilAsync(r => r.Plan.Next is Step.Deploy);

        Assert.True(world.Host.Coming.Count >= 2);
        Assert.All(world.Host.Coming, coming => Assert.Equal("/archive/mx1/2", coming));
    }

    [Fact]
    public async Task A_key_that_was_made_and_never_written_down_is_destroyed_when_nothing_wants_it()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        int next = world.Known.NextNumber;
        world.Files.CreateKey(EngineWorld.Name, next, KeyAlgorithm.EcdsaP256);

        await world.RunUntilAsync(r => r.Plan.Next is Step.Archive);

        Assert.DoesNotContain(next, world.Files.Keys.Keys);
        Assert.Equal(next, world.Known.NextNumber);
        Assert.Contains(world.Known.Current!.Number, world.Files.Keys.Keys);
    }

    [Fact]
    public async Task What_is_put_back_is_what_a_mail_server_is_asked_about()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);

        // Seen once by everybody, the new chain is then shown no more.
        world.Effects.Watch = _ => world.Host.Broken |=
            world.Known.Find(2)?.State is GenerationState.Deploying { CleanRounds: 1 };
        await world.RunUntilAsync(r => r.Plan.Next is Step.PutBack);

        Assert.Equal("/archive/mx1/1", world.Host.Coming[^1]);
    }
}

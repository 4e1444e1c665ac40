using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Tests.Engine.Model;
using Xunit;

namespace RolloverD.Tests.Engine;

/// <summary>
/// What goes back goes back on every mail server that can, at every try, also when one was interrupted; and what went
/// in is taken on by every one that can.
/// </summary>
public sealed class GoingBackEverywhereTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_mail_server_that_is_not_ready_or_cannot_be_reloaded_keeps_no_other_from_going_back(bool isReady)
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        world.Effects.Watch = _ =>
        {
            world.Host.Broken |= world.Known.Find(2)?.State is GenerationState.Deploying { CleanRounds: 1 };
            if (world.Host.Broken)
                world.Other = new FailingServer(isReady);
        };
        StepOutcome? outcome = null;
        await world.RunUntilAsync(r => (outcome = r.Outcome) is not null && r.Plan.Next is Step.PutBack);

        Assert.Contains(
            "broken main.cf", Assert.IsType<StepOutcome.Unknown>(outcome).Reason, StringComparison.Ordinal);
        Assert.Equal(1, world.Files.Linked);
        Assert.Equal(world.Known.Find(1)!.Key, world.Host.Presented!.Key);
    }

    [Theory]
    [InlineData("prepare other", true)]
    [InlineData("swap link", true)]
    [InlineData("reload server", true)]
    [InlineData("swap link", false)]
    [InlineData("reload server", false)]
    public async Task Killed_or_failed_while_it_goes_back_it_still_does_not_wait_for_a_server_that_is_not_ready(
        string killedBefore, bool isKilled)
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        bool began = false, killed = false;
        var other = new FailingServer(isReady: false, () => Kill("prepare other"));
        world.Effects.Watch = what =>
        {
            began |= world.Known.Find(2)?.State is GenerationState.Deploying { CleanRounds: 1 };
            // Generation 2 is what this server cannot work with; generation 1 it can.
            world.Host.Broken = began && world.Host.Presented!.Key.Equals(world.Known.Find(2)!.Key);
            if (began)
                world.Other = other;
            Kill(what);
        };
        await world.RunUntilAsync(_ => killed);
        Assert.IsType<GenerationState.Deploying>(world.Known.Find(1)!.State);
        DateTimeOffset end = world.Clock.GetUtcNow().AddHours(1);
        await world.RunUntilAsync(
            _ => world.Clock.GetUtcNow() > end || (world.Files.Linked == 1 && !world.Host.Broken));

        Assert.Equal(1, world.Files.Linked);
        Assert.Equal(world.Known.Find(1)!.Key, world.Host.Presented!.Key);

        void Kill(string what)
        {
            if (!killed && what == killedBefore && world.Known.Find(2)?.State is GenerationState.Issued && began)
            {
                killed = true;
                throw isKilled ? new KilledException() : new IOException("only this once");
            }
        }
    }

    [Fact]
    public async Task Where_the_key_of_the_generation_before_is_gone_the_one_that_is_there_is_waited_for()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        DateTimeOffset? broken = null;
        world.Effects.Watch = _ =>
        {
            if (broken is null && world.Known.Find(2)?.State is GenerationState.Deploying { CleanRounds: 1 })
            {
                broken = world.Clock.GetUtcNow();
                world.Files.Keys.Remove(1); // somebody deleted it
            }

            world.Host.Broken = world.Clock.GetUtcNow() < broken?.AddHours(1);
        };
        await world.RunUntilAsync(r =>
        {
            Assert.IsNotType<Step.PutBack>(r.Plan.Next);
            return world.Known.Find(2)?.State is GenerationState.Live;
        });
        Assert.Equal(2, world.Files.Linked);
    }

    // Two keys of one kind, and Postfix offers no TLS: it says so when it is asked for generation 1.
    [Fact]
    public async Task A_server_that_works_is_not_given_one_that_it_cannot_work_with_for_the_sake_of_another()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        bool began = false, works = true;
        world.Effects.Watch = what =>
        {
            began |= world.Known.Find(2)?.State is GenerationState.Deploying { CleanRounds: 1 };
            world.Host.Broken = began && world.Host.Presented!.Key.Equals(world.Known.Find(2)!.Key);
            if (began)
                world.Other = new Clashing(() => world.Files.Linked);
            works &= !(began && world.Files.Linked == 1); // new workers read what live/ holds, reloaded or not
        };
        DateTimeOffset end = world.Clock.GetUtcNow().AddHours(1);
        await world.RunUntilAsync(r => world.Clock.GetUtcNow() > end || !works);

        Assert.True(works, string.Join("\n", world.Journal.TakeLast(6)));
    }

    [Fact]
    public async Task A_mail_server_that_cannot_be_reloaded_keeps_no_other_from_what_went_in()
    {
        var world = new EngineWorld();
        await world.SettleAsync();
        world.Ask(newKey: true);
        world.Other = new FailingServer(isReady: true);
        DateTimeOffset? swapped = null;
        await world.RunUntilAsync(_ =>
        {
            swapped ??= world.Files.Linked == 2 ? world.Clock.GetUtcNow() : null;
            return world.Clock.GetUtcNow() > swapped?.AddMinutes(1);
        });

        Assert.Equal(world.Known.Find(2)!.Key, world.Host.Presented!.Key);
    }

    private sealed class Clashing(Func<int?> linked) : IMailServer
    {
        private static readonly MailServerOutcome.NotConfigured Clash =
            new("smtp/inet offers no TLS: two files hold a key of one kind", "list one key of each kind");

        public Task<MailServerOutcome> PrepareAsync(LiveFiles live, CancellationToken cancellation) =>
            Task.FromResult<MailServerOutcome>(
                live.Coming?.EndsWith("/1", StringComparison.Ordinal) == true
                    ? Clash
                    : new MailServerOutcome.Done("ready"));

        public Task<MailServerOutcome> ReloadAsync(LiveFiles live, CancellationToken cancellation) =>
            Task.FromResult<MailServerOutcome>(linked() == 1 ? Clash : new MailServerOutcome.Done("reloaded"));

        public Task<MailServerOutcome> ConfigureAsync(LiveFiles live, CancellationToken cancellation) =>
            throw new NotSupportedException("nothing is to be configured here");
    }

    private sealed class FailingServer(bool isReady, Action? asked = null) : IMailServer
    {
        private static readonly MailServerOutcome.Failed Broken = new("broken main.cf", "mend it");

        public Task<MailServerOutcome> PrepareAsync(LiveFiles live, CancellationToken cancellation)
        {
            asked?.Invoke();
            return Task.FromResult<MailServerOutcome>(isReady ? new MailServerOutcome.Done("ready") : Broken);
        }

        public Task<MailServerOutcome> ReloadAsync(LiveFiles live, CancellationToken cancellation) =>
            Task.FromResult<MailServerOutcome>(Broken);

        public Task<MailServerOutcome> ConfigureAsync(LiveFiles live, CancellationToken cancellation) =>
            throw new NotSupportedException("nothing is to be configured here");
    }
}

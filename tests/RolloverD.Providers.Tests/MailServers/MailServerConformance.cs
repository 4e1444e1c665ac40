using RolloverD.Core.Ports;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Providers.Tests.MailServers;

/// <summary>What every mail server's adapter must do. Derive, say how to make a sandbox, and inherit it all.</summary>
public abstract class MailServerConformance : MailServerTests
{
    [Fact]
    public async Task A_server_that_does_not_read_live_is_told_the_line_and_left_as_it_is()
    {
        await using IMailServerSandbox sandbox = await CreateAsync();
        LiveDirectory live = LiveOf(sandbox);
        string before = sandbox.Configuration;

        var outcome =
            Assert.IsType<MailServerOutcome.NotConfigured>(await sandbox.Server.PrepareAsync(live.Files, default));

        Assert.Contains(live.Files.Directory, outcome.Remedy, StringComparison.Ordinal);
        Assert.Equal(before, sandbox.Configuration);
    }

    [Fact]
    public async Task Configured_and_running_it_is_ready_and_shows_what_live_holds()
    {
        await using IMailServerSandbox sandbox = await CreateAsync();
        LiveDirectory live = LiveOf(sandbox);
        TestCertificate first = Root.SignHost(Host);
        live.Swap(first, Root);

        await ConfigureAndStartAsync(sandbox, live);

        Assert.IsType<MailServerOutcome.Done>(await sandbox.Server.PrepareAsync(live.Files, default));
        await ShowsOnlyAsync(sandbox, first);
    }

    [Fact]
    public async Task Configuring_again_changes_nothing()
    {
        await using IMailServerSandbox sandbox = await CreateAsync();
        LiveDirectory live = LiveOf(sandbox);
        live.Swap(Root.SignHost(Host));
        Assert.IsType<MailServerOutcome.Done>(await sandbox.Server.ConfigureAsync(live.Files, default));
        string once = sandbox.Configuration;

        Assert.IsType<MailServerOutcome.Done>(await sandbox.Server.ConfigureAsync(live.Files, default));

        Assert.Equal(once, sandbox.Configuration);
    }

    [Fact]
    public async Task It_is_not_made_to_read_files_that_are_not_there()
    {
        await using IMailServerSandbox sandbox = await CreateAsync();
        LiveDirectory live = LiveOf(sandbox);
        string before = sandbox.Configuration;

        Assert.IsType<MailServerOutcome.Failed>(await sandbox.Server.ConfigureAsync(live.Files, default));

        Assert.Equal(before, sandbox.Configuration);
    }

    [Fact]
    public async Task A_reload_after_the_swap_shows_the_new_chain_and_the_old_one_again_when_swapped_back()
    {
        await using IMailServerSandbox sandbox = await CreateAsync();
        LiveDirectory live = LiveOf(sandbox);
        TestCertificate first = Root.SignHost(Host);
        TestCertificate second = Root.SignHost(Host);
        live.Swap(first, Root);
        await ConfigureAndStartAsync(sandbox, live);
        await ShowsOnlyAsync(sandbox, first);

        live.Swap(second, Root);
        Assert.IsType<MailServerOutcome.Done>(await sandbox.Server.ReloadAsync(live.Files, default));
        await ShowsOnlyAsync(sandbox, second);
        Assert.IsType<MailServerOutcome.Done>(await sandbox.Server.ReloadAsync(live.Files, default));
        await ShowsOnlyAsync(sandbox, second);

        live.Swap(first, Root);
        Assert.IsType<MailServerOutcome.Done>(await sandbox.Server.ReloadAsync(live.Files, default));
        await ShowsOnlyAsync(sandbox, first);
    }

    [Fact]
    public async Task A_stopped_server_is_unavailable_and_is_not_started()
    {
        await using IMailServerSandbox sandbox = await CreateAsync();
        LiveDirectory live = LiveOf(sandbox);
        live.Swap(Root.SignHost(Host));
        await ConfigureAndStartAsync(sandbox, live);
        await sandbox.StopAsync();

        Assert.IsType<MailServerOutcome.Unavailable>(await sandbox.Server.PrepareAsync(live.Files, default));
        Assert.IsType<MailServerOutcome.Unavailable>(await sandbox.Server.ReloadAsync(live.Files, default));

        Assert.IsType<Presented.Unreachable>(Assert.Single(await PresentedAsync(sandbox)));
    }

    [Fact]
    public async Task An_unsound_configuration_fails_with_the_servers_own_words()
    {
        await using IMailServerSandbox sandbox = await CreateAsync();
        LiveDirectory live = LiveOf(sandbox);
        TestCertificate first = Root.SignHost(Host);
        live.Swap(first);
        await ConfigureAndStartAsync(sandbox, live);

        string word = sandbox.Break();
        string broken = sandbox.Configuration;

        foreach (Func<LiveFiles, CancellationToken, Task<MailServerOutcome>> call in
            (Func<LiveFiles, CancellationToken, Task<MailServerOutcome>>[])
            [sandbox.Server.PrepareAsync, sandbox.Server.ReloadAsync, sandbox.Server.ConfigureAsync])
        {
            var failed = Assert.IsType<MailServerOutcome.Failed>(await call(live.Files, default));
            Assert.Contains(word, failed.Reason, StringComparison.Ordinal);
        }

        Assert.Equal(broken, sandbox.Configuration);
    }

    [Fact]
    public async Task A_server_without_TLS_is_seen_as_such()
    {
        await using IMailServerSandbox sandbox = await CreateAsync();
        LiveDirectory live = LiveOf(sandbox);
        live.Swap(Root.SignHost(Host));
        await ConfigureAndStartAsync(sandbox, live);

        await sandbox.TurnTlsOffAsync();

        Assert.IsType<MailServerOutcome.NotConfigured>(await sandbox.Server.PrepareAsync(live.Files, default));
        await UntilAsync(sandbox, seen => seen is [Presented.NoStartTls]);
    }

    /// <summary>Makes a sandbox whose server serves mail but knows nothing of RolloverD.</summary>
    protected abstract Task<IMailServerSandbox> CreateAsync();
}

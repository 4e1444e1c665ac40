namespace RolloverD.Lab.Tests;

/// <summary>Whole rollovers on real servers while mail flows; none may be refused.</summary>
[Collection("lab")]
public sealed class RolloverTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task A_key_rolls_under_rotate_and_no_mail_is_refused()
    {
        await using Lab lab = await Lab.UpAsync("rotate", "--policy", "rotate");
        await lab.BootstrapAsync();
        var before = (await lab.StatusAsync()).Mx1.Live;
        await lab.StartTrafficAsync();
        await lab.RolloverdSucceedsAsync("roll", "mx1");
        Status after = await lab.UntilAsync(
            "the end of the roll", Long, s => s.Mx1.IsSteady && s.Mx1.Live.Number > before.Number);
        Traffic traffic = await lab.StopTrafficAsync();

        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
        Assert.NotEqual(before.Key, after.Mx1.Live.Key);
        await OnlyTheLiveKeyIsPublished(lab, after);
        Assert.True(await lab.VerifiesAsync());
    }

    [Fact]
    public async Task A_renewal_under_reuse_changes_no_record()
    {
        await using Lab lab = await Lab.UpAsync("reuse", "--policy", "reuse");
        await lab.BootstrapAsync();
        var before = (await lab.StatusAsync()).Mx1.Live;
        string[] published = await lab.PublishedAsync("127.0.53.2");
        int updates = await UpdatesAsync(lab);
        Assert.Equal(1, updates); // the first publication: the log does tell them
        await lab.StartTrafficAsync();
        await lab.RolloverdSucceedsAsync("roll", "mx1", "--same-key");
        Status after = await lab.UntilAsync(
            "the end of the renewal", Long, s => s.Mx1.IsSteady && s.Mx1.Live.Number > before.Number);
        Traffic traffic = await lab.StopTrafficAsync();

        Assert.True(traffic is { Sent: > 0, Refused: 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
        Assert.Equal(before.Key, after.Mx1.Live.Key);
        Assert.Equal(published, await lab.PublishedAsync("127.0.53.2"));
        Assert.Equal(updates, await UpdatesAsync(lab));
    }

    [Fact]
    public async Task A_roll_under_standby_swaps_at_once_and_the_next_standby_key_is_published_afterwards()
    {
        await using Lab lab = await Lab.UpAsync("standby", "--policy", "standby");
        await lab.BootstrapAsync();
        Status before = await lab.UntilAsync("a standby key", Long, s => s.Mx1.IsSteady && s.Mx1.Has("standby"));
        string standby = before.Mx1.Generations.Last(g => g.State == "standby").Key;
        await lab.StartTrafficAsync();
        await lab.RolloverdSucceedsAsync("roll", "mx1", "--new-key");
        Status swapped = await lab.UntilAsync("the swap", Long, s => s.Mx1.Live.Key == standby);
        Status after = await lab.UntilAsync(
            "the next standby key", Long, s => s.Mx1.IsSteady && s.Mx1.Has("standby"));
        Traffic traffic = await lab.StopTrafficAsync();

        Assert.True(traffic is { Sent: > 0, Refused: 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
        string history = await lab.RolloverdSucceedsAsync("history", "mx1");
        string sinceAsked = history[history.LastIndexOf("asked", StringComparison.Ordinal)..];
        string untilSwap = sinceAsked[..sinceAsked.IndexOf("verified", StringComparison.Ordinal)];
        Assert.DoesNotContain("caches may still hold", untilSwap, StringComparison.Ordinal);
        string next = after.Mx1.Generations.Last(g => g.State == "standby").Key;
        Assert.NotEqual(standby, next);
        string[] wanted = [.. new[] { $"3 1 1 {standby}", $"3 1 1 {next}" }.Order()];
        Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.3"));
        Assert.Equal(standby, swapped.Mx1.Live.Key);
    }

    [Fact]
    public async Task By_hand_a_step_that_is_too_early_is_refused_with_75_and_the_reason()
    {
        await using Lab lab = await Lab.UpAsync("byhand", "--policy", "rotate");
        await lab.BootstrapAsync();
        await lab.KillDaemonAsync();
        var before = (await lab.StatusAsync()).Mx1.Live;
        await lab.StartTrafficAsync();
        await lab.RolloverdSucceedsAsync("roll", "mx1", "--new-key");

        string plan = await lab.RolloverdSucceedsAsync("plan", "mx1");
        foreach (string word in new[] { "generate the key", "publish", "order the certificate", "deploy", "withdraw" })
            Assert.Contains(word, plan, StringComparison.Ordinal);

        Assert.Contains("generate the key", await lab.RolloverdSucceedsAsync("step", "mx1"), StringComparison.Ordinal);
        Assert.Contains("publish", await lab.RolloverdSucceedsAsync("step", "mx1"), StringComparison.Ordinal);
        Result early = await lab.RolloverdAsync("step", "mx1");
        Assert.Equal(75, early.ExitCode);
        Assert.Matches(
            "(?s)caches until .*caches may still hold|propagation .*a server may still give out", early.Output);
        Assert.Contains("order", await lab.RolloverdSucceedsAsync("step", "mx1", "--wait"), StringComparison.Ordinal);

        while (!(await lab.StatusAsync()).Mx1.IsSteady)
            await lab.RolloverdSucceedsAsync("step", "mx1", "--wait");
        Traffic traffic = await lab.StopTrafficAsync();
        Assert.True(traffic is { Sent: > 0, Refused: 0, Failed: 0 }, traffic.Text);
        Status after = await lab.StatusAsync();
        Assert.True(after.Mx1.Live.Number > before.Number, after.Text);
        await OnlyTheLiveKeyIsPublished(lab, after);
    }

    [Fact]
    public async Task A_frozen_secondary_holds_the_roll_and_is_named_and_no_mail_is_refused()
    {
        await using Lab lab = await Lab.UpAsync("frozen", "--policy", "rotate");
        await lab.BootstrapAsync();
        var before = (await lab.StatusAsync()).Mx1.Live;
        await lab.ScriptAsync("fault", "secondary", "freeze");
        await lab.StartTrafficAsync();
        await lab.RolloverdSucceedsAsync("roll", "mx1");
        await lab.UntilAsync("the hold", Long, s => s.Mx1.Phase == "propagating");
        await Task.Delay(TimeSpan.FromSeconds(6 * lab.Ttl)); // far longer than the roll would take

        Status held = await lab.StatusAsync();
        Assert.Equal(before.Number, held.Mx1.Live.Number);
        Assert.Contains("127.0.53.3", held.Mx1.Holds, StringComparison.Ordinal);
        Assert.Contains(before.Key, held.Mx1.Holds, StringComparison.Ordinal);

        await lab.ScriptAsync("fault", "secondary", "thaw");
        await lab.UntilAsync("the end of the roll", Long, s => s.Mx1.IsSteady && s.Mx1.Live.Number > before.Number);
        Traffic traffic = await lab.StopTrafficAsync();
        Assert.True(traffic is { Sent: > 0, Refused: 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
    }

    private static async Task OnlyTheLiveKeyIsPublished(Lab lab, Status status)
    {
        string[] wanted = [$"3 1 1 {status.Mx1.Live.Key}"];
        Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.2"));
        Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.3"));
    }

    private static async Task<int> UpdatesAsync(Lab lab)
    {
        string log = await File.ReadAllTextAsync(Path.Combine(lab.Directory, "log", "primary"));
        return log.Split('\n').Count(l =>
            l.Contains("adding an RR at '_25._tcp.mx1.example.test'", StringComparison.Ordinal)
            || l.Contains("deleting an RR at _25._tcp.mx1.example.test", StringComparison.Ordinal));
    }
}

namespace RolloverD.Lab.Tests;

/// <summary>A Postfix that did not hear a reload goes on showing what it read before.</summary>
[Collection("lab")]
public sealed class MissedReloadTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(180);
    private static readonly string[] Addresses = ["127.0.25.1", "[fd53::25]"];

    // It is missed within the rollback window, in which the old records are still there. Until the window ends nobody
    // tells such a Postfix from one whose old processes are not done; then the reload comes before the records go.
    [Fact]
    public async Task A_Postfix_that_missed_a_reload_is_reloaded_while_the_old_records_stay()
    {
        await using Lab lab = await Lab.UpAsync("missed", "--policy", "rotate");
        lab.Configure(text => text.Replace(
            "rollback-window = \"2s\"", "rollback-window = \"40s\"", StringComparison.Ordinal));
        await lab.BootstrapAsync();
        var before = (await lab.StatusAsync()).Mx1.Live;
        await lab.BreakAsync("postfix", "keep");
        await lab.StartTrafficAsync();
        await lab.RolloverdSucceedsAsync("roll", "mx1", "--new-key");
        Status rolled = await lab.UntilAsync("the new chain in service", Long, s => s.Mx1.Phase == "overlapping");
        string key = rolled.Mx1.Live.Key;
        Assert.NotEqual(before.Key, key);
        await ShowAsync(lab, key);

        await lab.BreakAsync("postfix", "miss");
        await ShowAsync(lab, before.Key);
        Assert.Equal(2, (await lab.PublishedAsync("127.0.53.2")).Length);
        await ShowAsync(lab, key);
        string history = await lab.RolloverdSucceedsAsync("history", "mx1");
        Assert.Contains(
            $"have the mail servers take on generation {rolled.Mx1.Live.Number} once more", history,
            StringComparison.Ordinal);

        Status after = await lab.UntilAsync("the end of the roll", Long, s => s.Mx1.IsSteady);
        await Task.Delay(TimeSpan.FromSeconds(2 * lab.Ttl)); // until no cache holds the old records
        Traffic traffic = await lab.StopTrafficAsync();
        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
        Assert.Equal(key, after.Mx1.Live.Key);
        Assert.Equal([$"3 1 1 {key}"], await lab.PublishedAsync("127.0.53.2"));
        Assert.Equal([$"3 1 1 {key}"], await lab.PublishedAsync("127.0.53.3"));
    }

    private static async Task ShowAsync(Lab lab, string key)
    {
        foreach (string address in Addresses)
            await lab.ShowsAsync(address, key, Long);
    }
}

namespace RolloverD.Lab.Tests;

/// <summary>
/// A lab whose certificate is live and published, shared by the tests of a class: each rolls it once more.
/// </summary>
public abstract class SteadyLab(string name, string policy) : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(120);

    public Lab Lab { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Lab = await Lab.UpAsync(name, "--policy", policy, "--ttl", "3");
        await Lab.BootstrapAsync();
        await SteadyAsync("steadiness with all its keys");
    }

    /// <summary>
    /// Rolls the key while mail flows and things happen. What happens must mend itself: the roll must then end by
    /// itself, no mail may have been refused, and only the keys that are wanted may be published.
    /// </summary>
    public Task RollAsync(Func<Task> meanwhile) => RollUnderTrafficAsync(() => AskedAsync(meanwhile));

    /// <summary>The same with something broken before the roll is asked for, and as long as this takes.</summary>
    public Task RollWhileBrokenAsync(
        string fault, string repair, Func<Task> meanwhile, Func<Task>? afterwards = null) => RollUnderTrafficAsync(
            async () =>
            {
                await using (await Lab.FaultAsync(fault, repair))
                    await AskedAsync(meanwhile);
                if (afterwards is not null)
                    await afterwards();
            });

    /// <summary>The same for what takes the receiver out of service: afterwards it must be verified again.</summary>
    public Task RollWithoutTrafficAsync(Func<Task> meanwhile) => RollOnAsync(() => AskedAsync(meanwhile));

    /// <summary>
    /// Waits until the status explains a hold in all these words, and the chain that was live still is.
    /// </summary>
    public async Task HeldAsync(params string[] words)
    {
        int number = (await Lab.StatusAsync()).Mx1.Before;
        Status held = await Lab.UntilAsync(
            $"a hold that says '{string.Join("', '", words)}'",
            TimeSpan.FromSeconds(40),
            s => words.All(w => s.Mx1.Explained.Contains(w, StringComparison.Ordinal)));
        Assert.Equal(number, held.Mx1.Before);
    }

    /// <summary>Waits until the roll is there.</summary>
    public async Task PhaseAsync(string phase) =>
        await Lab.UntilAsync($"the phase {phase}", Long, s => s.Mx1.Phase == phase);

    public async ValueTask DisposeAsync()
    {
        if (Lab is not null)
            await Lab.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task AskedAsync(Func<Task> meanwhile)
    {
        await Lab.RolloverdSucceedsAsync("roll", "mx1", "--new-key");
        await meanwhile();
    }

    private async Task RollUnderTrafficAsync(Func<Task> roll)
    {
        await Lab.StartTrafficAsync();
        try
        {
            await RollOnAsync(roll);
            Traffic traffic = await Lab.StopTrafficAsync();
            Assert.True(
                traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await Lab.LogAsync());
        }
        finally
        {
            await Lab.ScriptAsync("traffic", "stop");
        }
    }

    private async Task RollOnAsync(Func<Task> roll)
    {
        Status before = await SteadyAsync("steadiness before the roll");
        await roll();
        Status after = await SteadyAsync("the end of the roll", before.Mx1.Live.Number);

        Assert.NotEqual(before.Mx1.Live.Key, after.Mx1.Live.Key);
        string[] wanted =
        [
            .. after.Mx1.Generations
                .Where(g => g.State is "live" or "standby")
                .Select(g => $"3 1 1 {g.Key}")
                .Order(),
        ];
        Assert.Equal(wanted, await Lab.PublishedAsync("127.0.53.2"));
        Assert.Equal(wanted, await Lab.PublishedAsync("127.0.53.3"));
        Assert.True(await Lab.VerifiesAsync());
    }

    private async Task<Status> SteadyAsync(string what, int beyond = 0) => await Lab.UntilAsync(
        what,
        Long,
        s => s.Mx1.IsSteady && s.Mx1.Live.Number > beyond && (policy != "standby" || s.Mx1.Has("standby")));
}

using System.Diagnostics;

namespace RolloverD.Lab.Tests;

/// <summary>The clock of the host is set in the middle of a wait.</summary>
[Collection("lab")]
public sealed class ClockFaultTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(120);

    // The authority asks for no proof again, or the order itself would wait for the clock: the primary refuses its
    // record. Taken for elapsed, the hour would end every wait: the new chain would be served while caches hold the old
    // record.
    [Fact]
    public async Task A_clock_that_is_set_ahead_by_an_hour_shortens_no_wait_and_is_named()
    {
        await using Lab lab = await Lab.UpAsync(
            "clock", "--policy", "rotate", "--ttl", "15", "--authz-reuse", "100");
        await lab.BootstrapAsync(clock: true);
        var before = (await lab.StatusAsync()).Mx1.Live;
        await lab.StartTrafficAsync();
        await lab.RolloverdSucceedsAsync("roll", "mx1", "--new-key");
        await lab.UntilAsync("the wait", Long, s => s.Mx1.Phase == "waiting for caches");
        long published = Stopwatch.GetTimestamp();
        await lab.BreakAsync("clock", "3600");

        await lab.UntilAsync("the swap", Long, s => s.Mx1.Live.Number > before.Number || s.Mx1.Phase == "deploying");
        TimeSpan waited = Stopwatch.GetElapsedTime(published);
        Lab.Say($"swapped {waited.TotalSeconds:0.0} s after the record was on both servers");
        await lab.UntilAsync(
            "a hold for the clock",
            Long,
            s => s.Mx1.Explained.Contains("(BADTIME): the server's clock is", StringComparison.Ordinal));
        await lab.BreakAsync("clock", "0");
        Status after = await lab.UntilAsync(
            "the end of the roll", Long, s => s.Mx1.IsSteady && s.Mx1.Live.Number > before.Number);
        Traffic traffic = await lab.StopTrafficAsync();
        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
        Assert.True(waited > TimeSpan.FromSeconds(lab.Ttl), $"swapped after {waited.TotalSeconds} s");
        Assert.Equal([$"3 1 1 {after.Mx1.Live.Key}"], await lab.PublishedAsync("127.0.53.2"));
    }
}

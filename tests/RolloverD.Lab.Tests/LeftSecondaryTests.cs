using System.Diagnostics;

namespace RolloverD.Lab.Tests;

/// <summary>
/// A secondary that stands still is taken out of the zone. Resolvers that hold the old NS records go on asking it until
/// these have run out, and it gives them the records from before the roll.
/// </summary>
[Collection("lab")]
public sealed class LeftSecondaryTests
{
    private const string Secondary = "127.0.53.3";
    private const string Hold =
        "(127.0.53.3), which was taken out of the zone and which resolvers may still ask until ";

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(180);

    [Fact]
    public async Task A_secondary_that_left_the_zone_is_waited_for_while_caches_ask_it()
    {
        await using Lab lab = await Lab.UpAsync("left", "--policy", "rotate", "--ns-ttl", "30");
        await lab.BootstrapAsync();
        var before = (await lab.StatusAsync()).Mx1.Live;
        await lab.StartTrafficAsync();
        await lab.BreakAsync("secondary", "freeze");

        // The sender's resolver takes the NS records anew just before they change, and so holds them for all their TTL.
        await lab.BreakAsync("resolver", "flush", "example.test");
        Assert.True(await lab.VerifiesAsync());
        long left = Stopwatch.GetTimestamp();
        await lab.BreakAsync("secondary", "leave");
        await lab.RolloverdSucceedsAsync("roll", "mx1", "--new-key");

        string hold = "";
        TimeSpan? inService = null;
        Status after = await lab.UntilAsync("the end of the roll", Long, s =>
        {
            if (s.Mx1.Explained.Contains(Hold, StringComparison.Ordinal))
                hold = s.Mx1.Explained;
            if (s.Mx1.Has("live") && s.Mx1.Live.Number > before.Number)
                inService ??= Stopwatch.GetElapsedTime(left);
            return s.Mx1.IsSteady && inService is not null;
        });
        await Task.Delay(TimeSpan.FromSeconds(2 * lab.Ttl)); // until no cache holds the old records
        Traffic traffic = await lab.StopTrafficAsync();
        Lab.Say($"the new chain was in service {inService!.Value.TotalSeconds:0.0} s after the secondary left; {hold}");

        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
        Assert.NotEmpty(hold);
        Assert.NotEqual(before.Key, after.Mx1.Live.Key);
        Assert.Equal([$"3 1 1 {after.Mx1.Live.Key}"], await lab.PublishedAsync("127.0.53.2"));
        Assert.Equal([$"3 1 1 {before.Key}"], await lab.PublishedAsync(Secondary)); // it stood still to the end
    }
}

using System.Diagnostics;

namespace RolloverD.Lab.Tests;

/// <summary>
/// The second host of a name is dead for months. That is no reason to let the certificate end on the first; but what
/// the dead one may still show stays published until its address is out of DNS.
/// </summary>
[Collection("lab")]
public sealed class DeadAddressTests
{
    private const string Receiver = "127.0.25.1";
    private const string Dead = "127.0.25.4";

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(150);

    [Fact]
    public async Task A_dead_address_stops_no_roll_and_keeps_every_record_until_it_is_taken_out()
    {
        await using Lab lab = await Lab.UpAsync("dead-address", "--policy", "rotate");
        await lab.BootstrapAsync();
        List<string> keys = [(await lab.StatusAsync()).Mx1.Live.Key];
        await lab.BreakAsync("address", "add");
        await lab.StartTrafficAsync();

        for (int roll = 1; roll <= 3; roll++)
        {
            await AskAsync(lab);
            Status rolling = await lab.UntilAsync(
                $"roll {roll} in service", Long, s => s.Mx1.Has("deploying") && !keys.Contains(Deploying(s)));
            keys.Add(Deploying(rolling));
            await lab.ShowsAsync(Receiver, keys[^1], Long);
        }

        Status waiting = await lab.UntilAsync(
            "what the last one waits for", Long, s => s.Mx1.Explained.Contains(Dead, StringComparison.Ordinal));
        Lab.Say(waiting.Mx1.Explained);
        string[] wanted = [.. keys.Select(k => $"3 1 1 {k}").Order()];
        Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.2"));
        Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.3"));

        await lab.BreakAsync("address", "remove");
        Status after = await lab.UntilAsync("the end of the rolls", Long, s => s.Mx1.IsSteady);
        await Task.Delay(TimeSpan.FromSeconds(2 * lab.Ttl)); // until no cache holds the old records
        Traffic traffic = await lab.StopTrafficAsync();
        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
        Assert.Equal(keys[^1], after.Mx1.Live.Key);
        Assert.Equal([$"3 1 1 {keys[^1]}"], await lab.PublishedAsync("127.0.53.2"));
        Assert.Equal([$"3 1 1 {keys[^1]}"], await lab.PublishedAsync("127.0.53.3"));
    }

    private static string Deploying(Status status) =>
        status.Mx1.Generations.Last(g => g.State == "deploying").Key;

    // Until the verification's patience is over, the roll before is to be waited for.
    private static async Task AskAsync(Lab lab)
    {
        long begin = Stopwatch.GetTimestamp();
        Result roll;
        while ((roll = await lab.RolloverdAsync("roll", "mx1", "--new-key")).ExitCode == 75)
        {
            Assert.True(Stopwatch.GetElapsedTime(begin) < Long, roll.Error + await lab.LogAsync());
            await Task.Delay(500);
        }

        Assert.True(roll.ExitCode == 0, roll.Output + roll.Error);
    }
}

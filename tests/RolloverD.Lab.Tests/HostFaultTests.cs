using System.Diagnostics;
using System.Globalization;

namespace RolloverD.Lab.Tests;

/// <summary>The ground under a roll gives way: the disk, the signer of the zone.</summary>
[Collection("lab")]
public sealed class HostFaultTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task A_full_disk_holds_the_roll_and_nothing_is_lost()
    {
        await using Lab lab = await Lab.UpAsync("full", "--policy", "rotate", "--state-size", "8");
        await lab.BootstrapAsync();
        var before = (await lab.StatusAsync()).Mx1.Live;
        await lab.StartTrafficAsync();
        await lab.RolloverdSucceedsAsync("roll", "mx1", "--new-key");
        await lab.UntilAsync("the wait", Long, s => s.Mx1.Phase == "waiting for caches");
        await lab.BreakAsync("state", "fill");
        await Task.Delay(TimeSpan.FromSeconds(5 * lab.Ttl)); // longer than the wait
        string log = await lab.LogAsync();
        Assert.Contains("the file system is full; what was there before is unharmed", log, StringComparison.Ordinal);
        Assert.Contains("Make room there", log, StringComparison.Ordinal);
        Assert.Equal(before.Number, (await lab.StatusAsync()).Mx1.Live.Number); // which can still be asked
        Assert.True(lab.DaemonRuns, await lab.LogAsync());
        await lab.BreakAsync("state", "free");

        Status after = await lab.UntilAsync(
            "the end of the roll", Long, s => s.Mx1.IsSteady && s.Mx1.Live.Number > before.Number);
        Traffic traffic = await lab.StopTrafficAsync();
        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
        Assert.NotEqual(before.Key, after.Mx1.Live.Key);
        Assert.Equal([$"3 1 1 {after.Mx1.Live.Key}"], await lab.PublishedAsync("127.0.53.2"));
        Assert.Single(Directory.EnumerateFiles(
            Path.Combine(lab.Environment["state"], "archive", "mx1"), "privkey.pem", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_signer_that_stands_still_holds_the_roll_before_signatures_expire()
    {
        await using Lab lab = await Lab.UpAsync("signer", "--policy", "rotate", "--signatures", "100");
        lab.Configure(text => text.Replace("margin = \"2s\"", "margin = \"14s\"", StringComparison.Ordinal));
        await lab.BootstrapAsync();
        var before = (await lab.StatusAsync()).Mx1.Live;
        await lab.StartTrafficAsync();

        // Frozen shortly before they would be renewed, these signatures are the first of the zone to expire.
        await UntilLeftAsync(lab, 54);
        await lab.BreakAsync("signer", "stop");
        await UntilLeftAsync(lab, 18); // less than two TTLs and the margin
        await lab.RolloverdSucceedsAsync("roll", "mx1", "--new-key");
        Status held = await lab.UntilAsync(
            "a hold for the signatures",
            TimeSpan.FromSeconds(10),
            s => s.Mx1.Explained.Contains("a signature at _25._tcp.mx1.example", StringComparison.Ordinal));
        Assert.Contains("see that the zone's signer runs", held.Mx1.Explained, StringComparison.Ordinal);
        Assert.Single(await lab.PublishedAsync("127.0.53.2"));
        await lab.BreakAsync("signer", "start");

        await lab.UntilAsync("the end of the roll", Long, s => s.Mx1.IsSteady && s.Mx1.Live.Number > before.Number);
        Traffic traffic = await lab.StopTrafficAsync();
        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
    }

    // Until the signature of the records has at most so many seconds left on the primary.
    private static async Task UntilLeftAsync(Lab lab, int seconds)
    {
        long begin = Stopwatch.GetTimestamp();
        while (await SecondsLeftAsync(lab) is not { } left || left > seconds)
        {
            Assert.True(Stopwatch.GetElapsedTime(begin) < Long, "the signatures never grew old");
            await Task.Delay(200);
        }
    }

    private static async Task<int?> SecondsLeftAsync(Lab lab)
    {
        Result dig = await lab.ExecAsync(
            "dig", "+dnssec", "+noall", "+answer", "@127.0.53.2", "_25._tcp.mx1.example.test", "TLSA");
        string[]? signature = dig.Output.Split('\n')
            .Select(l => l.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(f => f.Length > 8 && f[3] == "RRSIG");
        if (signature is null)
            return null;

        var expires = DateTime.ParseExact(signature[8], "yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        return (int)(expires - DateTime.UtcNow).TotalSeconds;
    }
}

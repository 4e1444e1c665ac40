using System.Globalization;

namespace RolloverD.Lab.Tests;

/// <summary>The daemon is killed at any moment; what it had begun ends well.</summary>
[Collection("lab")]
public sealed class KillTests
{
    [Fact]
    public async Task Killed_at_20_random_moments_every_rollover_ends_well()
    {
        int seed = int.Parse(
            Environment.GetEnvironmentVariable("ROLLOVERD_SEED") ?? "20251", CultureInfo.InvariantCulture);
        var random = new Random(seed);
        await using Lab lab = await Lab.UpAsync("kill", "--policy", "rotate", "--ttl", "3");
        await lab.BootstrapAsync();
        await lab.StartTrafficAsync();
        int number = (await lab.StatusAsync()).Mx1.Live.Number;
        for (int kill = 0; kill < 20;)
        {
            await lab.RolloverdSucceedsAsync("roll", "mx1");
            for (int i = 0; i < 4; i++, kill++)
            {
                await Task.Delay(random.Next(50, 3000));
                await lab.KillDaemonAsync();
                lab.StartDaemon();
            }

            Status end = await lab.UntilAsync(
                $"the end of the roll after kill {kill} (seed {seed})",
                TimeSpan.FromSeconds(90),
                s => s.Mx1.IsSteady && s.Mx1.Live.Number > number);
            number = end.Mx1.Live.Number;
            string[] wanted = [$"3 1 1 {end.Mx1.Live.Key}"];
            Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.2"));
            Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.3"));
            Assert.Equal([(number, "live", end.Mx1.Live.Key)], end.Mx1.Generations.Where(g => g.State != "archived"));
        }

        Traffic traffic = await lab.StopTrafficAsync();
        Assert.True(
            traffic is { Sent: > 0, Refused: 0, Failed: 0 }, $"seed {seed}: {traffic.Text}{await lab.LogAsync()}");
        string keys = Path.Combine(lab.Environment["state"], "archive", "mx1");
        Assert.Single(Directory.EnumerateFiles(keys, "privkey.pem", SearchOption.AllDirectories));
    }
}

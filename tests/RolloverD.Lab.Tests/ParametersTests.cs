namespace RolloverD.Lab.Tests;

/// <summary>The kinds of TLSA records are changed in the configuration while mail flows.</summary>
[Collection("lab")]
public sealed class ParametersTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(120);

    // A sender that asks for DANE alone refuses a host without any record.
    [Fact]
    public async Task Former_records_stay_while_the_primary_takes_no_others_and_go_when_those_have_come()
    {
        await using Lab lab = await Lab.UpAsync("parameters", "--policy", "reuse");
        await lab.BootstrapAsync();
        string[] former = await lab.PublishedAsync("127.0.53.2");
        string of311 = Assert.Single(former);
        Assert.StartsWith("3 1 1 ", of311, StringComparison.Ordinal);

        await lab.StartTrafficAsync();
        await lab.KillDaemonAsync();
        lab.Configure(text => text.Replace("[\"3 1 1\"]", "[\"3 1 2\", \"2 1 1\"]", StringComparison.Ordinal));
        await using (await lab.FaultAsync("updates few", "updates allow"))
        {
            lab.StartDaemon();
            Status held = await lab.UntilAsync(
                "three failures", Long, s => s.Mx1.Explained.Contains("failed 3 time(s)", StringComparison.Ordinal));
            Lab.Say(held.Mx1.Explained);
            await Task.Delay(TimeSpan.FromSeconds(3 * lab.Ttl)); // no cache holds what was there before
            Assert.Equal(former, await lab.PublishedAsync("127.0.53.2"));
            Assert.Equal(former, await lab.PublishedAsync("127.0.53.3"));
            Assert.True(await lab.VerifiesAsync());
        }

        await lab.SummonDaemonAsync();
        await lab.UntilAsync("steadiness by the other records", Long, s => s.Mx1.IsSteady);
        await Task.Delay(TimeSpan.FromSeconds(3 * lab.Ttl));
        foreach (string server in (string[])["127.0.53.2", "127.0.53.3"])
        {
            string[] published = await lab.PublishedAsync(server);
            Assert.Equal(["2 1 1", "3 1 2"], published.Select(r => r[..5]).Distinct());
        }

        Assert.True(await lab.VerifiesAsync());
        Traffic traffic = await lab.StopTrafficAsync();
        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
    }
}

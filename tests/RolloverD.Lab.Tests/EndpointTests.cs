namespace RolloverD.Lab.Tests;

/// <summary>Rollovers of hosts that are more than one key on one port under one name.</summary>
[Collection("lab")]
public sealed class EndpointTests
{
    private const string Rsa =
        """

        [certificates.mx1-rsa]
        names = ["mx1.example.test"]
        issuer = "pebble"
        key = "rsa-2048"
        key-policy = "rotate"
        rotate-after = "365d"
        tlsa = ["3 1 1"]
        endpoints = ["mx1.example.test:25"]

        [[certificates.mx1-rsa.deploy]]
        server = "postfix"
        config-directory = "
        """;

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(150);

    [Fact]
    public async Task RSA_and_ECDSA_side_by_side_roll_one_after_the_other_and_both_at_once()
    {
        await using Lab lab = await Lab.UpAsync("families", "--policy", "rotate");
        lab.Configure(text => $"{text}{Rsa.TrimEnd()}{lab.Environment["receiver"]}\"\n");
        await lab.BootstrapAsync();
        await lab.StartTrafficAsync("--keys", "any,rsa");
        foreach (string[] rolled in (string[][])[["mx1"], ["mx1-rsa"], ["mx1", "mx1-rsa"]])
        {
            Status before = await lab.StatusAsync();
            foreach (string name in rolled)
                await lab.RolloverdSucceedsAsync("roll", name, "--new-key");
            Status after = await lab.UntilAsync(
                $"the end of the roll of {string.Join(" and ", rolled)}",
                Long,
                s => s.Names.All(n => s.Certificate(n).IsSteady)
                    && rolled.All(n => s.Certificate(n).Live.Number > before.Certificate(n).Live.Number));
            Assert.Equal(
                before.Names.Except(rolled).Select(n => before.Certificate(n).Live.Key),
                before.Names.Except(rolled).Select(n => after.Certificate(n).Live.Key));
            string[] wanted = [.. after.Names.Select(n => $"3 1 1 {after.Certificate(n).Live.Key}").Order()];
            Assert.Equal(2, wanted.Length);
            Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.2"));
            Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.3"));
        }

        Traffic traffic = await lab.StopTrafficAsync();
        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
    }

    [Fact]
    public async Task Ports_25_465_and_587_roll_together()
    {
        await using Lab lab = await Lab.UpAsync("ports", "--policy", "rotate");
        lab.Configure(text => text.Replace(
            "[\"mx1.example.test:25\"]",
            "[\"mx1.example.test:25\", \"mx1.example.test:465\", \"mx1.example.test:587\"]",
            StringComparison.Ordinal));
        await lab.BootstrapAsync();
        var before = (await lab.StatusAsync()).Mx1.Live;
        await lab.StartTrafficAsync("--ports", "25,465,587");
        await lab.RolloverdSucceedsAsync("roll", "mx1", "--new-key");
        Status after = await lab.UntilAsync(
            "the end of the roll", Long, s => s.Mx1.IsSteady && s.Mx1.Live.Number > before.Number);
        Traffic traffic = await lab.StopTrafficAsync();

        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
        Assert.NotEqual(before.Key, after.Mx1.Live.Key);
        foreach (int port in (int[])[25, 465, 587])
        {
            string owner = $"_{port}._tcp.mx1.example.test";
            Assert.Equal([$"3 1 1 {after.Mx1.Live.Key}"], await lab.PublishedAsync("127.0.53.2", owner));
            Assert.Equal([$"3 1 1 {after.Mx1.Live.Key}"], await lab.PublishedAsync("127.0.53.3", owner));
            Assert.True(await lab.VerifiesAsync($"[mx1.example.test]:{port}"), $"port {port}");
        }
    }

    [Fact]
    public async Task An_owner_that_is_a_CNAME_into_another_zone_rolls_there()
    {
        await using Lab lab = await Lab.UpAsync("alias", "--policy", "rotate");
        const string Update =
            "server 127.0.53.2\nupdate add _25._tcp.mx1.example.test. 3 CNAME mx1.tlsa.hosting.test.\nsend\n";
        Result alias = await lab.ExecAsync(
            "sh", "-c", $"printf '%s' '{Update}' | nsupdate -k {lab.Environment["tsig"]}");
        Assert.True(alias.ExitCode == 0, alias.Output + alias.Error);
        await lab.BootstrapAsync();
        var before = (await lab.StatusAsync()).Mx1.Live;
        await lab.StartTrafficAsync();
        await lab.RolloverdSucceedsAsync("roll", "mx1", "--new-key");
        Status after = await lab.UntilAsync(
            "the end of the roll", Long, s => s.Mx1.IsSteady && s.Mx1.Live.Number > before.Number);
        Traffic traffic = await lab.StopTrafficAsync();

        Assert.True(traffic is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, traffic.Text + await lab.LogAsync());
        Assert.NotEqual(before.Key, after.Mx1.Live.Key);
        string[] wanted = [$"3 1 1 {after.Mx1.Live.Key}"];
        Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.2", "mx1.tlsa.hosting.test"));
        Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.3", "mx1.tlsa.hosting.test"));
    }
}

namespace RolloverD.Lab.Tests;

/// <summary>
/// A server on which a roll depends fails in the middle of it: the roll holds, says why, and goes on.
/// </summary>
[Collection("lab")]
public sealed class DnsFaultTests(DnsFaultTests.RotatingLab steady) : IClassFixture<DnsFaultTests.RotatingLab>
{
    private readonly Lab lab = steady.Lab;

    [Fact]
    public Task A_dead_secondary_holds_the_roll_until_it_lives_again() => steady.RollAsync(async () =>
    {
        await using (await lab.FaultAsync("secondary stop", "secondary start"))
        {
            await steady.PhaseAsync("propagating");
            await steady.HeldAsync("127.0.53.3", "cannot be reached", "see to the named servers");
            await Task.Delay(TimeSpan.FromSeconds(6 * lab.Ttl)); // far longer than the roll would take
            await steady.HeldAsync("127.0.53.3", "cannot be reached");
        }
    });

    [Fact]
    public Task Updates_with_a_wrong_key_hold_the_roll_until_they_are_taken() => steady.RollWhileBrokenAsync(
        "key wrong", "key right", () => steady.HeldAsync(
            "BADSIG", "the secrets differ", "127.0.53.2:53", $"put the same secret into {lab.Environment["tsig"]}"));

    [Fact]
    public Task Refused_updates_hold_the_withdrawal_until_they_are_taken() =>
        steady.RollAsync(() => WithTheWithdrawalHeldAsync(() => Task.CompletedTask));

    [Fact]
    public Task A_key_that_the_primary_does_not_know_holds_the_roll() => steady.RollWhileBrokenAsync(
        "key renamed", "key right", () => steady.HeldAsync("BADKEY", "somebody-else", "add the key from"));

    [Fact]
    public Task Whoever_mended_the_key_has_the_daemon_try_at_once() => steady.RollWhileBrokenAsync(
        "key wrong", "key right",
        () => lab.UntilAsync(
            "the fourth failure, after which it rests 30 s or more", TimeSpan.FromSeconds(60),
            s => s.Mx1.Explained.Contains("failed 4 time(s)", StringComparison.Ordinal)),
        async () =>
        {
            await lab.SummonDaemonAsync();
            await lab.UntilAsync("another try", TimeSpan.FromSeconds(5), s => s.Mx1.Phase != "publishing");
            Assert.True(lab.DaemonRuns);
        });

    [Fact]
    public Task A_primary_that_does_not_serve_the_zone_holds_the_roll() => steady.RollWhileBrokenAsync(
        "zone drop", "zone serve", () => steady.HeldAsync(
            "127.0.53.2:53 refuses the question", "see that it serves the zone example.test"));

    [Fact]
    public Task A_dead_primary_holds_the_roll_until_it_lives_again() => steady.RollAsync(
        () => WithTheWithdrawalHeldAsync(async () =>
        {
            await using (await lab.FaultAsync("primary stop", "primary start"))
                await steady.HeldAsync("127.0.53.2", "see that the server runs");
        }));

    [Fact]
    public Task A_dead_resolver_holds_the_roll_until_it_lives_again() => steady.RollAsync(async () =>
    {
        await steady.PhaseAsync("waiting for caches");
        await using (await lab.FaultAsync("validator stop", "validator start"))
            await steady.HeldAsync("127.0.53.10", "resolver");
    });

    [Fact]
    public Task An_issuer_out_of_reach_holds_the_roll_until_it_is_back() => steady.RollWhileBrokenAsync(
        "pebble stop", "pebble start", () => steady.HeldAsync(
            "no connection to 127.0.53.30:14000", "see that the server runs"));

    // The new chain is in service and the old records are to go, which the primary refuses meanwhile: whatever happens
    // then happens at that moment of the roll. The TXT records of the order are taken.
    private async Task WithTheWithdrawalHeldAsync(Func<Task> meanwhile)
    {
        await steady.PhaseAsync("waiting for caches");
        await using (await lab.FaultAsync("updates keep-tlsa", "updates allow"))
        {
            await lab.UntilAsync(
                "the new chain in service", TimeSpan.FromSeconds(90),
                s => s.Mx1.Phase is "overlapping" or "withdrawing");
            await steady.HeldAsync("REFUSED", "its policy does not let this key", "update-policy or allow-update");
            await meanwhile();
        }
    }

    public sealed class RotatingLab() : SteadyLab("dns-faults", "rotate");
}

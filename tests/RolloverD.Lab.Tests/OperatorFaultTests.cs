using System.Diagnostics;

namespace RolloverD.Lab.Tests;

/// <summary>
/// Somebody changes by hand what RolloverD looks after. Mail is refused only by what no software could undo before it
/// saw it, and only until the host is healed and caches have followed.
/// </summary>
[Collection("lab")]
public sealed class OperatorFaultTests
{
    // A steady certificate is looked at every 30 s with the lab's TTLs; then come a change and its way to the servers.
    private static readonly TimeSpan Notice = TimeSpan.FromSeconds(45);

    [Fact]
    public async Task A_record_removed_by_hand_comes_back()
    {
        await using Lab lab = await Lab.UpAsync("removed", "--policy", "rotate");
        await lab.BootstrapAsync();
        string[] wanted = await lab.PublishedAsync("127.0.53.2");
        Assert.Single(wanted);

        string[] refusals = await HealedAsync(
            lab, () => lab.BreakAsync("record", "remove"), async () => await PublishesAsync(lab, wanted));

        // Nothing matched wrongly: a sender that asks for DANE alone found no record.
        Assert.All(refusals, r => Assert.Contains("no TLSA records found", r, StringComparison.Ordinal));
        Assert.Equal(wanted, await lab.PublishedAsync("127.0.53.3"));
    }

    [Fact]
    public async Task A_certificate_replaced_by_hand_is_covered_again()
    {
        await using Lab lab = await Lab.UpAsync("replaced", "--policy", "rotate");
        await lab.BootstrapAsync();

        await HealedAsync(lab, () => lab.BreakAsync("postfix", "replace"), lab.VerifiesAsync);
        Lab.Say($"published then: {string.Join(", ", await lab.PublishedAsync("127.0.53.2"))}");
        await lab.BreakAsync("postfix", "mend");
        await HealedAsync(lab, () => Task.CompletedTask, lab.VerifiesAsync);
    }

    // Breaks something under traffic, waits until it is healed, lets caches follow, and then nothing may be refused.
    private static async Task<string[]> HealedAsync(Lab lab, Func<Task> breaking, Func<Task<bool>> isHealed)
    {
        await lab.StartTrafficAsync();
        long begin = Stopwatch.GetTimestamp();
        await breaking();
        await Task.Delay(TimeSpan.FromSeconds(lab.Ttl + 1)); // what a cache still holds is not healing
        while (!await isHealed())
        {
            Assert.True(
                Stopwatch.GetElapsedTime(begin) < Notice,
                $"not healed; {(await lab.StatusAsync()).Text}{await lab.LogAsync()}");
            await Task.Delay(100);
        }

        Lab.Say($"healed after {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s");
        await Task.Delay(TimeSpan.FromSeconds(lab.Ttl + 3)); // the sender itself keeps answers for 2 s beyond their TTL
        await lab.StopTrafficAsync();
        string[] refusals = await File.ReadAllLinesAsync(Path.Combine(lab.Directory, "traffic", "refused"));

        await lab.StartTrafficAsync();
        await Task.Delay(TimeSpan.FromSeconds(3));
        Traffic afterwards = await lab.StopTrafficAsync();
        Assert.True(afterwards is { Sent: > 0, Refused: 0, Probes: > 0, Failed: 0 }, afterwards.Text);
        return refusals;
    }

    private static async Task<bool> PublishesAsync(Lab lab, string[] wanted) =>
        Enumerable.SequenceEqual(wanted, await lab.PublishedAsync("127.0.53.2"))
        && Enumerable.SequenceEqual(wanted, await lab.PublishedAsync("127.0.53.3"));
}

using System.Diagnostics;
using System.Globalization;
using RolloverD.Simulation.Report;
using Xunit;

namespace RolloverD.Simulation.Tests;

/// <summary>
/// Seeds of the simulation as tests: those that once failed, one by one, and a range of new ones.
/// <c>ROLLOVERD_SEEDS</c> says how many.
/// </summary>
public class SeedTests
{
    private static readonly ulong Seeds = ulong.Parse(
        Environment.GetEnvironmentVariable("ROLLOVERD_SEEDS") ?? "300", CultureInfo.InvariantCulture);

    private static readonly Lazy<Fleet> Sailed = new(() =>
    {
        var fleet = new Fleet(1, Seeds);
        fleet.Go(TextWriter.Null);
        return fleet;
    });

    public static TheoryData<ulong> Kept =>
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "seeds.txt"))
            .Where(l => l.Length > 0 && l[0] != '#')
            .Select(l => ulong.Parse(l.Split(' ')[0], CultureInfo.InvariantCulture)),
    ];

    [Theory]
    [MemberData(nameof(Kept))]
    public void A_seed_that_once_failed_fails_no_more(ulong seed)
    {
        string? broken = Run.Of(seed, new());
        Assert.True(broken is null, broken is null ? "" : new Failure(seed, broken).Tell());
    }

    [Fact]
    public void The_same_seed_makes_the_same_history()
    {
        var first = new History();
        var second = new History();
        Run.Of(7, new(), first);
        Run.Of(7, new(), second);
        Assert.NotEmpty(first.Lines);
        Assert.Equal(first.Lines, second.Lines);
    }

    [Fact]
    public void No_sender_is_ever_refused()
    {
        Fleet fleet = Sailed.Value;
        Assert.True(fleet.Total.Rollovers > (long)Seeds, "hardly anything was rolled");
        Assert.Empty(fleet.Violations.Where(v => Run.IsSafety(v.What)).Select(v => v.Tell()));
    }

    [Fact]
    public void When_faults_end_everything_is_steady_within_the_bound_and_nothing_is_left_over() =>
        Assert.Empty(Sailed.Value.Violations.Where(v => !Run.IsSafety(v.What)).Select(v => v.Tell()));

    [Fact]
    public async Task Two_processes_make_the_same_histories()
    {
        // Each process hashes strings in its own way.
        string[] digests = await Task.WhenAll(Digest(), Digest());
        Assert.Matches("^digest of all histories: [0-9a-f]{64}$", digests[0]);
        Assert.Equal(digests[0], digests[1]);
    }

    private static async Task<string> Digest()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Process process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                Path.Combine(AppContext.BaseDirectory, "RolloverD.Simulation.dll"), "--from", "181", "--seeds", "60",
                "--digest",
            },
            RedirectStandardOutput = true,
        })!;
        string said = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return said.Split('\n').First(l => l.StartsWith("digest", StringComparison.Ordinal)).TrimEnd();
    }
}

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

    public static TheoryData<ulong> Kept =>
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "seeds.txt"))
            .Where(l => l.Length > 0 && l[0] != '#')
            .Select(l => ulong.Parse(l.Split(' ')[0], CultureInfo.InvariantCulture)),
    ];

    [Theory]
    [MemberData(nameof(Kept))]
    public void A_seed_that_once_failed_fails_no_more(ulong seed) => Assert.Null(Run.Of(seed, new()));

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
        var fleet = new Fleet(1, Seeds);
        fleet.Go(TextWriter.Null);
        Assert.True(fleet.Total.Rollovers > (long)Seeds, "hardly anything was rolled");
        Assert.Empty(fleet.Violations.Where(v => Run.IsSafety(v.What)).Select(v => $"seed {v.Seed}: {v.What}"));
    }
}

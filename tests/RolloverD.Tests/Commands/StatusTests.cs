using RolloverD.Commands;
using RolloverD.Core.Rollover;
using RolloverD.Store;
using RolloverD.Tests.Engine.Model;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Commands;

/// <summary>
/// What status says when nobody could write down anything for a while: it reads only what was stored before.
/// </summary>
public sealed class StatusTests
{
    private readonly EngineWorld model = new();

    [Fact]
    public async Task A_look_that_is_overdue_is_said_and_no_wait_is_shown_as_if_it_went_on()
    {
        await WaitForCachesAsync();
        CertificateFacts known = model.Known;
        DateTimeOffset until = known.Holds.Min(h => h.Until)!.Value;
        DateTimeOffset looked = model.Facts.EndpointOf(EngineWorld.Mx).LookedAt!.Value;
        Assert.Null(Report().Certificates[0].OverdueSince);

        model.Clock.Pass(TimeSpan.FromMinutes(10));
        CertificateReport late = Report().Certificates[0];
        Assert.Equal(looked, late.LookedAt);
        Assert.InRange(late.OverdueSince!.Value, looked, until);
        string text = Text(Report());
        Assert.Contains("; the next look is due since", text, StringComparison.Ordinal);
        Assert.Contains("its log says which", text, StringComparison.Ordinal);
        Assert.DoesNotContain($"until {When.OfDay(until)}", text.Split("generations")[0], StringComparison.Ordinal);
        Assert.Contains($"its time came at {When.OfDay(until)}", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_holds_everything_and_who_reads_it_knows_what_to_do()
    {
        await WaitForCachesAsync();
        DateTimeOffset looked = model.Facts.EndpointOf(EngineWorld.Mx).LookedAt!.Value;
        Assert.Empty(Report().Holds);
        HoldReport hold = Assert.Single(Report(room: 4096).Holds);
        Assert.Equal(("StateDirectory", "operator", looked), (hold.Gate, hold.Who, hold.Since));
        Assert.Null(hold.Until);
        string text = Text(Report(room: 4096));
        Assert.Contains("waits for state directory", text, StringComparison.Ordinal);
        Assert.Contains("/state is full (4 KiB left): nothing can be decided", text, StringComparison.Ordinal);
        Assert.Contains("the operator has to act: free some space", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_room_of_a_directory_is_that_of_its_file_system()
    {
        Assert.InRange(StateDisk.Room(Repository.FileAt("src")), StateDisk.Needed, long.MaxValue);
        Assert.Equal(0, StateDisk.Room("/proc/self")); // nothing can be written to it
    }

    private async Task WaitForCachesAsync()
    {
        await model.SettleAsync();
        model.Ask(newKey: true);
        await model.RunUntilAsync(r => r.Plan.Holds.Any(h => h.Gate is Gate.Caches));
    }

    private StatusReport Report(long room = long.MaxValue) =>
        StatusReports.Of(model.World, model.Facts, daemonRuns: true, only: null, room);

    private static string Text(StatusReport report) => string.Join('\n', StatusText.Of(report, 160).Text);
}

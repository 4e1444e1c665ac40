using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Time.Testing;
using RolloverD.Engine;
using Xunit;

namespace RolloverD.Tests.Engine;

/// <summary>systemd is told that the daemon lives as long as no turn hangs.</summary>
public sealed class HeartTests : IDisposable
{
    private readonly CancellationTokenSource stopping = new(); // which keeps the timer from being collected
    private readonly FakeTimeProvider time = new();
    private readonly Notices notices = new();

    public void Dispose() => stopping.Dispose();

    [Fact]
    public void A_turn_that_hangs_stops_the_heart()
    {
        var heart = new Heart(notices, time);
        heart.BeginBeating(TimeSpan.FromMinutes(1), stopping.Token);
        using IDisposable turn = heart.BeginTurn("mx1");
        time.Advance(Heart.LongestTurn);
        Assert.Equal(Heart.LongestTurn.TotalMinutes + 1, notices.Beats);

        time.Advance(TimeSpan.FromMinutes(3));

        Assert.Equal(Heart.LongestTurn.TotalMinutes + 1, notices.Beats);
        Assert.Equal("STATUS=mx1: hangs for more than 60 minutes", notices.Sent[^1]);
    }

    [Fact]
    public void Turns_that_end_keep_it_beating()
    {
        var heart = new Heart(notices, time);
        heart.BeginBeating(TimeSpan.FromMinutes(1), stopping.Token);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        for (int i = 0; i < 300; i++)
        {
            using IDisposable turn = heart.BeginTurn("mx1");
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(301, notices.Beats);
    }

    private sealed class Notices : ISystemdNotifier
    {
        public List<string> Sent { get; } = [];

        public int Beats => Sent.Count(s => s == "WATCHDOG=1");

        public bool IsEnabled => true;

        public void Notify(ServiceState state) => Sent.Add(state.ToString());
    }
}

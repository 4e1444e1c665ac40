using RolloverD.Core.Ports;

namespace RolloverD.Simulation.Time;

/// <summary>
/// The time that really passes, with everything that will happen by itself. Between two events nothing changes, so
/// whoever judges after each of them has judged every instant.
/// </summary>
internal sealed class Timeline(DateTimeOffset start, Action<DateTimeOffset> judge)
{
    private readonly PriorityQueue<Action, (long Ticks, int Turn)> events = new();
    private int count;

    public DateTimeOffset Start { get; } = start;

    public DateTimeOffset Now { get; private set; } = start;

    /// <summary>When the next thing happens by itself; null when nothing will.</summary>
    public DateTimeOffset? Next =>
        events.TryPeek(out _, out (long Ticks, int) key) ? new(key.Ticks, TimeSpan.Zero) : null;

    public void In(TimeSpan after, Action happens) => At(Now + after, happens);

    public void At(DateTimeOffset when, Action happens) =>
        events.Enqueue(happens, ((when > Now ? when : Now).UtcTicks, count++));

    /// <summary>Lets time pass and events happen.</summary>
    public void Advance(DateTimeOffset to)
    {
        while (events.TryPeek(out Action? happens, out (long Ticks, int) key) && key.Ticks <= to.UtcTicks)
        {
            events.Dequeue();
            Now = new(key.Ticks, TimeSpan.Zero);
            happens();
            judge(Now);
        }

        if (to > Now)
            Now = to;
    }

    public void Advance(TimeSpan by) => Advance(Now + by);
}

/// <summary>
/// The clocks of the host that RolloverD runs on: one on the wall, that may be set, and a steady one.
/// </summary>
internal sealed class HostClock(Timeline time) : TimeProvider, ISteadyClock
{
    SteadyTime ISteadyClock.Now => new("boot", time.Now - time.Start);

    /// <summary>How far the clock on the wall is ahead of the truth.</summary>
    public TimeSpan Offset { get; set; }

    public override DateTimeOffset GetUtcNow() => time.Now + Offset;

    public override long GetTimestamp() => (time.Now - time.Start).Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
}

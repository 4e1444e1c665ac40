using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Engine;

/// <summary>Reads the wall clock and the steady clock together.</summary>
internal static class Clocks
{
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(100);
    private const int Attempts = 10;

    /// <summary>
    /// Both clocks at one moment. Read one after the other, with this process stopped in between, they would show a
    /// jump that never was; so the steady one is read on both sides.
    /// </summary>
    public static ClockReading Read(TimeProvider time, ISteadyClock steady)
    {
        SteadyTime before = steady.Now;
        for (int attempt = 1; ; attempt++)
        {
            DateTimeOffset wall = time.GetUtcNow();
            SteadyTime after = steady.Now;
            if (after.Elapsed - before.Elapsed <= Together || attempt == Attempts)
                return new(wall, after.Boot, after.Elapsed);
            before = after;
        }
    }
}

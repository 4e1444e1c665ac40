using System.Globalization;
using RolloverD.Core.Ports;

namespace RolloverD.Tests.Engine.Model;

/// <summary>A wall clock that can be set, a steady clock that cannot, and the time that really passes.</summary>
internal sealed class TestClock : TimeProvider, ISteadyClock
{
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private DateTimeOffset wall = Start;
    private TimeSpan started;
    private int boots = 1;

    /// <summary>How much time has really passed, whatever any clock shows.</summary>
    public TimeSpan Real { get; private set; }

    /// <summary>What a clock shows that is right, such as an issuer's.</summary>
    public DateTimeOffset Right => Start + Real;

    public SteadyTime Now => new(boots.ToString(CultureInfo.InvariantCulture), Real - started);

    public override DateTimeOffset GetUtcNow() => wall;

    /// <summary>Time passes.</summary>
    public void Pass(TimeSpan time)
    {
        Real += time;
        wall += time;
    }

    /// <summary>Somebody sets the wall clock.</summary>
    public void Set(TimeSpan by) => wall += by;

    /// <summary>The machine is off for so long and starts anew.</summary>
    public void Restart(TimeSpan off)
    {
        Pass(off);
        boots++;
        started = Real;
    }
}

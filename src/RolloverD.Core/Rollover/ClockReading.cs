namespace RolloverD.Core.Rollover;

/// <summary>
/// What the wall clock and the steady clock showed at one moment. Facts hold times of the wall clock, and waits are
/// measured in them; two readings tell whether somebody set that clock in between, so that the facts can be moved
/// along and no wait becomes shorter or longer.
/// </summary>
/// <param name="Wall">The time of day.</param>
/// <param name="Boot">Which start of the machine the steady clock runs from.</param>
/// <param name="Elapsed">What the steady clock showed: how long ago that start was.</param>
public sealed record ClockReading(DateTimeOffset Wall, string Boot, TimeSpan Elapsed)
{
    /// <summary>
    /// Up to here a difference is no jump. A clock that is slewed (NTP) takes the steady clock along, so that between
    /// the two only steps show: a leap second is one second, and a daemon that corrects more than that by a step is
    /// noticed. Smaller steps add up until they are noticed together, see <see cref="Keep"/>.
    /// </summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    /// <summary>How the wall clock was set between this reading and a later one; null when it was not.</summary>
    /// <remarks>
    /// After a new start of the machine nothing is known to have passed, not even the time since then: the state may
    /// have come to another machine that runs for long. All of it is taken for a jump, and so does not count as waited.
    /// </remarks>
    public ClockJump? JumpTo(ClockReading later)
    {
        bool restarted = later.Boot != Boot;
        TimeSpan passed = restarted ? TimeSpan.Zero : later.Elapsed - Elapsed;
        TimeSpan by = later.Wall - Wall - passed;
        return by.Duration() > Tolerance ? new(by, restarted) : null;
    }

    /// <summary>
    /// What to remember when a later reading shows no jump: the wall clock as it would stand without the small steps
    /// since this one, so that they are not forgotten.
    /// </summary>
    public ClockReading Keep(ClockReading later) =>
        later.Boot == Boot ? later with { Wall = Wall + (later.Elapsed - Elapsed) } : later;
}

/// <summary>The wall clock moved otherwise than the steady clock.</summary>
/// <param name="By">How far it was set forward; negative when it was set back.</param>
/// <param name="Restarted">Whether the machine was started anew in between.</param>
public sealed record ClockJump(TimeSpan By, bool Restarted)
{
    public override string ToString()
    {
        string much = By.Duration().ToString(@"d\.hh\:mm\:ss", null);
        return Restarted && By > TimeSpan.Zero
            ? $"the machine was started anew, or is another one: {much} since the last look do not count as waited"
            : $"the clock was set {(By > TimeSpan.Zero ? "forward" : "back")} by {much}; "
                + "waits are measured by the steady clock";
    }
}

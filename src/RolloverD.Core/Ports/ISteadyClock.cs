namespace RolloverD.Core.Ports;

/// <summary>
/// A clock that nobody can set. It runs from the start of the machine, also while the machine sleeps, so it tells how
/// long something was really waited for.
/// </summary>
public interface ISteadyClock
{
    /// <summary>What it shows now.</summary>
    SteadyTime Now { get; }
}

/// <summary>What a steady clock shows.</summary>
/// <param name="Boot">Which start of the machine it runs from; times of two starts cannot be compared.</param>
/// <param name="Elapsed">How long ago that start was.</param>
public sealed record SteadyTime(string Boot, TimeSpan Elapsed);

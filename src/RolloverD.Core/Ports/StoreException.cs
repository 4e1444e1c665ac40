namespace RolloverD.Core.Ports;

/// <summary>
/// The state directory cannot be read or written, or holds something that it should not. Nothing that was there before
/// is damaged: the same call may be repeated once the cause is gone.
/// </summary>
/// <param name="reason">What happened, to which file and why; one sentence without its full stop.</param>
/// <param name="remedy">What to do about it; one sentence without its full stop.</param>
/// <param name="inner">What the system said.</param>
public sealed class StoreException(string reason, string remedy, Exception? inner = null)
    : IOException($"{reason}. {remedy}.", inner)
{
    /// <summary>What happened, to which file and why.</summary>
    public string Reason { get; } = reason;

    /// <summary>What to do about it.</summary>
    public string Remedy { get; } = remedy;
}

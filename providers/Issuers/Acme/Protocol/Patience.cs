namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>
/// The waits between looks at something that will be done soon: short at first, since most things are quick, then
/// longer, and never past a limit. When the other side says when to look again, that counts.
/// </summary>
internal sealed class Patience(TimeProvider time, TimeSpan limit)
{
    private const double Growth = 1.5;

    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    private readonly long _start = time.GetTimestamp();
    private TimeSpan _pause = First;

    public TimeSpan Limit => limit;

    /// <summary>Waits for the next look; false at once when the limit would pass before.</summary>
    public async Task<bool> WaitAsync(DateTimeOffset? notBefore, CancellationToken cancellation)
    {
        TimeSpan pause = notBefore - time.GetUtcNow() is { } asked && asked > _pause ? asked : _pause;
        _pause = _pause * Growth < Longest ? _pause * Growth : Longest;
        if (time.GetElapsedTime(_start) + pause > limit)
            return false;

        await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
        return true;
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RolloverD.Core.Ports;

namespace RolloverD.Engine;

/// <summary>One turn after the other for each certificate, and what a turn that failed means for the next.</summary>
/// <param name="world">Everything outside.</param>
/// <param name="tick">A turn.</param>
/// <param name="heart">Tells systemd.</param>
/// <param name="log">Tells the operator.</param>
/// <param name="watcher">Is told when nothing can be decided; null when nobody watches.</param>
internal sealed class Turns(
    World world, Tick tick, Heart heart, ILogger<Turns> log, Action<Sighting>? watcher = null)
{
    /// <summary>So soon after room was made on a disk that was full, things go on.</summary>
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(256);
    private readonly ConcurrentDictionary<string, int> failures = new();

    /// <summary>Takes one turn; whatever comes of it, it is never the end of the daemon.</summary>
    /// <returns>When to take the next.</returns>
    public async Task<DateTimeOffset> TakeAsync(string name, CancellationToken cancellation)
    {
        using IDisposable turn = heart.BeginTurn(name);
        try
        {
            TickResult result = await tick.RunAsync(name, cancellation);
            failures.TryRemove(name, out _);
            heart.Beat(name, result.Plan);
            return result.Outcome is null ? result.Plan.WakeAt : world.Time.GetUtcNow();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A matter of the host and no fault of the program: where it happened in the program helps nobody.
            StoreException why = e as StoreException ?? new(
                e.Message.TrimEnd('.'), "See to the named file or directory; the turn is then repeated by itself", e);
            TimeSpan rest = RestOf(name, LongestStop);
            log.Stopped(name, why.Reason, why.Remedy, rest.TotalSeconds);
            heart.Stop(name, why.Reason);
            watcher?.Invoke(new Sighting.Stopped(name, why, world.Time.GetUtcNow()));
            return world.Time.GetUtcNow() + rest;
        }
        catch (Exception e) // the edge of the process: one certificate's bug must not stop the others
        {
            TimeSpan rest = RestOf(name, LongestRest);
            log.TickFailed(e, name, rest.TotalSeconds);
            heart.Stop(name, e.Message);
            return world.Time.GetUtcNow() + rest;
        }
    }

    private TimeSpan RestOf(string name, TimeSpan longest)
    {
        int count = failures.AddOrUpdate(name, 1, (_, n) => n + 1);
        double seconds = Math.Pow(2, Math.Min(count, 20));
        return seconds < longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : longest;
    }
}

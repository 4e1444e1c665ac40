using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;
using RolloverD.Core.Rollover;

namespace RolloverD.Engine;

/// <summary>Tells systemd that the daemon lives, and in one line what it does.</summary>
/// <remarks>
/// sd_notify(3): <c>WATCHDOG=1</c> twice in every WATCHDOG_USEC microseconds, <c>STATUS=</c> after each decision.
/// While a turn hangs there is no beat, and systemd starts the daemon anew.
/// </remarks>
internal sealed class Heart(ISystemdNotifier notifier, TimeProvider time)
{
    /// <summary>
    /// No turn takes so long: each wait in it has a limit, and with the usual ones the worst of issuers, name servers
    /// and mail servers together need less than half of this. Where somebody set longer ones, a start anew in the
    /// middle of a turn does no harm.
    /// </summary>
    public static readonly TimeSpan LongestTurn = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, string> status = new();
    private readonly ConcurrentDictionary<string, long> turns = new();

    public void Begin(CancellationToken stopping)
    {
        if (!notifier.IsEnabled
            || !long.TryParse(
                Environment.GetEnvironmentVariable("WATCHDOG_USEC"),
                CultureInfo.InvariantCulture,
                out long microseconds)
            || microseconds <= 0)
        {
            return;
        }

        BeginBeating(TimeSpan.FromMicroseconds(microseconds) / 2, stopping);
    }

    /// <summary>Beats once in every interval.</summary>
    public void BeginBeating(TimeSpan interval, CancellationToken stopping)
    {
        ITimer timer = time.CreateTimer(_ => BeatUnlessStuck(), null, TimeSpan.Zero, interval);
        stopping.Register(timer.Dispose);
    }

    /// <summary>A turn begins; it has ended when the result is disposed.</summary>
    public IDisposable BeginTurn(string certificate)
    {
        turns[certificate] = time.GetTimestamp();
        return new Turn(() => turns.TryRemove(certificate, out _));
    }

    public void Beat(string certificate, Plan plan) => Say(
        certificate,
        plan.Next is { } step ? step.Describe()
        : plan.Holds.IsEmpty ? "steady"
        : $"waits: {plan.Holds[0].Gate}");

    /// <summary>Nothing can be decided, and why.</summary>
    public void Stop(string certificate, string reason) => Say(certificate, $"cannot go on: {reason}");

    private void BeatUnlessStuck()
    {
        string[] stuck = [.. turns.Where(t => time.GetElapsedTime(t.Value) > LongestTurn).Select(t => t.Key)];
        foreach (string certificate in stuck)
            Say(certificate, $"hangs for more than {LongestTurn.TotalMinutes:0} minutes");
        if (stuck.Length == 0)
            notifier.Notify(new ServiceState("WATCHDOG=1"));
    }

    private void Say(string certificate, string text)
    {
        if (!notifier.IsEnabled)
            return;

        status[certificate] = text;
        notifier.Notify(new ServiceState(
            "STATUS=" + string.Join("; ", status.OrderBy(p => p.Key).Select(p => $"{p.Key}: {p.Value}"))));
    }

    private sealed class Turn(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}

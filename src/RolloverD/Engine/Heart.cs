using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;
using RolloverD.Core.Rollover;

namespace RolloverD.Engine;

/// <summary>Tells systemd that the daemon lives, and in one line what it does.</summary>
/// <remarks>
/// sd_notify(3): <c>WATCHDOG=1</c> twice in every WATCHDOG_USEC microseconds, <c>STATUS=</c> after each decision.
/// </remarks>
internal sealed class Heart(ISystemdNotifier notifier, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, string> status = new();

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

        TimeSpan interval = TimeSpan.FromMicroseconds(microseconds) / 2;
        ITimer timer = time.CreateTimer(
            _ => notifier.Notify(new ServiceState("WATCHDOG=1")), null, TimeSpan.Zero, interval);
        stopping.Register(timer.Dispose);
    }

    public void Beat(string certificate, Plan plan) => Say(
        certificate,
        plan.Next is { } step ? step.Describe()
        : plan.Holds.IsEmpty ? "steady"
        : $"waits: {plan.Holds[0].Gate}");

    /// <summary>Nothing can be decided, and why.</summary>
    public void Stop(string certificate, string reason) => Say(certificate, $"cannot go on: {reason}");

    private void Say(string certificate, string text)
    {
        if (!notifier.IsEnabled)
            return;

        status[certificate] = text;
        notifier.Notify(new ServiceState(
            "STATUS=" + string.Join("; ", status.OrderBy(p => p.Key).Select(p => $"{p.Key}: {p.Value}"))));
    }
}

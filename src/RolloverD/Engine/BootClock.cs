using RolloverD.Core.Ports;
using RolloverD.Store;

namespace RolloverD.Engine;

/// <summary>
/// The kernel's clock since the machine was started; it is never set, and it runs on while the machine sleeps.
/// </summary>
/// <remarks>clock_gettime(2), CLOCK_BOOTTIME; random(4) for the name of the start.</remarks>
internal sealed class BootClock : ISteadyClock
{
    private readonly string boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    public SteadyTime Now => new(boot, Posix.TimeSinceBoot());
}

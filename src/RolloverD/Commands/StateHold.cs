using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Store;

namespace RolloverD.Commands;

/// <summary>The hold that nobody can store: the state directory cannot be written.</summary>
internal static class StateHold
{
    /// <summary>What a look at the disk finds; null when there is room.</summary>
    /// <param name="directory">The state directory.</param>
    /// <param name="room">The bytes that are free there.</param>
    /// <param name="since">The last time at which something could be written, or now.</param>
    public static Hold? Find(string directory, long room, DateTimeOffset since) => room >= StateDisk.Needed
        ? null
        : new(
            Gate.StateDirectory,
            directory,
            since,
            null,
            $"the state directory {directory} is full ({room >> 10} KiB left): nothing can be decided, because nothing "
            + "can be written down; what was there before is unharmed, and mail goes on as it is",
            $"free some space on the file system of {directory}: it then goes on by itself within half a minute");

    /// <summary>What the daemon met.</summary>
    public static Hold Of(World world, Sighting.Stopped stopped) => new(
        Gate.StateDirectory, world.Desired.StateDirectory, stopped.At, null, stopped.Why.Reason, stopped.Why.Remedy);
}

namespace RolloverD.Store;

/// <summary>Whether the file system of the state directory has room for what must be written down.</summary>
internal static class StateDisk
{
    /// <summary>Room for the facts and journal lines of a decision, the key and the chain of a generation.</summary>
    public const long Needed = 256 << 10;

    /// <summary>How many bytes the owner of the directory may still write there. statvfs(3).</summary>
    /// <exception cref="IOException">The directory is not there.</exception>
    public static long Room(string stateDirectory)
    {
        // A part of a disk is often kept for root.
        var disk = new DriveInfo(Path.GetFullPath(stateDirectory));
        return Posix.OwnerOf(stateDirectory).User == 0 ? disk.TotalFreeSpace : disk.AvailableFreeSpace;
    }
}

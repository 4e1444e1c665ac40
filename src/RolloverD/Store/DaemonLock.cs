using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RolloverD.Core.Ports;

namespace RolloverD.Store;

/// <summary>
/// Lets one daemon at a time work on a state directory. The kernel gives the lock back when the process ends, however
/// it ends, so a file that is left over locks nobody out. The command line does not take it: what it changes goes
/// through the store's leases and versions.
/// </summary>
public sealed class DaemonLock : IDisposable
{
    private readonly SafeFileHandle _handle;

    private DaemonLock(SafeFileHandle handle) => _handle = handle;

    /// <summary>Takes the lock when no other process has it.</summary>
    /// <param name="stateDirectory">Made, 0700, when it is missing.</param>
    /// <param name="holder">The process that holds the lock, when it is not this one and left its number.</param>
    /// <returns>The lock, to be kept until the end; null when another process has it.</returns>
    /// <exception cref="StoreException">The directory or the lock file cannot be written.</exception>
    public static DaemonLock? TryTake(string stateDirectory, out int? holder)
    {
        string root = Path.GetFullPath(stateDirectory);
        string path = Path.Combine(root, "rolloverd.lock");
        DurableFiles files = new(root);
        files.EnsureRoot();
        files.EnsureFile(path);
        holder = null;
        SafeFileHandle? handle = null;
        try
        {
            handle = Posix.OpenFile(path);
            if (Posix.TryLock(handle, path))
            {
                byte[] number = Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n");
                RandomAccess.SetLength(handle, 0);
                RandomAccess.Write(handle, number, 0);
                return new(handle);
            }

            Span<byte> text = stackalloc byte[16];
            int length = RandomAccess.Read(handle, text, 0);
            if (int.TryParse(text[..length].TrimEnd((byte)'\n'), CultureInfo.InvariantCulture, out int process))
                holder = process;
            handle.Dispose();
            return null;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            handle?.Dispose();
            if (refused.HResult is Posix.NoSpace or Posix.QuotaExceeded)
            {
                throw new StoreException(
                    $"Could not write {path}: the file system is full or the quota used up",
                    "Make room there",
                    refused);
            }

            throw new StoreException(
                $"Could not lock {path}: {refused.Message}",
                "Run the daemon as the user that owns the state directory", refused);
        }
    }

    /// <summary>Takes the lock when no other process has it.</summary>
    /// <returns>The lock, to be kept until the end; null when another process has it.</returns>
    public static DaemonLock? TryTake(string stateDirectory) => TryTake(stateDirectory, out _);

    public void Dispose() => _handle.Dispose();
}

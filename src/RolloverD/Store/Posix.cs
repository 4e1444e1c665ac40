using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RolloverD.Store;

/// <summary>
/// The system calls that .NET does not offer: rename(2) of a symbolic link, fsync(2) of a directory, flock(2), who
/// owns a file, and the clock that runs since the machine was started. A failure is an <see cref="IOException"/> whose
/// <see cref="Exception.HResult"/> is the errno, or an <see cref="UnauthorizedAccessException"/>, as .NET's own file
/// calls have it.
/// </summary>
internal static partial class Posix
{
    public const int NoSpace = 28;
    public const int ReadOnlyFileSystem = 30;
    public const int QuotaExceeded = 122;

    private const int NotPermitted = 1;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;
    private const int AccessDenied = 13;
    private const int InvalidArgument = 22;
    private const int NotSupported = 95;

    private const string Libc = "libc.so.6";
    private const int CloseOnExec = 0x80000;
    private const int ReadWrite = 2;
    private const int Exclusive = 2;
    private const int BootTime = 7;
    private const int NonBlocking = 4;

    /// <summary>Puts <paramref name="from"/> in the place of <paramref name="to"/>, also when both are links.</summary>
    public static void Rename(string from, string to) => Check(RenameCall(from, to), to);

    /// <summary>Makes a symbolic link; fails when something of that name is there.</summary>
    public static void SymbolicLink(string target, string link) => Check(SymlinkCall(target, link), link);

    /// <summary>Makes durable what was created, renamed and removed in a directory.</summary>
    public static void SyncDirectory(string directory)
    {
        using SafeFileHandle handle = OpenDirectory(directory);
        int result;
        do
            result = FsyncCall(handle);
        while (result < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        // A file system that cannot sync a directory says so in these two ways; fsync(2).
        if (result < 0 && Marshal.GetLastPInvokeError() is InvalidArgument or NotSupported)
            return;
        Check(result, directory);
    }

    /// <summary>Opens a directory, for <see cref="Lock"/>; it is never passed on to a child process.</summary>
    public static SafeFileHandle OpenDirectory(string directory) => Open(directory, CloseOnExec);

    /// <summary>Opens an existing file to read and write, without the lock that .NET takes on its own.</summary>
    public static SafeFileHandle OpenFile(string path) => Open(path, CloseOnExec | ReadWrite);

    /// <summary>How long ago the machine was started, its sleep included. clock_gettime(2), CLOCK_BOOTTIME.</summary>
    public static TimeSpan TimeSinceBoot()
    {
        Check(ClockCall(BootTime, out TimeSpec time), "the clock since the machine was started");
        return TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100));
    }

    /// <summary>Waits until nobody else holds the lock; the end of the handle or the process gives it back.</summary>
    public static void Lock(SafeFileHandle handle, string path)
    {
        int result;
        do
            result = FlockCall(handle, Exclusive);
        while (result < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        Check(result, path);
    }

    /// <summary>Takes the lock when it is free.</summary>
    /// <returns>False when somebody else holds it.</returns>
    public static bool TryLock(SafeFileHandle handle, string path)
    {
        if (FlockCall(handle, Exclusive | NonBlocking) == 0)
            return true;
        if (Marshal.GetLastPInvokeError() is WouldBlock or Interrupted)
            return false;
        Check(-1, path);
        return false;
    }

    /// <summary>Whether this process may give files away.</summary>
    public static bool IsRoot => GeteuidCall() == 0;

    /// <summary>The user and group that own a file.</summary>
    public static unsafe (uint User, uint Group) OwnerOf(string path)
    {
        // struct statx is the same on every architecture: uid and gid are its sixth and seventh 32-bit words.
        const int currentDirectory = -100;
        const uint wantOwner = 0x8 | 0x10;
        uint* words = stackalloc uint[64];
        Check(StatxCall(currentDirectory, path, 0, wantOwner, words), path);
        return (words[5], words[6]);
    }

    /// <summary>Gives a directory or link to another user and group.</summary>
    public static void Own(string path, (uint User, uint Group) owner) =>
        Check(LchownCall(path, owner.User, owner.Group), path);

    /// <summary>Gives an open file to another user and group, whatever has its name by now.</summary>
    public static void Own(SafeFileHandle file, string path, (uint User, uint Group) owner) =>
        Check(FchownCall(file, owner.User, owner.Group), path);

    private static SafeFileHandle Open(string path, int flags)
    {
        int descriptor = OpenCall(path, flags);
        Check(descriptor, path);
        return new(descriptor, ownsHandle: true);
    }

    private static void Check(int result, string path)
    {
        if (result >= 0)
            return;
        int error = Marshal.GetLastPInvokeError();
        string message = $"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'";
        throw error is AccessDenied or NotPermitted
            ? new UnauthorizedAccessException(message)
            : new IOException(message, error);
    }

    // struct timespec, as it is wherever .NET runs in 64 bits.
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpec
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }

    [LibraryImport(Libc, EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockCall(int clock, out TimeSpec time);

    [LibraryImport(Libc, EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameCall(string from, string to);

    [LibraryImport(Libc, EntryPoint = "symlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SymlinkCall(string target, string link);

    [LibraryImport(Libc, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags);

    [LibraryImport(Libc, EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncCall(SafeFileHandle handle);

    [LibraryImport(Libc, EntryPoint = "flock", SetLastError = true)]
    private static partial int FlockCall(SafeFileHandle handle, int operation);

    [LibraryImport(Libc, EntryPoint = "geteuid")]
    private static partial uint GeteuidCall();

    [LibraryImport(Libc, EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LchownCall(string path, uint user, uint group);

    [LibraryImport(Libc, EntryPoint = "fchown", SetLastError = true)]
    private static partial int FchownCall(SafeFileHandle file, uint user, uint group);

    [LibraryImport(Libc, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatxCall(int directory, string path, int flags, uint mask, uint* result);
}

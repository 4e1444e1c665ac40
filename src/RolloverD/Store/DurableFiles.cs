using Microsoft.Win32.SafeHandles;
using RolloverD.Core.Ports;

namespace RolloverD.Store;

/// <summary>
/// Private files and links that are whole and durable, or as they were before. A file is written beside its place,
/// synced, and renamed into it; whoever reads sees the old one or the new one. What a crash leaves behind (a file
/// ending in <c>.new</c>) is overwritten by the next write to the same place.
/// </summary>
/// <remarks>
/// Nothing is tidied up when a call fails: it would run differently in a failure than in a crash, and the repeated
/// call does it anyway. When root works in a directory of another user, what it makes belongs to that user, so that
/// the command line under sudo leaves nothing that the daemon cannot read.
/// </remarks>
/// <param name="root">The state directory.</param>
/// <param name="before">Told of every change just before it is made; tests crash here.</param>
internal sealed class DurableFiles(string root, Action<string>? before = null)
{
    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PrivateDirectory = PrivateFile | UnixFileMode.UserExecute;

    /// <summary>Where a file is written before it is renamed into its place.</summary>
    public static string TemporaryOf(string path) =>
        Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.new");

    /// <summary>Makes a directory, 0700, when it is missing, and makes its entry durable either way.</summary>
    public void EnsureDirectory(string path) => Attempt("create", path, () =>
    {
        if (!Directory.Exists(path))
        {
            before?.Invoke($"mkdir {path}");
            Directory.CreateDirectory(path, PrivateDirectory);
            GiveToOwner(path);
        }

        Sync(Path.GetDirectoryName(path)!);
    });

    /// <summary>Makes the state directory itself when it is missing; usually it came with the installation.</summary>
    public void EnsureRoot()
    {
        if (!Directory.Exists(root))
            EnsureDirectory(root);
    }

    /// <summary>Writes a file, 0600, in place of the one that may be there.</summary>
    public void Write(string path, byte[] content) => Attempt("write", path, () =>
    {
        string temporary = TemporaryOf(path);
        before?.Invoke($"unlink {temporary}");
        File.Delete(temporary);
        before?.Invoke($"create {temporary}");
        using (FileStream file = CreateNew(temporary))
        {
            before?.Invoke($"write {temporary}");
            file.Write(content);
            before?.Invoke($"fsync {temporary}");
            file.Flush(flushToDisk: true);
        }

        before?.Invoke($"rename {path}");
        Posix.Rename(temporary, path);
        Sync(Path.GetDirectoryName(path)!);
    });

    /// <summary>Makes an empty file, 0600, unless there is one.</summary>
    public void EnsureFile(string path) => Attempt("create", path, () =>
    {
        if (File.Exists(path))
            return;
        try
        {
            CreateNew(path).Dispose();
            Sync(Path.GetDirectoryName(path)!);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was first.
        }
    });

    /// <summary>Points a symbolic link at a target, in one rename(2).</summary>
    public void PointLink(string link, string target) => Attempt("swap", link, () =>
    {
        string temporary = TemporaryOf(link);
        before?.Invoke($"unlink {temporary}");
        File.Delete(temporary);
        before?.Invoke($"symlink {temporary}");
        Posix.SymbolicLink(target, temporary);
        GiveToOwner(temporary);
        before?.Invoke($"rename {link}");
        Posix.Rename(temporary, link);
        Sync(Path.GetDirectoryName(link)!);
    });

    /// <summary>Removes a file and what a crash left of it; durable after <see cref="SyncDirectory"/>.</summary>
    public void Delete(string path) => Attempt("remove", path, () =>
    {
        before?.Invoke($"unlink {TemporaryOf(path)}");
        File.Delete(TemporaryOf(path));
        before?.Invoke($"unlink {path}");
        File.Delete(path);
    });

    /// <summary>Makes durable what was done in a directory.</summary>
    public void SyncDirectory(string path) => Attempt("sync", path, () => Sync(path));

    /// <summary>Keeps every other process and thread that asks the same out until it is disposed of.</summary>
    public static IDisposable LockDirectory(string path)
    {
        SafeFileHandle? handle = null;
        Attempt("lock", path, () =>
        {
            handle = Posix.OpenDirectory(path);
            Posix.Lock(handle, path);
        });
        return handle!;
    }

    /// <summary>The content of a file, or null when there is none.</summary>
    public static byte[]? Read(string path)
    {
        byte[]? content = null;
        Attempt("read", path, () =>
        {
            try
            {
                content = File.ReadAllBytes(path);
            }
            catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
            {
                content = null;
            }
        });
        return content;
    }

    // What root makes in another user's state directory belongs to that user.
    private void GiveToOwner(string path)
    {
        if (Posix.IsRoot && Posix.OwnerOf(root) is { User: not 0 } owner)
            Posix.Own(path, owner);
    }

    private FileStream CreateNew(string path)
    {
        FileStream file = new(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
            UnixCreateMode = PrivateFile,
        });
        if (Posix.IsRoot && Posix.OwnerOf(root) is { User: not 0 } owner)
            Posix.Own(file.SafeFileHandle, path, owner);
        return file;
    }

    private void Sync(string directory)
    {
        before?.Invoke($"fsync {directory}");
        Posix.SyncDirectory(directory);
    }

    private static void Attempt(string verb, string path, Action action)
    {
        try
        {
            action();
        }
        catch (Exception refused) when (refused is (IOException or UnauthorizedAccessException) and not StoreException)
        {
            throw Explain(verb, path, refused);
        }
    }

    private static StoreException Explain(string verb, string path, Exception refused) => refused switch
    {
        { HResult: Posix.NoSpace or Posix.QuotaExceeded } => new(
            $"Could not {verb} {path}: the file system is full or the quota used up; what was there before is unharmed",
            "Make room there; the step is then repeated by itself", refused),
        { HResult: Posix.ReadOnlyFileSystem } => new(
            $"Could not {verb} {path}: the file system is mounted read-only",
            "Mount it writable (a file system that turned read-only by itself has had errors: see the kernel log)",
            refused),
        UnauthorizedAccessException => new(
            $"Could not {verb} {path}: user {Environment.UserName} has no permission",
            "Run as the user that owns the state directory, or as root, or correct owner and mode of the path",
            refused),
        _ => new($"Could not {verb} {path}: {refused.Message}", "Correct what the system complains of", refused),
    };
}

using System.Diagnostics;
using Xunit;

namespace RolloverD.Tests.Store;

/// <summary>A state directory of a test's own, removed at its end.</summary>
public sealed class StateDirectory : IDisposable
{
    private bool _mounted;

    public string Path { get; } = Directory.CreateTempSubdirectory("rolloverd-test-").FullName;

    public string this[string file] => System.IO.Path.Combine(Path, file);

    /// <summary>Puts a small file system of its own there; skips the test where that is not allowed.</summary>
    public void MountSmall(int kilobytes)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting a small file system takes root");
        Assert.SkipUnless(
            Run("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k,mode=0700", "rolloverd-test", Path) == 0,
            "this system does not let the test mount a file system");
        _mounted = true;
    }

    /// <summary>Makes everything there unchangeable, for root too.</summary>
    public void MakeReadOnly()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            return;
        }

        Assert.SkipUnless(_mounted, "needs MountSmall first");
        Assert.Equal(0, Run("mount", "-o", "remount,ro", Path));
    }

    public void Dispose()
    {
        if (_mounted)
            Run("umount", "--lazy", Path);
        else
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.Delete(Path, recursive: true);
    }

    /// <summary>Runs a tool to its end and returns its exit code.</summary>
    public static int Run(string tool, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(tool, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        TestContext.Current.TestOutputHelper?.WriteLine($"{tool}: {errors}{output.Result}");
        return process.ExitCode;
    }
}

using System.Diagnostics;
using RolloverD.Store;
using Xunit;

namespace RolloverD.Tests.Store;

public sealed class DaemonLockTests : IDisposable
{
    private readonly StateDirectory _state = new();

    public void Dispose() => _state.Dispose();

    [Fact]
    public void One_daemon_at_a_time_has_the_lock()
    {
        using (DaemonLock? first = DaemonLock.TryTake(_state.Path))
        {
            Assert.NotNull(first);
            Assert.Null(DaemonLock.TryTake(_state.Path, out int? holder));
            Assert.Equal(Environment.ProcessId, holder);
        }

        using DaemonLock? second = DaemonLock.TryTake(_state.Path);
        Assert.NotNull(second);
    }

    [Fact]
    public void The_kernel_gives_the_lock_back_when_its_holder_is_killed()
    {
        using Process holder = Process.Start(new ProcessStartInfo(
            "flock", ["--no-fork", _state["rolloverd.lock"], "sh", "-c", "echo locked; exec sleep 600"])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            Assert.Equal("locked", holder.StandardOutput.ReadLine());
            Assert.Null(DaemonLock.TryTake(_state.Path));
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }

        using DaemonLock? taken = DaemonLock.TryTake(_state.Path);
        Assert.NotNull(taken);
    }

    [Fact]
    public void A_missing_state_directory_is_made_private()
    {
        string inside = _state["state"];
        DaemonLock.TryTake(inside)!.Dispose();
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(inside));
    }
}

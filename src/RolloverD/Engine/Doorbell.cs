namespace RolloverD.Engine;

/// <summary>
/// How a command line tells the daemon that it changed the facts: by touching a file that the daemon watches. A ring
/// that gets lost only means that the change is noticed at the next alarm.
/// </summary>
internal sealed class Doorbell : IDisposable
{
    private const string FileName = "doorbell";
    private readonly FileSystemWatcher watcher;
    private readonly SemaphoreSlim rung = new(0);

    private Doorbell(string stateDirectory)
    {
        watcher = new(stateDirectory, FileName) { NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.FileName };
        watcher.Changed += (_, _) => rung.Release();
        watcher.Created += (_, _) => rung.Release();
        try
        {
            watcher.EnableRaisingEvents = true;
        }
        catch
        {
            watcher.Dispose();
            throw;
        }
    }

    /// <summary>Begins to listen, or says why it cannot: all that the kernel has for it may be in use.</summary>
    public static Doorbell? TryHang(string stateDirectory, out string? why)
    {
        try
        {
            why = null;
            return new(stateDirectory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            why = e.Message.TrimEnd('.');
            return null;
        }
    }

    /// <summary>Rings for the daemon that works in this state directory, if there is one.</summary>
    public static void Ring(string stateDirectory) =>
        File.WriteAllText(Path.Combine(stateDirectory, FileName), "");

    /// <summary>Completes when somebody rang since the last time.</summary>
    public async Task RungAsync(CancellationToken cancellation)
    {
        await rung.WaitAsync(cancellation);
        while (rung.Wait(0, CancellationToken.None))
        {
        }
    }

    public void Dispose()
    {
        watcher.Dispose();
        rung.Dispose();
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RolloverD.Tests.Shared;

/// <summary>
/// A real Postfix instance with directories of its own below a temporary one, serving SMTP on a free port of 127.0.0.1.
/// The system's own Postfix is neither needed to run nor touched. Needs root, as Postfix does.
/// </summary>
public sealed class PostfixSandbox : IAsyncDisposable
{
    private const string Postfix = "/usr/sbin/postfix";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _root = System.IO.Directory.CreateTempSubdirectory("rolloverd-postfix-");

    /// <summary>Lays the instance out; it is not started.</summary>
    public PostfixSandbox()
    {
        Port = FreePort();

        // Postfix's own user must reach the queue.
        _root.UnixFileMode |= UnixFileMode.GroupRead | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        foreach (string name in (string[])["etc", "queue", "data"])
            _root.CreateSubdirectory(name);
        Run("chown", ["postfix", $"{Directory}/data"]);
        File.WriteAllText($"{ConfigDirectory}/main.cf", $"""
            compatibility_level = 3.6
            queue_directory = {Directory}/queue
            data_directory = {Directory}/data
            maillog_file = {LogFile}
            maillog_file_prefixes = {Directory}
            multi_instance_name = postfix-{_root.Name}
            multi_instance_enable = yes
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = mx1.example.test
            mydestination =
            mynetworks = 127.0.0.0/8
            smtpd_peername_lookup = no
            alias_maps =
            notify_classes =

            """);
        File.WriteAllText($"{ConfigDirectory}/master.cf", $"""
            127.0.0.1:{Port} inet n - n - - smtpd
            pickup unix n - n 60 1 pickup
            cleanup unix n - n - 0 cleanup
            qmgr unix n - n 300 1 qmgr
            tlsmgr unix - - n 1000? 1 tlsmgr
            rewrite unix - - n - - trivial-rewrite
            bounce unix - - n - 0 bounce
            defer unix - - n - 0 bounce
            trace unix - - n - 0 bounce
            proxymap unix - - n - - proxymap
            showq unix n - n - - showq
            error unix - - n - - error
            anvil unix - - n - 1 anvil
            postlog unix-dgram n - n - 1 postlogd

            """);
    }

    public string Directory => _root.FullName;

    public string ConfigDirectory => $"{Directory}/etc";

    public string MainCf => $"{ConfigDirectory}/main.cf";

    public string LogFile => $"{Directory}/maillog";

    /// <summary>The first service's port.</summary>
    public int Port { get; }

    /// <summary>Why no Postfix can be had here, or null.</summary>
    public static string? Missing =>
        !File.Exists(Postfix) ? $"{Postfix} is missing: apt-get install postfix"
        : !Environment.IsPrivilegedProcess ? "Postfix can be started by root only"
        : null;

    /// <summary>Adds lines to main.cf, as an administrator would.</summary>
    /// <remarks>
    /// No second setting of a parameter: Postfix warns of it, and where postlogd does so at its start it waits for
    /// itself for ever.
    /// </remarks>
    public void Add(string mainCfLines) => File.AppendAllText(MainCf, mainCfLines + "\n");

    /// <summary>Sets a parameter in main.cf, whether it is there or not.</summary>
    public void Set(string setting) => Run("/usr/sbin/postconf", ["-c", ConfigDirectory, "-e", setting]);

    /// <summary>Adds a service with its options to master.cf.</summary>
    public void AddService(string masterCfLines) =>
        File.AppendAllText($"{ConfigDirectory}/master.cf", masterCfLines + "\n");

    /// <summary>Starts it and waits until it listens and writes its log.</summary>
    public async Task StartAsync()
    {
        Command("start");
        var clock = Stopwatch.StartNew();
        while (!await ListensAsync() || !File.ReadAllText(LogFile).Contains("daemon started", StringComparison.Ordinal))
        {
            if (clock.Elapsed > Limit)
                throw new TimeoutException($"Postfix is not up in {Limit.TotalSeconds} s: {File.ReadAllText(LogFile)}");

            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    /// <summary>Runs <c>postfix -c … WORD</c>.</summary>
    public void Command(string word) => Run(Postfix, ["-c", ConfigDirectory, word]);

    public ValueTask DisposeAsync()
    {
        // Stopping politely needs a sound main.cf, and some tests leave none. The master daemon holds a lock on its
        // file while it runs, and leads the process group of its children.
        string pidFile = $"{Directory}/queue/pid/master.pid";
        if (File.Exists(pidFile))
            Run("/bin/sh", ["-c", "flock -n \"$0\" true || kill -9 \"-$(tr -d ' ' <\"$0\")\"", pidFile]);

        _root.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> ListensAsync()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void Run(string program, string[] arguments)
    {
        // Into a file: the master daemon would keep a pipe open for ever.
        string output = $"{Directory}/output";
        using var process = Process.Start(
            "/bin/sh", ["-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", output, program, .. arguments]);
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end");
        }

        if (process.ExitCode != 0)
        {
            string log = File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(10)) : "";
            throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: "
                + File.ReadAllText(output) + log);
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using RolloverD.Tests.Shared;

namespace RolloverD.Lab.Tests;

/// <summary>
/// One lab of its own: the servers of <c>tests/lab</c> in a network namespace, the published binary, and mail that
/// flows while things happen. Disposing it ends every process it started.
/// </summary>
public sealed class Lab : IAsyncDisposable
{
    private static readonly string Root = Repository.Root;
    private readonly string name;
    private Process? daemon;

    private Lab(string name, string directory)
    {
        this.name = name;
        Directory = directory;
        Environment = File.ReadAllLines(Path.Combine(directory, "lab.env"))
            .Select(l => l.Split('=', 2))
            .Where(p => p.Length == 2)
            .ToDictionary(p => p[0], p => p[1].Trim('"', '\''));
    }

    /// <summary>Where the lab keeps everything.</summary>
    public string Directory { get; }

    /// <summary>The variables of lab.env.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    public string Configuration => Path.Combine(Directory, "rolloverd", "rolloverd.toml");

    /// <summary>The published binary; tests/run makes it and says where.</summary>
    public static string Binary =>
        System.Environment.GetEnvironmentVariable("ROLLOVERD_BINARY")
        ?? throw new InvalidOperationException(
            "ROLLOVERD_BINARY names no published binary; run these tests through tests/run");

    public static async Task<Lab> UpAsync(string name, params string[] options)
    {
        string directory = System.IO.Directory.CreateTempSubdirectory($"rolloverd-{name}-").FullName;
        name = $"test-{name}-{System.Environment.ProcessId}"; // another run on this machine has labs of its own
        await EndAbandonedAsync();
        Result up = await RunAsync(Script("up"), ["--name", name, "--dir", directory, .. options]);
        Assert.True(up.ExitCode == 0, $"tests/lab/up failed: {up.Output}{up.Error}");
        return new(name, directory);
    }

    /// <summary>Runs one of the lab's scripts on this lab.</summary>
    public async Task<Result> ScriptAsync(string script, params string[] arguments) =>
        await RunAsync(Script(script), ["--name", name, .. arguments]);

    /// <summary>Runs a command inside the namespace.</summary>
    public async Task<Result> ExecAsync(params string[] command) =>
        await RunAsync(Script("exec"), ["--name", name, "--", .. command]);

    /// <summary>Runs the binary inside the namespace with the lab's configuration.</summary>
    public async Task<Result> RolloverdAsync(params string[] arguments) =>
        await ExecAsync([Binary, .. arguments, "--config", Configuration]);

    /// <summary>The same, and it must succeed.</summary>
    public async Task<string> RolloverdSucceedsAsync(params string[] arguments)
    {
        Result result = await RolloverdAsync(arguments);
        Assert.True(
            result.ExitCode == 0,
            $"rolloverd {string.Join(' ', arguments)}: exit {result.ExitCode}\n{result.Output}{result.Error}");
        return result.Output;
    }

    /// <summary>
    /// Changes what tests/lab/up wrote into the configuration, before the daemon starts.
    /// </summary>
    public void Configure(Func<string, string> change) =>
        File.WriteAllText(Configuration, change(File.ReadAllText(Configuration)));

    /// <summary>Starts the daemon.</summary>
    /// <param name="clock">
    /// Whether "fault clock" can set its clock: the time of day alone, not the one that runs since the machine started.
    /// </param>
    public void StartDaemon(bool clock = false)
    {
        var start = new ProcessStartInfo(
            "ip", ["netns", "exec", $"rolloverd-{name}", Binary, "run", "--config", Configuration])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (clock)
        {
            File.WriteAllText(Path.Combine(Directory, "clock"), "+0\n");
            start.Environment["LD_PRELOAD"] = Environment["faketime"];
            start.Environment["FAKETIME_TIMESTAMP_FILE"] = Path.Combine(Directory, "clock");
            start.Environment["FAKETIME_NO_CACHE"] = "1";
            start.Environment["DONT_FAKE_MONOTONIC"] = "1";
        }

        daemon = Process.Start(start)!;
        string log = Path.Combine(Directory, "log", "rolloverd");
        daemon.OutputDataReceived += (_, line) => Append(log, line.Data);
        daemon.ErrorDataReceived += (_, line) => Append(log, line.Data);
        daemon.BeginOutputReadLine();
        daemon.BeginErrorReadLine();
    }

    /// <summary>kill -9; <c>ip netns exec</c> replaces itself by the command, so the process is the daemon.</summary>
    public async Task KillDaemonAsync()
    {
        daemon!.Kill();
        await daemon.WaitForExitAsync();
        daemon.Dispose();
        daemon = null;
    }

    /// <summary>What <c>systemctl reload</c> sends.</summary>
    public async Task SummonDaemonAsync() =>
        await SucceedsAsync(await RunAsync("kill", ["-HUP", daemon!.Id.ToString(CultureInfo.InvariantCulture)]));

    public bool DaemonRuns => daemon is { HasExited: false };

    public async Task<Status> StatusAsync() => Status.Parse(await RolloverdSucceedsAsync("status", "--json"));

    /// <summary>Looks at the status until it is as wanted, and says what it was when it never became so.</summary>
    public async Task<Status> UntilAsync(string what, TimeSpan most, Func<Status, bool> wanted)
    {
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            Status status = await StatusAsync();
            if (wanted(status))
                return status;

            Assert.True(
                Stopwatch.GetElapsedTime(begin) < most,
                $"{what} did not come within {most.TotalSeconds} s; {status.Text}\n{await LogAsync()}");
            await Task.Delay(100);
        }
    }

    /// <summary>
    /// The first generation is live, Postfix reads it, and its records are published and in every cache.
    /// </summary>
    public async Task BootstrapAsync(bool clock = false)
    {
        StartDaemon(clock);
        string[] names = [.. (await StatusAsync()).Names];
        foreach (string certificate in names)
        {
            string live = Path.Combine(Environment["state"], "live", certificate, "combined.pem");
            await UntilAsync("the first certificate", TimeSpan.FromSeconds(60), _ => File.Exists(live));
            await RolloverdSucceedsAsync("deploy", "--configure", certificate);
        }

        await UntilAsync("steadiness", TimeSpan.FromSeconds(180), s => names.All(n => s.Certificate(n).IsSteady));
        // The absence of records must leave the caches before mail is dane-only.
        await Task.Delay(TimeSpan.FromSeconds(2 * Ttl));
    }

    public int Ttl => int.Parse(Environment["ttl"], CultureInfo.InvariantCulture);

    public async Task StartTrafficAsync(params string[] options) =>
        await SucceedsAsync(await ScriptAsync("traffic", ["start", .. options]));

    /// <summary>Breaks something for good, or until the world mends itself.</summary>
    public async Task BreakAsync(params string[] fault) => await SucceedsAsync(await ScriptAsync("fault", fault));

    /// <summary>Breaks something; disposing what it gives mends it.</summary>
    public async Task<Fault> FaultAsync(string fault, string mending)
    {
        await SucceedsAsync(await ScriptAsync("fault", fault.Split(' ')));
        return new(async () => await SucceedsAsync(await ScriptAsync("fault", mending.Split(' '))));
    }

    /// <summary>Ends the mail and the probes and gives what they counted.</summary>
    public async Task<Traffic> StopTrafficAsync()
    {
        await SucceedsAsync(await ScriptAsync("traffic", "stop"));
        var traffic = Traffic.Of(await ScriptAsync("traffic", "report"));
        Say(traffic.Summary);
        return traffic;
    }

    /// <summary>The TLSA records that a server gives out for mx1, sorted.</summary>
    public async Task<string[]> PublishedAsync(string server, string owner = "_25._tcp.mx1.example.test")
    {
        Result dig = await ExecAsync("dig", "+short", "+tcp", $"@{server}", owner, "TLSA");
        return
        [
            .. dig.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => l.Split(' ', 4))
                .Where(f => f.Length == 4)
                .Select(f => $"{f[0]} {f[1]} {f[2]} {Digits(f[3])}")
                .Order(),
        ];
    }

    /// <summary>Whether posttls-finger, told to accept DANE only, verifies the receiver.</summary>
    public Task<bool> VerifiesAsync() => VerifiesAsync("example.test");

    /// <summary>The same for a host and port: <c>[mx1.example.test]:587</c>; on 465 TLS begins at once.</summary>
    public async Task<bool> VerifiesAsync(string host)
    {
        string[] wrapped = host.EndsWith(":465", StringComparison.Ordinal) ? ["-w"] : [];
        Result finger = await ExecAsync(
        [
            "env", $"MAIL_CONFIG={Directory}/postfix/sender",
            "posttls-finger", "-c", "-l", "dane-only", .. wrapped, host,
        ]);
        return (finger.Output + finger.Error).Contains("Verified TLS connection", StringComparison.Ordinal);
    }

    /// <summary>
    /// The key that an address of the receiver shows on port 25, as the status writes keys; an IPv6 address in
    /// brackets.
    /// </summary>
    public async Task<string> ShownKeyAsync(string address)
    {
        const string Script =
            """
            openssl s_client -connect "$0:25" -starttls smtp -servername mx1.example.test 2>/dev/null </dev/null |
              openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1
            """;
        return (await ExecAsync("bash", "-c", Script, address)).Output.Trim();
    }

    /// <summary>
    /// Waits until an address shows a key: processes that were busy when Postfix was reloaded show the chain of before
    /// until they are done.
    /// </summary>
    public async Task ShowsAsync(string address, string key, TimeSpan most)
    {
        long begin = Stopwatch.GetTimestamp();
        string shown;
        while ((shown = await ShownKeyAsync(address)) != key)
        {
            Assert.True(
                Stopwatch.GetElapsedTime(begin) < most,
                $"{address} shows {shown} and not {key}; {(await StatusAsync()).Text}\n{await LogAsync()}");
            await Task.Delay(100);
        }

        Say($"{address} shows {key[..8]} after {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s");
    }

    public async Task<string> LogAsync()
    {
        string log = Path.Combine(Directory, "log", "rolloverd");
        return File.Exists(log) ? string.Join('\n', (await File.ReadAllLinesAsync(log)).TakeLast(60)) : "(no log)";
    }

    public async ValueTask DisposeAsync()
    {
        if (DaemonRuns)
            await KillDaemonAsync();
        await RunAsync(Script("down"), ["--name", name]);
    }

    // Those of runs that were killed: the number at the end is that of a process which is no more.
    private static async Task EndAbandonedAsync()
    {
        if (!System.IO.Directory.Exists("/run/netns"))
            return;

        foreach (string file in System.IO.Directory.EnumerateFiles("/run/netns", "rolloverd-test-*-*"))
        {
            string lab = Path.GetFileName(file)["rolloverd-".Length..];
            if (!System.IO.Directory.Exists($"/proc/{lab[(lab.LastIndexOf('-') + 1)..]}"))
                await RunAsync(Script("down"), ["--name", lab]);
        }
    }

    private static string Script(string name) => Path.Combine(Root, "tests", "lab", name);

    private static async Task SucceedsAsync(Result result)
    {
        await Task.CompletedTask;
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
    }

    internal static async Task<Result> RunAsync(string file, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new(process.ExitCode, await output, await error);
    }

    /// <summary>Prints what the test under way saw, also when it passes.</summary>
    public static void Say(string text) => Console.WriteLine($"{TestContext.Current.Test?.TestDisplayName}: {text}");

    // dig writes long digests in pieces.
    private static string Digits(string pieces) =>
        pieces.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();

    private static void Append(string file, string? line)
    {
        if (line is null)
            return;

        lock (Root)
            File.AppendAllText(file, line + "\n");
    }
}

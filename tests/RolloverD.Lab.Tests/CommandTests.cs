using System.Diagnostics;

namespace RolloverD.Lab.Tests;

/// <summary>What the published binary says to a person who gets something wrong. Needs no lab.</summary>
[Collection("lab")]
public sealed class CommandTests : IDisposable
{
    // What is wrong stands where the comment says; line and column are those of the value, or of an unknown key.
    private const string Wrong =
        """
        [state]
        directory = "relative/state"
        colour = "green"

        [timing]
        ttl = "soon"
        safety-margin = 5

        [zones."example.test"]
        provider = "rfc2136"
        server = "127.0.0.1:1"
        tsig-file = "/nowhere/tsig.key"

        [issuers.ca]
        type = "acme"
        directory = "https://127.0.0.1:1/dir"

        [certificates.mx1]
        names = ["mx1.example.test"]
        issuer = "another"
        key = "ecdsa-p257"
        tlsa = ["3 1 1", "1 1 1"]
        endpoints = ["mx1.example.org:25"]
        """;

    private readonly string directory = Directory.CreateTempSubdirectory("rolloverd-commands-").FullName;

    [Theory]
    [InlineData("config", "check")]
    [InlineData("status")]
    [InlineData("plan")]
    [InlineData("step", "mx1")]
    [InlineData("roll", "mx1")]
    [InlineData("run")]
    public async Task Every_mistake_of_the_configuration_is_said_at_once_with_its_place(params string[] command)
    {
        string file = Write(Wrong);
        Result result = await RunAsync([.. command, "--config", file]);

        Assert.Equal(78, result.ExitCode);
        string[] lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] expected =
        [
            "2:13: state.directory: ",
            "3:1: state.colour: ",
            "6:7: timing.ttl: ",
            "7:17: timing.safety-margin: ",
            "12:13: zones.\"example.test\".tsig-file: ",
            "20:10: certificates.mx1.issuer: ",
            "21:7: certificates.mx1.key: ",
            "22:18: certificates.mx1.tlsa[1]: ",
            "23:14: certificates.mx1.endpoints[0]: ",
        ];
        Assert.Equal(expected.Length, lines.Length);
        Assert.All(expected.Zip(lines), p => Assert.StartsWith($"{file}:{p.First}", p.Second, StringComparison.Ordinal));
        Assert.All(lines, l => Assert.Contains("; ", l, StringComparison.Ordinal)); // what to do next
    }

    [Theory]
    [InlineData]
    [InlineData("run")]
    [InlineData("status")]
    [InlineData("plan")]
    [InlineData("step")]
    [InlineData("roll")]
    [InlineData("deploy")]
    [InlineData("check")]
    [InlineData("history")]
    [InlineData("tlsa")]
    [InlineData("config")]
    [InlineData("config", "check")]
    public async Task Help_explains_and_exits_with_0(params string[] command)
    {
        Result result = await RunAsync([.. command, "--help"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains("Usage:", result.Output, StringComparison.Ordinal);
        Assert.Contains("--config", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no command was given")]
    [InlineData("no such command", "frobnicate")]
    [InlineData("a name is missing", "step")]
    [InlineData("two keys at once", "roll", "mx1", "--new-key", "--same-key")]
    [InlineData("neither host nor domain", "check")]
    [InlineData("both host and domain", "check", "mx1.example.test", "--domain", "example.test")]
    [InlineData("no such option", "roll", "mx1", "--loud")]
    public async Task A_usage_error_exits_with_64_and_points_to_the_help(string mistake, params string[] command)
    {
        Result result = await RunAsync(command);
        Assert.True(result.ExitCode == 64, $"{mistake}: exit {result.ExitCode}: {result.Output}{result.Error}");
        Assert.StartsWith("rolloverd: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("--help", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_certificate_exits_with_64_and_names_those_that_exist()
    {
        Result result = await RunAsync("status", "mx9", "--config", WriteGood());
        Assert.Equal(64, result.ExitCode);
        Assert.Matches("mx9.*mx1", result.Error);
    }

    [Fact]
    public async Task A_step_beside_the_running_daemon_exits_with_69_and_the_daemon_ends_cleanly()
    {
        string file = WriteGood();
        using Process daemon = Process.Start(new ProcessStartInfo(Lab.Binary, ["run", "--config", file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> log = daemon.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> errors = daemon.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await UntilDaemonRunsAsync(file);
            Result step = await RunAsync("step", "mx1", "--config", file);
            Assert.Equal(69, step.ExitCode);
            Assert.Contains("the daemon (or another step) is at work", step.Error, StringComparison.Ordinal);
            Result second = await RunAsync("run", "--config", file);
            Assert.Equal(69, second.ExitCode);
        }
        finally
        {
            await Lab.RunAsync("kill", ["-TERM", $"{daemon.Id}"]);
            await daemon.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.True(daemon.ExitCode == 0, $"exit {daemon.ExitCode}: {await log}{await errors}");
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static Task<Result> RunAsync(params string[] arguments) => Lab.RunAsync(Lab.Binary, arguments);

    private static async Task UntilDaemonRunsAsync(string file)
    {
        long begin = Stopwatch.GetTimestamp();
        Result status;
        do
        {
            status = await RunAsync("status", "--json", "--config", file);
            Assert.True(Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(20), $"no daemon runs: {status.Output}");
        }
        while (!status.Output.Contains("\"daemonRuns\": true", StringComparison.Ordinal));
    }

    private string Write(string text)
    {
        string file = Path.Combine(directory, "rolloverd.toml");
        File.WriteAllText(file, text);
        return file;
    }

    // Complete, and every server in it is away.
    private string WriteGood()
    {
        string key = Path.Combine(directory, "tsig.key");
        File.WriteAllText(key, "key \"rolloverd\" { algorithm hmac-sha256; secret \"c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0ISE=\"; };\n");
        return Write(
            $"""
            [state]
            directory = "{directory}/state"

            [resolver]
            servers = ["127.0.0.1:1"]

            [zones."example.test"]
            provider = "rfc2136"
            server = "127.0.0.1:1"
            tsig-file = "{key}"

            [issuers.ca]
            type = "acme"
            directory = "https://127.0.0.1:1/dir"
            challenge = "dns-01"

            [certificates.mx1]
            names = ["mx1.example.test"]
            issuer = "ca"
            endpoints = ["mx1.example.test:25"]
            """);
    }
}

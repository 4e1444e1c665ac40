using System.Diagnostics;
using System.Text.Json;

namespace RolloverD.Lab.Tests;

/// <summary>What the published binary says to a person who gets something wrong. Needs no lab.</summary>
[Collection("lab")]
public sealed class CommandTests : IDisposable
{
    private readonly WrittenFiles files = new();

    [Theory]
    [InlineData("config", "check")]
    [InlineData("status")]
    [InlineData("plan")]
    [InlineData("step", "mx1")]
    [InlineData("roll", "mx1")]
    [InlineData("run")]
    public async Task Every_mistake_of_the_configuration_is_said_at_once_with_its_place(params string[] command)
    {
        string file = files.WriteWrong();
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
        Assert.All(
            expected.Zip(lines), p => Assert.StartsWith($"{file}:{p.First}", p.Second, StringComparison.Ordinal));
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
        Result result = await RunAsync("status", "mx9", "--config", files.WriteGood());
        Assert.Equal(64, result.ExitCode);
        Assert.Matches("mx9.*mx1", result.Error);
    }

    [Theory]
    [InlineData("stats", "status")]
    [InlineData("confg", "config")]
    [InlineData("--jsn", "--json")]
    [InlineData("help", "--help")]
    public async Task A_word_that_is_nearly_right_brings_the_right_one(string written, string meant)
    {
        Result result = await RunAsync(written);
        Assert.Equal(64, result.ExitCode);
        Assert.Contains($"did you mean '{meant}'?", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, "stats")]
    [InlineData(64, "status", "mx9", "--config", "GOOD")]
    [InlineData(1, "tlsa", "/nowhere.pem")]
    [InlineData(69, "status", "--config", "NOWHERE")]
    [InlineData(75, "deploy", "mx1", "--config", "GOOD")]
    [InlineData(75, "deploy", "mx1", "--configure", "--config", "GOOD")]
    [InlineData(78, "status", "--config", "WRONG")]
    [InlineData(78, "run", "--config", "WRONG")]
    [InlineData(78, "plan", "--config", "/nowhere.toml")]
    public async Task Every_failure_is_one_json_document_when_json_is_asked_for(int code, params string[] command)
    {
        Result result = await RunAsync([.. command.Select(files.For), "--json"]);
        Assert.Equal((code, ""), (result.ExitCode, result.Error));
        JsonElement report = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(code, report.GetProperty("exitCode").GetInt32());
        Assert.All(report.GetProperty("errors").EnumerateArray(), e =>
        {
            Assert.NotEmpty(e.GetProperty("message").GetString()!);
            Assert.NotEmpty(e.GetProperty("remedy").GetString()!);
        });
    }

    [Fact]
    public async Task The_errors_of_a_configuration_are_told_to_programs_with_their_places()
    {
        string file = files.WriteWrong();
        Result result = await RunAsync("config", "check", "--json", "--config", file);
        Assert.Equal((78, ""), (result.ExitCode, result.Error));
        JsonElement report = JsonDocument.Parse(result.Output).RootElement;
        Assert.False(report.GetProperty("good").GetBoolean());
        Assert.Equal(9, report.GetProperty("errors").GetArrayLength());
        JsonElement first = report.GetProperty("errors")[0];
        Assert.Equal(
            (file, 2, 13, "state.directory"),
            (first.GetProperty("file").GetString(), first.GetProperty("line").GetInt32(),
                first.GetProperty("column").GetInt32(), first.GetProperty("key").GetString()));
    }

    [Fact]
    public async Task A_good_configuration_names_its_certificates_and_exits_with_0()
    {
        Result result = await RunAsync("config", "check", "--json", "--config", files.WriteGood());
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        JsonElement report = JsonDocument.Parse(result.Output).RootElement;
        Assert.True(report.GetProperty("good").GetBoolean());
        Assert.Equal("mx1", report.GetProperty("certificates")[0].GetString());
    }

    [Fact]
    public async Task A_roll_is_asked_for_once_and_then_must_wait()
    {
        string file = files.WriteGood();
        Result first = await RunAsync("roll", "mx1", "--new-key", "--json", "--config", file);
        JsonElement report = JsonDocument.Parse(first.Output).RootElement;
        Assert.Equal((0, true, false), (
            first.ExitCode, report.GetProperty("newKey").GetBoolean(), report.GetProperty("daemonRuns").GetBoolean()));
        Result second = await RunAsync("roll", "mx1", "--config", file);
        Assert.Equal(75, second.ExitCode);
        Assert.Contains("is not over yet; see 'rolloverd status mx1'", second.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_is_too_early_exits_with_75_and_says_who_is_to_act()
    {
        string file = files.WriteGood();
        Result key = await RunAsync("step", "mx1", "--config", file); // needs nobody else
        // The issuer is away, and it is not asked again at once.
        Result order = await RunAsync("step", "mx1", "--config", file);
        Result step = await RunAsync("step", "mx1", "--json", "--config", file);
        Assert.Equal((0, 1, 75), (key.ExitCode, order.ExitCode, step.ExitCode));
        JsonElement report = JsonDocument.Parse(step.Output).RootElement;
        Assert.Equal("waits", report.GetProperty("outcome").GetString());
        Assert.All(
            report.GetProperty("holds").EnumerateArray(), h => Assert.NotEmpty(h.GetProperty("who").GetString()!));
        Assert.NotEqual(0, report.GetProperty("holds").GetArrayLength());
    }

    [Fact]
    public async Task A_check_of_a_host_that_cannot_be_looked_up_exits_with_1_and_says_what_to_do()
    {
        Result result = await RunAsync("check", "mx1.example.test", "--config", files.WriteGood());
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("deferred", result.Output, StringComparison.Ordinal);
        Assert.Contains("to do  mail waits at the sender", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_directory_that_cannot_be_made_is_named_with_what_to_do()
    {
        Result result = await RunAsync("status", "--config", files.WriteNowhere());
        Assert.Equal((69, ""), (result.ExitCode, result.Output));
        Assert.Matches(
            "^rolloverd: user .* cannot make the state directory /proc/nowhere: .*; run it with sudo", result.Error);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_none_is_named_with_what_to_do()
    {
        string file = files.WriteGood();
        Directory.CreateDirectory(files.State);
        await File.WriteAllTextAsync(
            Path.Combine(files.State, "rolloverd.db"), new string('x', 4096), TestContext.Current.CancellationToken);
        Result result = await RunAsync("status", "--config", file);
        Assert.Equal((69, ""), (result.ExitCode, result.Output));
        Assert.Matches("^rolloverd: .*rolloverd.db is damaged.*; put it back from a backup", result.Error);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_beside_the_running_daemon_exits_with_69_and_the_daemon_ends_cleanly()
    {
        string file = files.WriteGood();
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

    public void Dispose() => files.Dispose();

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
}

using RolloverD.Core.Ports;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>One Postfix instance, named by its configuration directory, and its two commands.</summary>
internal sealed class PostfixInstance(string directory, Tool postfix, Tool postconf)
{
    /// <summary>Asks <c>postconf</c> what the instance is configured to do.</summary>
    /// <returns>The configuration, or why it cannot be read.</returns>
    public async Task<(PostfixConfiguration? Configuration, MailServerOutcome? Problem)> ReadAsync(
        CancellationToken cancellation)
    {
        List<string> outputs = [];
        string[] names = [.. PostfixConfiguration.Asked];
        foreach (string[] question in (string[][])[names, ["-x", .. names], ["-n"], ["-M"], ["-xP"]])
        {
            ToolOutcome outcome = await EditAsync(question, cancellation);
            if (outcome is not ToolOutcome.Ended { ExitCode: 0 } answer)
                return (null, ProblemOf(outcome));

            outputs.Add(answer.Output);
        }

        return (new(
            PostfixConfiguration.ParametersOf(outputs[0]),
            PostfixConfiguration.ParametersOf(outputs[1]),
            [.. PostfixConfiguration.ParametersOf(outputs[2]).Keys],
            PostfixConfiguration.ServicesOf(outputs[3], outputs[4])), null);
    }

    /// <summary>Runs <c>postconf</c> on the instance.</summary>
    public Task<ToolOutcome> EditAsync(IEnumerable<string> arguments, CancellationToken cancellation) =>
        postconf.RunAsync(["-c", directory, .. arguments], cancellation);

    /// <summary>Whether <c>postfix check</c> finds the configuration sound; null: it does.</summary>
    public async Task<MailServerOutcome?> CheckAsync(PostfixConfiguration configuration, CancellationToken cancellation)
    {
        var log = new NewLogLines(configuration[PostfixConfiguration.LogFile]);
        ToolOutcome outcome = await CommandAsync("check", cancellation);
        return outcome is ToolOutcome.Ended { ExitCode: 0 } ? null : ProblemOf(outcome, log);
    }

    /// <summary>Whether the master daemon runs; null: it does.</summary>
    public async Task<MailServerOutcome?> FindRunningAsync(CancellationToken cancellation)
    {
        ToolOutcome outcome = await CommandAsync("status", cancellation);
        return outcome switch
        {
            ToolOutcome.Ended { ExitCode: 0 } => null,
            ToolOutcome.Ended => new MailServerOutcome.Unavailable(
                $"Postfix in {directory} is not running",
                $"start it: `{postfix.Program} -c {directory} start`, or its systemd unit"),
            _ => ProblemOf(outcome),
        };
    }

    /// <summary>Tells the master daemon to end its workers gently and to start new ones; null: it was told.</summary>
    public async Task<MailServerOutcome?> ReloadAsync(
        PostfixConfiguration configuration, CancellationToken cancellation)
    {
        var log = new NewLogLines(configuration[PostfixConfiguration.LogFile]);
        ToolOutcome outcome = await CommandAsync("reload", cancellation);
        return outcome is ToolOutcome.Ended { ExitCode: 0 } ? null : ProblemOf(outcome, log);
    }

    /// <summary>Puts a command's failure into words; Postfix tells its terminal or its log why, never a pipe.</summary>
    public MailServerOutcome ProblemOf(ToolOutcome outcome, NewLogLines? log = null)
    {
        if (outcome is not ToolOutcome.Ended ended)
        {
            return new MailServerOutcome.Unavailable(
                $"`{outcome.CommandLine}` could not be run: {((ToolOutcome.CannotRun)outcome).Reason}",
                "install Postfix, or set `postfix` and `postconf` of this deployment to the paths of its commands");
        }

        string text = string.Join("; ", new[] { ended.Text, log?.Read() ?? "" }.Where(t => t.Length > 0));
        string reason = $"`{ended.CommandLine}` ended with {ended.ExitCode}{(text.Length > 0 ? ": " + text : "")}";
        string remedy = text.Length > 0
            ? $"mend the configuration in {directory}"
            : $"see Postfix's log, or run `{ended.CommandLine}` at a terminal: it says there what is wrong";
        return new MailServerOutcome.Failed(reason, Environment.IsPrivilegedProcess
            ? remedy
            : remedy + "; the postfix command works for root only");
    }

    private Task<ToolOutcome> CommandAsync(string word, CancellationToken cancellation) =>
        postfix.RunAsync(["-c", directory, word], cancellation);
}

using System.CommandLine;

namespace RolloverD.Commands;

/// <summary>The whole command line: one file a command, each says what it teaches in its own help.</summary>
internal static class CommandLine
{
    public static RootCommand Create()
    {
        var common = new CommonOptions();
        var root = new RootCommand(
            """
            Keeps the TLS certificates of mail hosts fresh without ever breaking DANE.

            A sender that validates DANE must be able to deliver at every instant of a key or certificate change. rolloverd
            publishes the next TLSA records, waits until every authoritative server and every compliant cache must have
            them, swaps the certificate, verifies it from outside, and then retires the old records.
            """);
        root.Options.Add(common.File);
        root.Options.Add(common.Json);
        root.Subcommands.Add(RunCommand.Create(common));
        root.Subcommands.Add(StatusCommand.Create(common));
        root.Subcommands.Add(PlanCommand.Create(common));
        root.Subcommands.Add(StepCommand.Create(common));
        root.Subcommands.Add(RollCommand.Create(common));
        root.Subcommands.Add(DeployCommand.Create(common));
        root.Subcommands.Add(CheckCommand.Create(common));
        root.Subcommands.Add(HistoryCommand.Create(common));
        root.Subcommands.Add(TlsaCommand.Create(common));
        root.Subcommands.Add(ConfigCommand.Create(common));
        return root;
    }

    /// <summary>Runs a command and turns what it may throw into an exit code and words.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        ParseResult parsed = Create().Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors)
                await Console.Error.WriteLineAsync($"rolloverd: {error.Message}");
            await Console.Error.WriteLineAsync("rolloverd: see 'rolloverd --help' or 'rolloverd COMMAND --help'");
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new()
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromSeconds(60), // a step that was begun may end
            });
        }
        catch (CommandException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return e.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Unavailable;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Core.Ports.StoreException)
        {
            await Console.Error.WriteLineAsync($"rolloverd: {e.Message}");
            return ExitCode.Unavailable;
        }
    }
}

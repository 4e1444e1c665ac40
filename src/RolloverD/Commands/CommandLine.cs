using System.CommandLine;
using RolloverD.Config;

namespace RolloverD.Commands;

/// <summary>The whole command line: one file a command, each says what it teaches in its own help.</summary>
internal static class CommandLine
{
    /// <summary>Set to let a fault of the program show where it happened.</summary>
    private const string TraceVariable = "ROLLOVERD_TRACE";

    public static RootCommand Create()
    {
        var common = new CommonOptions();
        var root = new RootCommand(
            """
            Keeps the TLS certificates of mail hosts fresh without ever breaking DANE.

            A sender that validates DANE must be able to deliver at every instant of a key or certificate change.
            rolloverd publishes the next TLSA records, waits until every authoritative server and every compliant cache
            must have them, swaps the certificate, verifies it by STARTTLS at every address, and then retires the old
            records.
            """);
        root.Options.Add(common.File);
        root.Options.Add(common.Json);
        root.Subcommands.Add(RunCommand.Create(common));
        root.Subcommands.Add(StatusCommand.Create(common));
        root.Subcommands.Add(PlanCommand.Create(common));
        root.Subcommands.Add(StepCommand.Create(common));
        root.Subcommands.Add(RollCommand.Create(common));
        root.Subcommands.Add(AbortCommand.Create(common));
        root.Subcommands.Add(AdoptCommand.Create(common));
        root.Subcommands.Add(DeployCommand.Create(common));
        root.Subcommands.Add(CheckCommand.Create(common));
        root.Subcommands.Add(HistoryCommand.Create(common));
        root.Subcommands.Add(TlsaCommand.Create(common));
        root.Subcommands.Add(ConfigCommand.Create(common));
        HelpText.Install(root);
        return root;
    }

    /// <summary>Runs a command and turns what it may throw into an exit code and words.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        bool json = arguments.TakeWhile(a => a != "--").Contains("--json");
        try
        {
            ParseResult parsed = Create().Parse(arguments);
            if (parsed.Errors.Count > 0)
                return Misused(parsed, json);

            return await parsed.InvokeAsync(new()
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromSeconds(60), // a step that was begun may end
            });
        }
        catch (Exception e) // the edge of the process: no person is shown a stack trace unless they ask for it
        {
            return FailureReport.Tell(FailureReport.Explain(e) ?? Fault(e), json);
        }
    }

    private static int Misused(ParseResult parsed, bool json)
    {
        Command command = parsed.CommandResult.Command;
        RootCommand root = (RootCommand)parsed.RootCommandResult.Command;
        string[] known =
        [
            .. root.Subcommands.Concat(command.Subcommands).Select(c => c.Name),
            .. root.Options.Concat(command.Options).Select(o => o.Name),
        ];
        // An unknown option is taken for an argument when one is wanted.
        string[] strangers =
        [
            .. parsed.UnmatchedTokens,
            .. parsed.CommandResult.Tokens.Select(t => t.Value).Where(t => t.StartsWith('-')),
        ];
        string? near = strangers.Select(t => NearestWord.To(t, known)).FirstOrDefault(w => w is not null);
        string help = command is RootCommand
            ? "see 'rolloverd --help' or 'rolloverd COMMAND --help'"
            : $"see '{HelpText.PathOf(command)} --help'";
        // Whoever wrote an unknown word is not helped by what the parser then misses.
        string[] errors =
        [
            .. strangers.Length > 0
                ? strangers.OrderBy(t => near is null || NearestWord.To(t, known) == near ? 0 : 1).Take(1)
                    .Select(t => $"'{t}' is not known here")
                : parsed.Errors.Select(e => Plain(e.Message)),
        ];
        return FailureReport.Tell(
            new CommandException(
                ExitCode.Usage,
                string.Join("; ", errors),
                near is null ? help : $"did you mean '{near}'? {help}"),
            json);
    }

    // The parser's words for what a person most often forgets.
    private static string Plain(string message) => message switch
    {
        "Required command was not provided." => "no command was named",
        _ when message.StartsWith("Required argument ", StringComparison.Ordinal) =>
            message.TrimEnd('.').Replace("Required argument", "the argument", StringComparison.Ordinal)
                .Replace(" missing for command:", " is missing after", StringComparison.Ordinal),
        _ => message.TrimEnd('.'),
    };

    private static CommandException Fault(Exception exception) => new(
        ExitCode.Fault,
        $"a fault of rolloverd itself: {exception.GetType().Name}: {exception.Message.TrimEnd('.')}",
        Environment.GetEnvironmentVariable(TraceVariable) is { Length: > 0 }
            ? $"please report it with this:\n{exception.StackTrace}"
            : $"nothing was lost, the command may be repeated; please report what it says with {TraceVariable}=1");
}

using System.Collections.Immutable;
using RolloverD.Config;
using RolloverD.Core.Ports;

namespace RolloverD.Commands;

/// <summary>What a command prints under <c>--json</c> when it cannot do what was asked.</summary>
internal sealed record FailureReport(int ExitCode, ImmutableArray<ErrorReport> Errors)
{
    private const string Program = "rolloverd: ";

    /// <summary>
    /// Tells a failure and gives the exit code: words for a person on standard error, or one JSON document on standard
    /// output, where a program that asked for JSON reads.
    /// </summary>
    public static int Tell(CommandException failure, bool json)
    {
        if (json)
            ReportJson.Print(new(failure.ExitCode, failure.Errors), ReportJson.Default.FailureReport);
        else
            Console.Error.WriteLine(Console.IsErrorRedirected ? failure.Message : Fold(failure.Message));
        return failure.ExitCode;
    }

    /// <summary>What happened, in words that help; null when it was a fault of the program.</summary>
    public static CommandException? Explain(Exception exception) => exception switch
    {
        CommandException known => known,
        StoreException store => new(Commands.ExitCode.Unavailable, store.Reason, Lower(store.Remedy)),
        UnauthorizedAccessException denied => new(
            Commands.ExitCode.Unavailable,
            $"user {Environment.UserName} may not do this: {denied.Message.TrimEnd('.')}",
            "run it with sudo, or as the user of the daemon"),
        IOException failed => new(
            Commands.ExitCode.Unavailable,
            failed.Message.TrimEnd('.'),
            "see to the named file or directory, then repeat the command"),
        OperationCanceledException => new(
            Commands.ExitCode.Unavailable,
            "stopped before it was done",
            "repeat the command: it goes on where it stood"),
        _ => null,
    };

    public static string WithoutProgram(string message) =>
        message.StartsWith(Program, StringComparison.Ordinal) ? message[Program.Length..] : message;

    private static string Fold(string message) => string.Join(
        '\n', message.Split('\n').SelectMany(line => Words.Wrap(line, Math.Max(40, Console.WindowWidth))));

    private static string Lower(string sentence) => char.ToLowerInvariant(sentence[0]) + sentence[1..];
}

/// <summary>One thing that is wrong; the place is null where no file is concerned.</summary>
internal sealed record ErrorReport(
    string? File, int? Line, int? Column, string? Key, string Message, string? Remedy)
{
    public static ErrorReport Of(ConfigurationFinding finding) => new(
        finding.File,
        finding.Line > 0 ? finding.Line : null,
        finding.Column > 0 ? finding.Column : null,
        finding.Key.Length > 0 ? finding.Key : null,
        finding.Message,
        finding.Remedy);
}

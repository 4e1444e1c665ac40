using System.Collections.Immutable;
using RolloverD.Config;

namespace RolloverD.Commands;

/// <summary>Exit codes, after sysexits.h where it has one.</summary>
internal static class ExitCode
{
    public const int Good = 0;

    /// <summary>The verdict is bad, or something asked for could not be done.</summary>
    public const int Bad = 1;

    /// <summary>EX_USAGE.</summary>
    public const int Usage = 64;

    /// <summary>EX_UNAVAILABLE.</summary>
    public const int Unavailable = 69;

    /// <summary>EX_SOFTWARE: a fault of the program itself.</summary>
    public const int Fault = 70;

    /// <summary>EX_TEMPFAIL: the next step must wait.</summary>
    public const int MustWait = 75;

    /// <summary>EX_CONFIG.</summary>
    public const int Configuration = 78;
}

/// <summary>Ends a command with an exit code and words for a person. Thrown only at the edge of the process.</summary>
internal sealed class CommandException : Exception
{
    /// <summary>With one whole sentence.</summary>
    public CommandException(int exitCode, string message)
        : this(exitCode, message, [new(null, null, null, null, FailureReport.WithoutProgram(message), null)])
    {
    }

    /// <summary>With what happened, to what and why; and what to do next.</summary>
    public CommandException(int exitCode, string happened, string remedy)
        : this(exitCode, $"rolloverd: {happened}; {remedy}", [new(null, null, null, null, happened, remedy)])
    {
    }

    /// <summary>With everything that is wrong in the configuration.</summary>
    public CommandException(ImmutableArray<ConfigurationError> errors)
        : this(Commands.ExitCode.Configuration, string.Join('\n', errors), [.. errors.Select(ErrorReport.Of)])
    {
    }

    private CommandException(int exitCode, string message, ImmutableArray<ErrorReport> errors)
        : base(message)
    {
        ExitCode = exitCode;
        Errors = errors;
    }

    public int ExitCode { get; }

    public ImmutableArray<ErrorReport> Errors { get; }
}

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

    /// <summary>EX_TEMPFAIL: the next step must wait.</summary>
    public const int MustWait = 75;

    /// <summary>EX_CONFIG.</summary>
    public const int Configuration = 78;
}

/// <summary>Ends a command with an exit code and words for a person. Thrown only at the edge of the process.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}

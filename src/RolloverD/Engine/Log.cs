using Microsoft.Extensions.Logging;

namespace RolloverD.Engine;

/// <summary>Every line that the program logs, with a number that stays.</summary>
internal static partial class Log
{
    [LoggerMessage(100, LogLevel.Information, "{Certificate} (generation {Generation}): begins to {Step}: {Reason}")]
    public static partial void StepBegins(
        this ILogger log, string certificate, string generation, string step, string reason);

    [LoggerMessage(101, LogLevel.Information, "{Certificate} (generation {Generation}): {Step}: {Text}")]
    public static partial void StepDone(
        this ILogger log, string certificate, string generation, string step, string text);

    [LoggerMessage(102, LogLevel.Warning, "{Certificate} (generation {Generation}): could not {Step}: {Text}")]
    public static partial void StepFailed(
        this ILogger log, string certificate, string generation, string step, string text);

    [LoggerMessage(103, LogLevel.Information, "{Certificate} (generation {Generation}): {Event}: {Text}")]
    public static partial void Noticed(
        this ILogger log, string certificate, string generation, string @event, string text);

    [LoggerMessage(104, LogLevel.Warning, "{What}")]
    public static partial void ClockWasSet(this ILogger log, string what);

    [LoggerMessage(110, LogLevel.Information, "watching over {Count} certificate(s): {Names}")]
    public static partial void Started(this ILogger log, int count, string names);

    [LoggerMessage(
        114, LogLevel.Warning,
        "{Certificate} is no longer configured: its records are withdrawn where the zone still is, "
        + "its keys and live/ stay in {Directory}; "
        + "remove archive/{Certificate} and live/{Certificate} there when no mail server reads them")]
    public static partial void LeftOver(this ILogger log, string certificate, string directory);

    [LoggerMessage(111, LogLevel.Information, "stopping; what was begun is taken up at the next start")]
    public static partial void Stopping(this ILogger log);

    [LoggerMessage(112, LogLevel.Error, "{Certificate}: the tick failed and is repeated in {Seconds} s")]
    public static partial void TickFailed(this ILogger log, Exception exception, string certificate, double seconds);

    [LoggerMessage(
        115, LogLevel.Error, "{Certificate}: nothing can be decided: {Reason}. {Remedy}; tried again in {Seconds} s")]
    public static partial void Stopped(
        this ILogger log, string certificate, string reason, string remedy, double seconds);

    [LoggerMessage(
        116, LogLevel.Information,
        "told to look now: everything is looked at, and what failed is tried again, but for orders; the configuration "
        + "is read at the start only, restart the daemon when it changed")]
    public static partial void Summoned(this ILogger log);

    [LoggerMessage(
        117, LogLevel.Warning,
        "changes by commands are met at the next look, within a minute or so, and not at once: {Directory} cannot be "
        + "watched: {Reason}")]
    public static partial void NoDoorbell(this ILogger log, string directory, string reason);

    [LoggerMessage(
        118, LogLevel.Critical,
        "the daemon ends because of a fault of its own: {Reason}; what was begun is taken up at the next start")]
    public static partial void Failed(this ILogger log, string reason);

    [LoggerMessage(113, LogLevel.Warning, "{File}:{Line}:{Column}: {Key}: {Message}")]
    public static partial void ConfigurationWarning(
        this ILogger log, string file, int line, int column, string key, string message);
}

using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;

namespace RolloverD.Engine;

/// <summary>Where log lines go: standard output, with journald's priorities when the journal reads it.</summary>
internal static class Logging
{
    /// <param name="print">Takes each line instead of standard output, where something else is shown there.</param>
    public static Logger Create(Action<string>? print = null)
    {
        bool journal = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 };
        LoggerConfiguration log = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Quartz", LogEventLevel.Warning)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning);
        return (print is null
            ? log.WriteTo.Console(new LineFormatter(journal))
            : log.WriteTo.Sink(new Printer(print))).CreateLogger();
    }

    private sealed class Printer(Action<string> print) : ILogEventSink
    {
        private readonly LineFormatter lines = new(journal: false);

        public void Emit(LogEvent logEvent)
        {
            using var line = new StringWriter();
            lines.Format(logEvent, line);
            print(line.ToString().TrimEnd());
        }
    }

    /// <summary>
    /// One line an event: <c>&lt;6&gt;</c> for the journal, the time otherwise (the journal has its own).
    /// </summary>
    /// <remarks>sd-daemon(3): the number is the syslog priority of the line.</remarks>
    private sealed class LineFormatter(bool journal) : ITextFormatter
    {
        public void Format(LogEvent logEvent, TextWriter output)
        {
            output.Write(journal
                ? $"<{Priority(logEvent.Level)}>"
                : $"{logEvent.Timestamp.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ} {Word(logEvent.Level),-7} ");
            output.Write(logEvent.RenderMessage(System.Globalization.CultureInfo.InvariantCulture)
                .Replace("\"", "", StringComparison.Ordinal)
                .ReplaceLineEndings(" "));
            if (logEvent.Exception is { } exception)
                output.Write(": " + exception.ToString().ReplaceLineEndings(" | "));
            output.WriteLine();
        }

        private static int Priority(LogEventLevel level) => level switch
        {
            LogEventLevel.Fatal => 2,
            LogEventLevel.Error => 3,
            LogEventLevel.Warning => 4,
            LogEventLevel.Information => 6,
            _ => 7,
        };

        private static string Word(LogEventLevel level) => level.ToString().ToLowerInvariant() switch
        {
            "information" => "info",
            var word => word,
        };
    }
}

using System.Collections.Immutable;
using System.CommandLine;
using RolloverD.Config;

namespace RolloverD.Commands;

/// <summary><c>rolloverd config check</c>: validates the configuration file.</summary>
internal static class ConfigCommand
{
    public static Command Create(CommonOptions common)
    {
        var check = new Command(
            "check",
            """
            Validates the configuration file. Every error is said at once, as FILE:LINE:COLUMN: KEY: what is wrong; what
            to do. Warnings do not change the exit code.
            """);
        Lesson.Teach(check, new(
            [
                ("config check", "Before the daemon is started or restarted."),
                ("config check --config ./new.toml", "A file that is not in use yet."),
            ],
            [
                (0, "it can be worked with"),
                (78, "it cannot; nothing that runs already is touched"),
            ]));
        check.SetAction(parsed => Check(parsed.GetValue(common.File)!, parsed.GetValue(common.Json)));
        var command = new Command("config", "Works on the configuration file: validates it.");
        command.Subcommands.Add(check);
        return command;
    }

    private static int Check(string file, bool json)
    {
        ConfigReport report = ConfigReport.Of(
            file, ConfigurationFile.Load(file, ConfigurationFile.ProcessEnvironment()), out string[] lines);
        if (json)
        {
            ReportJson.Print(report, ReportJson.Default.ConfigReport);
        }
        else
        {
            TextWriter output = report.Good ? Console.Out : Console.Error;
            foreach (string line in lines)
                output.WriteLine(line);
        }

        return report.Good ? ExitCode.Good : ExitCode.Configuration;
    }
}

internal sealed record ConfigReport(
    string File,
    bool Good,
    ImmutableArray<string> Certificates,
    ImmutableArray<ErrorReport> Errors,
    ImmutableArray<ErrorReport> Warnings)
{
    /// <summary>The report, and the same in lines for people.</summary>
    public static ConfigReport Of(string file, ConfigurationResult result, out string[] lines)
    {
        switch (result)
        {
            case ConfigurationResult.Invalid invalid:
                lines = [.. invalid.Errors.Select(e => e.ToString())];
                return new(
                    file,
                    false,
                    [],
                    [.. invalid.Errors.Select(ErrorReport.Of)],
                    [.. invalid.Warnings.Select(ErrorReport.Of)]);
            case ConfigurationResult.Valid valid:
                ImmutableArray<string> names = [.. valid.Desired.Certificates.Keys.Order(StringComparer.Ordinal)];
                lines =
                [
                    .. valid.Warnings.Select(w => $"warning: {w}"),
                    $"{file}: good; certificates: {string.Join(", ", names)}",
                ];
                return new(file, true, names, [], [.. valid.Warnings.Select(ErrorReport.Of)]);
            default:
                throw new InvalidOperationException("unknown result of loading the configuration");
        }
    }
}

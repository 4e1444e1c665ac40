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
            Validates the configuration file and says every error at once, as FILE:LINE:COLUMN: KEY: what is wrong; what to do.
            Exits with 78 when there is one. Warnings do not change the exit code.
            """);
        check.SetAction(parsed =>
        {
            string file = parsed.GetValue(common.File)!;
            switch (ConfigurationFile.Load(file, ConfigurationFile.ProcessEnvironment()))
            {
                case ConfigurationResult.Invalid invalid:
                    foreach (ConfigurationError error in invalid.Errors)
                        Console.Error.WriteLine(error);
                    return ExitCode.Configuration;
                case ConfigurationResult.Valid valid:
                    foreach (ConfigurationWarning warning in valid.Warnings)
                        Console.WriteLine($"warning: {warning}");
                    Console.WriteLine($"{file}: good, {valid.Desired.Certificates.Count} certificate(s)");
                    return ExitCode.Good;
                default:
                    throw new InvalidOperationException("unknown result of loading the configuration");
            }
        });
        var command = new Command("config", "Works on the configuration file.");
        command.Subcommands.Add(check);
        return command;
    }
}

using System.CommandLine;
using RolloverD.Core.Dane;

namespace RolloverD.Commands;

/// <summary>The options that every command takes.</summary>
internal sealed class CommonOptions
{
    public const string DefaultFile = "/etc/rolloverd/rolloverd.toml";

    public Option<string> File { get; } = new("--config")
    {
        Description = "The configuration file.",
        HelpName = "FILE",
        DefaultValueFactory = _ => DefaultFile,
        Recursive = true,
    };

    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Print JSON instead of text; its shape is stable.",
        Recursive = true,
    };

    /// <summary>What HOST or HOST:PORT names, port 25 when left out; ends the command when it names nothing.</summary>
    public static Endpoint EndpointOf(string text) => Endpoint.TryParse(text, out Endpoint endpoint)
        ? endpoint
        : throw new CommandException(
            ExitCode.Usage, $"'{text}' is not HOST or HOST:PORT", "write it as mx1.example.net:25");
}

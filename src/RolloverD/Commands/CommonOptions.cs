using System.CommandLine;

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
}

using System.CommandLine;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Engine;

namespace RolloverD.Commands;

/// <summary><c>rolloverd deploy --configure NAME</c>: makes the mail servers read the live files.</summary>
internal static class DeployCommand
{
    public static Command Create(CommonOptions common)
    {
        var name = new Argument<string>("NAME") { Description = "The certificate." };
        var configure = new Option<bool>("--configure")
        {
            Description = "Write the mail servers' configuration so that they read live/NAME, and reload them.",
        };
        var command = new Command(
            "deploy",
            """
            Looks whether the certificate's mail servers are ready to take on its chains and says exactly what is missing. With
            --configure it writes the missing lines itself (the old file is kept beside) and reloads.
            """);
        command.Arguments.Add(name);
        command.Options.Add(configure);
        command.SetAction((parsed, cancellation) => DeployAsync(
            Composition.Open(parsed.GetValue(common.File)!), parsed.GetValue(name)!, parsed.GetValue(configure), cancellation));
        return command;
    }

    private static async Task<int> DeployAsync(World world, string name, bool configure, CancellationToken cancellation)
    {
        DesiredCertificate certificate = Composition.Require(world, name);
        if (configure && world.Files.LiveGeneration(name) is null)
        {
            throw new CommandException(
                ExitCode.MustWait,
                $"rolloverd: {name} has no certificate yet, a mail server told to read it would fail; let the first one be issued, see 'rolloverd status {name}'");
        }

        LiveFiles live = world.Files.Live(name);
        int worst = ExitCode.Good;
        foreach (IMailServer server in world.MailServers(certificate))
        {
            MailServerOutcome outcome = configure
                ? await server.ConfigureAsync(live, cancellation)
                : await server.PrepareAsync(live, cancellation);
            worst = Math.Max(worst, Tell(outcome));
            if (configure && outcome is MailServerOutcome.Done)
                worst = Math.Max(worst, Tell(await server.ReloadAsync(live, cancellation)));
        }

        if (configure)
            Doorbell.Ring(world.Desired.StateDirectory);
        return worst;
    }

    private static int Tell(MailServerOutcome outcome)
    {
        (int code, string text) = outcome switch
        {
            MailServerOutcome.Done done => (ExitCode.Good, done.Summary),
            MailServerOutcome.NotConfigured not => (ExitCode.Bad, $"{not.Reason}\n  to do: {not.Remedy}"),
            MailServerOutcome.Unavailable unavailable =>
                (ExitCode.Unavailable, $"{unavailable.Reason}\n  to do: {unavailable.Remedy}"),
            MailServerOutcome.Failed failed => (ExitCode.Bad, $"{failed.Reason}\n  to do: {failed.Remedy}"),
            _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
        };
        Console.WriteLine(text);
        return code;
    }
}

using System.Collections.Immutable;
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
            Looks whether the certificate's mail servers are ready to take on its chains and says exactly what is
            missing. With --configure it writes the missing lines itself (the old file is kept beside) and reloads.
            """);
        Lesson.Teach(command, new(
            [
                ("deploy mx1", "Is the mail server ready? Changes nothing."),
                ("deploy mx1 --configure", "Once, after the first certificate was issued."),
            ],
            [
                (0, "every mail server is ready, or was configured"),
                (1, "one is not; the text says what to write where"),
                (69, "one cannot be asked"),
                (75, "there is no certificate yet"),
                (78, "the configuration of rolloverd is wrong"),
            ]));
        command.Arguments.Add(name);
        command.Options.Add(configure);
        command.SetAction((parsed, cancellation) => DeployAsync(
            Composition.Open(parsed.GetValue(common.File)!),
            parsed.GetValue(name)!,
            parsed.GetValue(configure),
            parsed.GetValue(common.Json),
            cancellation));
        return command;
    }

    private static async Task<int> DeployAsync(
        World world, string name, bool configure, bool json, CancellationToken cancellation)
    {
        DesiredCertificate certificate = Composition.Require(world, name);
        if (world.Files.LiveGeneration(name) is null)
        {
            throw new CommandException(
                ExitCode.MustWait,
                $"{name} has no certificate yet, and a mail server told to read it would offer no TLS",
                "leave the mail server as it is until the first certificate is there: "
                + $"'rolloverd status {name}' says what it waits for");
        }

        LiveFiles live = world.Files.Live(
            name, Observer.ComingOf(new FactsStore(world.Store).Load().Facts.Certificate(name)));
        var servers = ImmutableArray.CreateBuilder<ServerReport>();
        foreach ((IMailServer server, ProviderSettings settings) in
            world.MailServers(certificate).Zip(certificate.Deployments))
        {
            MailServerOutcome outcome = configure
                ? await server.ConfigureAsync(live, cancellation)
                : await server.PrepareAsync(live, cancellation);
            servers.Add(ServerReport.Of(settings.Type, outcome));
            if (configure && outcome is MailServerOutcome.Done)
                servers.Add(ServerReport.Of(settings.Type, await server.ReloadAsync(live, cancellation)));
        }

        if (configure)
            Doorbell.Ring(world.Desired.StateDirectory);
        Tell(new(name, servers.All(s => s.Good), servers.ToImmutable()), json);
        return servers.Any(s => s.Outcome == ServerReport.Unavailable) ? ExitCode.Unavailable
            : servers.All(s => s.Good) ? ExitCode.Good
            : ExitCode.Bad;
    }

    private static void Tell(DeployReport report, bool json)
    {
        if (json)
        {
            ReportJson.Print(report, ReportJson.Default.DeployReport);
            return;
        }

        var page = new Page(Terminal.Width);
        if (report.Servers.IsEmpty)
        {
            page.Say(
                $"{report.Certificate}: ",
                "no mail server is configured: nothing reads its files by itself",
                Tone.Waiting);
        }

        foreach (ServerReport server in report.Servers)
        {
            page.Say($"{server.Server}: ", server.Text, server.Good ? Tone.Good : Tone.Bad);
            if (server.Remedy is { } remedy)
                page.Say("  to do: ", remedy);
        }

        Terminal.Print(page);
    }
}

internal sealed record DeployReport(string Certificate, bool Ready, ImmutableArray<ServerReport> Servers);

internal sealed record ServerReport(string Server, string Outcome, bool Good, string Text, string? Remedy)
{
    public const string Unavailable = "unavailable";

    public static ServerReport Of(string server, MailServerOutcome outcome) => outcome switch
    {
        MailServerOutcome.Done done => new(server, "done", true, done.Summary, null),
        MailServerOutcome.NotConfigured not => new(server, "not configured", false, not.Reason, not.Remedy),
        MailServerOutcome.Unavailable away => new(server, Unavailable, false, away.Reason, away.Remedy),
        MailServerOutcome.Failed failed => new(server, "failed", false, failed.Reason, failed.Remedy),
        _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
    };
}

using System.CommandLine;
using System.Text.Json;
using RolloverD.Engine;
using Spectre.Console;

namespace RolloverD.Commands;

/// <summary><c>rolloverd status</c>: where everything stands, from the facts; asks nobody and changes nothing.</summary>
internal static class StatusCommand
{
    public static Command Create(CommonOptions common)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "Only this certificate.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command(
            "status",
            """
            Shows where every certificate stands: its phase, its generations (keys and chains), what senders may still see in
            caches, what the endpoints serve, and for every hold what is waited for, since when and until when.
            """);
        command.Arguments.Add(name);
        command.SetAction(parsed => Show(
            Composition.Open(parsed.GetValue(common.File)!), parsed.GetValue(name), parsed.GetValue(common.Json)));
        return command;
    }

    private static int Show(World world, string? only, bool json)
    {
        if (only is not null)
            Composition.Require(world, only);

        StatusReport report = StatusReports.Of(
            world, new FactsStore(world.Store).Load().Facts, Composition.IsAtWork(world), only);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, StatusJson.Default.StatusReport));
            return ExitCode.Good;
        }

        IAnsiConsole console = Terminal.Create();
        console.MarkupLineInterpolated(
            $"{report.Now:u}  daemon {(report.DaemonRuns ? "running" : "not running")}  state {report.StateDirectory}");
        foreach (CertificateReport certificate in report.Certificates)
            Show(console, certificate);
        return ExitCode.Good;
    }

    private static void Show(IAnsiConsole console, CertificateReport certificate)
    {
        console.WriteLine();
        console.MarkupLineInterpolated(
            $"[bold]{certificate.Name}[/]  [green]{certificate.Phase}[/]  policy {certificate.KeyPolicy}  {string.Join(", ", certificate.Names)}");
        if (certificate.Request is { } request)
            console.MarkupLineInterpolated($"  requested: {request}");
        if (certificate.RenewalDue is { } due)
            console.MarkupLineInterpolated($"  renewal due {due:u}");

        Table generations = Terminal.Table("generation", "state", "key", "valid until", "subject");
        foreach (GenerationReport g in certificate.Generations)
            generations.AddRow(Terminal.Cells($"{g.Number}", g.State, g.Key[..12], g.NotAfter?.ToString("u") ?? "-", g.Subject ?? "-"));
        if (certificate.Generations.Length > 0)
            console.Write(generations);

        Table visible = Terminal.Table("owner", "visible records", "ttl", "until");
        foreach (OwnerReport owner in certificate.Owners)
        {
            foreach (VisibleReport set in owner.Visible)
            {
                visible.AddRow(Terminal.Cells(
                    owner.Owner,
                    set.Records.IsEmpty ? "(none)" : string.Join('\n', set.Records.Select(Short)),
                    $"{set.TtlSeconds:0} s",
                    set.Until?.ToString("u") ?? "published"));
            }
        }

        console.Write(visible);
        Table served = Terminal.Table("endpoint", "serves", "last seen whole");
        foreach (EndpointReport endpoint in certificate.Endpoints)
        {
            served.AddRow(Terminal.Cells(
                endpoint.Endpoint,
                endpoint.Problem ?? string.Join('\n', endpoint.Serves),
                endpoint.SeenAt?.ToString("u") ?? "never"));
        }

        console.Write(served);
        foreach (HoldReport hold in certificate.Holds)
        {
            console.MarkupLineInterpolated(
                $"  [yellow]waits[/] ({hold.Gate}, {hold.Subject}) since {hold.Since:u}, until {(hold.Until is { } until ? until.ToString("u") : "it is so")}");
            console.MarkupLineInterpolated($"    {hold.Reason}");
            console.MarkupLineInterpolated($"    to do: {hold.Remedy}");
        }
    }

    private static string Short(string record) => record.Length > 40 ? record[..38] + "…" : record;
}

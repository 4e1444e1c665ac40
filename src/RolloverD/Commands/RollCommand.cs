using System.CommandLine;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Engine;

namespace RolloverD.Commands;

/// <summary><c>rolloverd roll NAME</c>: asks for a rollover now.</summary>
internal static class RollCommand
{
    public static Command Create(CommonOptions common)
    {
        var name = new Argument<string>("NAME") { Description = "The certificate." };
        var newKey = new Option<bool>("--new-key")
        {
            Description = "Move to a new key (the standby key when there is one).",
        };
        var sameKey = new Option<bool>("--same-key") { Description = "Keep the key; only the certificate is new." };
        var emergency = new Option<bool>("--emergency")
        {
            Description = "The key is compromised: move to a new key and withdraw the old records as soon as the new "
                + "chain is verified.",
        };
        var command = new Command(
            "roll",
            """
            Asks for a rollover now. The daemon begins at once;
            without a daemon take the steps with 'rolloverd step NAME --wait'.
            Without an option the key policy decides: rotate takes a new key, reuse and standby keep the current one.
            """);
        Lesson.Teach(command, new(
            [
                ("roll mx1", "A new certificate now, as the key policy has it."),
                ("roll mx1 --new-key", "A new key too."),
                ("roll mx1 --emergency", "The key leaked: a new one, and the old records go as soon as that is safe."),
            ],
            [
                (0, "asked for"),
                (64, "no such certificate, or options that exclude each other"),
                (75, "an earlier request is not over yet"),
                (78, "the configuration is wrong"),
            ]));
        command.Arguments.Add(name);
        command.Options.Add(newKey);
        command.Options.Add(sameKey);
        command.Options.Add(emergency);
        command.Validators.Add(result =>
        {
            if (result.GetValue(sameKey) && (result.GetValue(newKey) || result.GetValue(emergency)))
                result.AddError("--same-key cannot go with --new-key or --emergency: choose one");
        });
        command.SetAction((parsed, cancellation) =>
        {
            World world = Composition.Open(parsed.GetValue(common.File)!);
            DesiredCertificate certificate = Composition.Require(world, parsed.GetValue(name)!);
            bool emergent = parsed.GetValue(emergency);
            bool rollKey = emergent || parsed.GetValue(newKey)
                || (!parsed.GetValue(sameKey) && certificate.KeyPolicy == KeyPolicy.Rotate);
            return RollAsync(world, certificate, rollKey, emergent, parsed.GetValue(common.Json), cancellation);
        });
        return command;
    }

    private static async Task<int> RollAsync(
        World world,
        DesiredCertificate certificate,
        bool newKey,
        bool emergency,
        bool json,
        CancellationToken cancellation)
    {
        DateTimeOffset now = world.Time.GetUtcNow();
        string kind = (newKey ? "to a new key" : "with the same key") + (emergency ? ", as an emergency," : "");
        string asked = $"a roll {kind} was asked for";
        int? former = null;
        new FactsStore(world.Store, world.Time, world.Steady).Update(facts =>
        {
            CertificateFacts known = facts.Certificate(certificate.Name);
            if (known.WaitsFor(emergency, world.Desired.Timing.VerificationPatience, now) is { } pending)
            {
                throw new CommandException(
                    ExitCode.MustWait,
                    $"a roll of {certificate.Name} asked for {When.In(pending.At, now)} is not over yet",
                    $"see 'rolloverd status {certificate.Name}' for what it waits for, and ask again "
                    + (pending.Emergency && !emergency
                        ? "when the records of the compromised key are gone"
                        : "when its chain is in service"));
            }

            former = known.Current?.Number;
            return (facts.With(known.Ask(newKey, emergency, now)),
                [new(0, now, certificate.Name, null, "asked", asked)]);
        });

        // Foreseen before the daemon begins: from what it does first it would look as if that were not to come.
        ArrivalReport? arrival = emergency
            ? await ArrivalReport.ForeseeAsync(world, certificate, former, cancellation)
            : null;
        Doorbell.Ring(world.Desired.StateDirectory);
        bool daemonRuns = Composition.IsAtWork(world);
        if (json)
        {
            ReportJson.Print(
                new(certificate.Name, newKey, emergency, now, daemonRuns, arrival), ReportJson.Default.RollReport);
            return ExitCode.Good;
        }

        Console.WriteLine($"{certificate.Name}: {asked}");
        Console.WriteLine($"  {Words.WhoGoesOn(daemonRuns, certificate.Name)}");
        if (arrival is not null)
        {
            var page = new Page(Terminal.Width);
            arrival.Tell(page, now);
            Terminal.Print(page);
        }

        return ExitCode.Good;
    }
}

internal sealed record RollReport(
    string Certificate,
    bool NewKey,
    bool Emergency,
    DateTimeOffset AskedAt,
    bool DaemonRuns,
    ArrivalReport? Arrival = null);

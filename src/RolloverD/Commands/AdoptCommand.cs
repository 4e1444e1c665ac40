using System.Collections.Immutable;
using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Engine;

namespace RolloverD.Commands;

/// <summary><c>rolloverd adopt NAME</c>: makes RolloverD's what others published or deployed.</summary>
internal static class AdoptCommand
{
    public static Command Create(CommonOptions common)
    {
        var name = new Argument<string>("NAME") { Description = "The certificate." };
        var records = new Option<bool>("--records")
        {
            Description = "Adopt the foreign records at its TLSA owners: what nothing wants is then withdrawn.",
        };
        var served = new Option<string?>("--served")
        {
            HelpName = "KEY",
            Description = "Publish records for the chain that an endpoint shows with this key, though RolloverD did "
                + $"not deploy it: SHA-256 of the key, at least its first {StrangeChain.KeyDigits} digits.",
        };
        var command = new Command(
            "adopt",
            """
            Shows what others put in the place of a certificate: TLSA records that RolloverD did not publish, and chains
            that endpoints show and RolloverD did not deploy. Without an option nothing is changed.

            Foreign records are never touched unless they are adopted. A strange chain gets no record unasked where
            somebody on the way could be showing it: compare its key with that of the mail server before you adopt it.
            """);
        Lesson.Teach(command, new(
            [
                ("adopt mx1", "What is there that is not RolloverD's?"),
                ("adopt mx1 --records", "The records of the former tool may go."),
                ("adopt mx1 --served 3b1f…", "The certificate that was put there by hand is meant to be there."),
            ],
            [
                (0, "shown, or adopted"),
                (1, "no endpoint shows a chain with that key"),
                (64, "no such certificate, or no such key"),
                (78, "the configuration is wrong"),
            ]));
        command.Arguments.Add(name);
        command.Options.Add(records);
        command.Options.Add(served);
        command.Validators.Add(result =>
        {
            if (result.GetValue(served) is { } key && !StrangeChain.IsKey(key))
            {
                result.AddError(
                    $"--served takes the SHA-256 of a key, at least its first {StrangeChain.KeyDigits} digits, "
                    + $"not '{key}': 'rolloverd adopt NAME' shows it");
            }
        });
        command.SetAction((parsed, cancellation) => AdoptAsync(
            Composition.Open(parsed.GetValue(common.File)!),
            parsed.GetValue(name)!,
            parsed.GetValue(records),
            parsed.GetValue(served),
            parsed.GetValue(common.Json),
            cancellation));
        return command;
    }

    private static async Task<int> AdoptAsync(
        World world, string name, bool records, string? key, bool json, CancellationToken cancellation)
    {
        DesiredCertificate certificate = Composition.Require(world, name);
        await new Tick(world, NullLogger.Instance).LookAsync(certificate, cancellation);
        AdoptReport report = null!;
        new FactsStore(world.Store, world.Time, world.Steady).Update(facts =>
        {
            (report, Facts adopted, ImmutableArray<JournalEntry> journal) =
                Adopt(world.Desired, facts, certificate, records, key, world.Time.GetUtcNow());
            if (key is not null && !report.Served.Any(s => s.Adopted))
            {
                throw new CommandException(
                    ExitCode.Bad,
                    $"no endpoint of {name} shows a chain with the key {key} that lacks a record",
                    $"see what they show: 'rolloverd adopt {name}'");
            }

            return (adopted, journal);
        });

        if (records || key is not null)
            Doorbell.Ring(world.Desired.StateDirectory);
        if (json)
            ReportJson.Print(report, ReportJson.Default.AdoptReport);
        else
            Terminal.Print(Tell(report, records));
        return ExitCode.Good;
    }

    private static (AdoptReport Report, Facts Facts, ImmutableArray<JournalEntry> Journal) Adopt(
        Desired desired, Facts facts, DesiredCertificate certificate, bool records, string? key, DateTimeOffset now)
    {
        ImmutableArray<ForeignRecords> foreign = Adoption.RecordsOf(facts, certificate);
        ImmutableArray<ForeignChain> chains = Adoption.ServedAt(desired, facts, certificate, now);
        var journal = ImmutableArray.CreateBuilder<JournalEntry>();
        foreach (ForeignRecords at in records ? foreign : [])
        {
            facts = facts.Adopt(at);
            Note($"the records of others at {at.Owner} are RolloverD's now: {string.Join(", ", at.Records)}");
        }

        foreach (ForeignChain chain in chains.Where(c => StrangeChain.Has(key, c.Chain)))
        {
            facts = facts.Adopt(certificate, chain.Chain, now);
            Note($"{chain.Chain.Leaf} (key {chain.Chain.Key.Sha256}), which {chain.Endpoint} shows, was adopted");
        }

        var report = new AdoptReport(
            certificate.Name,
            [.. foreign.SelectMany(Records)],
            [.. chains.Select(c => StrangeChain.Of(c, StrangeChain.Has(key, c.Chain)))]);
        return (report, facts, journal.ToImmutable());

        void Note(string text) => journal.Add(new(0, now, certificate.Name, null, "adopted", text));

        IEnumerable<ForeignRecord> Records(ForeignRecords at)
        {
            ImmutableArray<TlsaRecord> wanted = Wanted.At(desired, facts, at.Owner, now);
            return at.Records.Select(r => new ForeignRecord(at.Owner, r.ToString(), wanted.Contains(r), records));
        }
    }

    private static Page Tell(AdoptReport report, bool records)
    {
        var page = new Page(Terminal.Width);
        if (report.Records.IsEmpty && report.Served.IsEmpty)
            page.Say($"{report.Certificate}: ", "every record is RolloverD's, and no endpoint lacks one", Tone.Good);
        foreach (ForeignRecord record in report.Records)
        {
            page.Say($"{record.Owner}  ", $"{record.Record} was published by somebody else", Tone.Strong);
            page.Say("  ", (record.Adopted, record.Wanted) switch
            {
                (true, true) => "adopted; it stays, because it is wanted",
                (true, false) => "adopted; it is withdrawn as soon as that is safe",
                (false, true) =>
                    "it is left alone; 'adopt --records' lets it be withdrawn when nothing wants it any more",
                _ => "it is left alone; 'adopt --records' lets it be withdrawn",
            });
        }

        foreach (StrangeChain chain in report.Served)
        {
            page.Say($"{chain.Endpoint}  ", $"shows {chain.Subject}, which RolloverD did not deploy", Tone.Strong);
            page.Say("  ", $"key {chain.Key[..StrangeChain.KeyDigits]}, valid until {When.OfDate(chain.NotAfter)}");
            page.Say(
                "  ",
                chain.Adopted ? $"adopted; published for it: {string.Join(", ", chain.Needs)}"
                : chain.Trusted ? "records are published for it without being asked: nobody can come between"
                : "no record names it and none is published; when it is meant to be there: "
                    + $"rolloverd adopt {report.Certificate} --served {chain.Key[..StrangeChain.KeyDigits]}",
                chain.Adopted || chain.Trusted ? Tone.Good : Tone.Waiting);
        }

        if (records && report.Records.IsEmpty)
            page.Say("  ", "there are no records of others to adopt");
        return page;
    }
}

internal sealed record AdoptReport(
    string Certificate, ImmutableArray<ForeignRecord> Records, ImmutableArray<StrangeChain> Served);

internal sealed record ForeignRecord(string Owner, string Record, bool Wanted, bool Adopted);

internal sealed record StrangeChain(
    string Endpoint,
    string Subject,
    string Key,
    DateTimeOffset NotAfter,
    ImmutableArray<string> Needs,
    bool Trusted,
    bool Adopted)
{
    /// <summary>So many digits of a key's SHA-256 nobody can match by trying keys.</summary>
    public const int KeyDigits = 32;

    public static StrangeChain Of(ForeignChain chain, bool adopted) => new(
        chain.Endpoint.ToString(),
        chain.Chain.Leaf.Subject,
        chain.Chain.Key.Sha256,
        chain.Chain.NotAfter,
        [.. chain.Needed.Select(r => r.ToString())],
        chain.IsAccepted,
        adopted);

    public static bool IsKey(string text) => text.Length is >= KeyDigits and <= 64 && text.All(char.IsAsciiHexDigit);

    public static bool Has(string? key, Chain chain) =>
        key is not null && chain.Key.Sha256.StartsWith(key, StringComparison.OrdinalIgnoreCase);
}

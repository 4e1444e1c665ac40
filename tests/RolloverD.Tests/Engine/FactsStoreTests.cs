using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Engine;

public sealed class FactsStoreTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 1, 2, 3, 456, TimeSpan.Zero);

    private static readonly ChainCertificate Ca =
        new([9, 9], [8, 8], "CN=ca", [], Now - TimeSpan.FromDays(1), Now + TimeSpan.FromDays(900), isCa: true);

    private static Chain ChainOf(byte number) => new(
        new(
            [number],
            [number, 1],
            $"CN=leaf {number}",
            ["mx1.example.net"],
            Now,
            Now + TimeSpan.FromDays(90),
            isCa: false),
        [Ca]);

    private static Generation Of(int number, GenerationState state) =>
        new(number, KeyAlgorithm.EcdsaP256, new([(byte)number, 1]), Now, state);

    private static readonly Facts Everything = Facts.None
        .With(new CertificateFacts(
            "mx1",
            [
                Of(1, new GenerationState.Archived(Now)),
                Of(2, new GenerationState.Superseded(ChainOf(2), Now)),
                Of(3, new GenerationState.Live(ChainOf(3), Now)),
                Of(4, new GenerationState.Deploying(ChainOf(4), Now, Now, 2)),
                Of(5, new GenerationState.Issued(ChainOf(5), Now)),
                Of(6, new GenerationState.Preparing(Now)),
                Of(7, new GenerationState.Standby()),
            ],
            new(true, true, Now, 5),
            [new(StepKind.Issue, Now, Now, 3, Now, "why", "what to do")],
            [new(Gate.Caches, "owner", Now, Now, "why", "nothing")],
            new(Now, Now, 5)))
        .With(new OwnerLedger(
            "_25._tcp.mx1.example.net",
            [
                new(RecordSet.Absent, Now, new SetState.Gone(Now, Now, WasShown: false)),
                new(new([TlsaRecord.Parse("3 1 1 aabb")], TimeSpan.FromSeconds(90)), Now, new SetState.Seen(true)),
                new(
                    new([TlsaRecord.Parse("2 1 1 ccdd")], TimeSpan.FromHours(1)), Now,
                    new SetState.Intended(Now, 3, 2)),
                new(new([TlsaRecord.Parse("2 1 1 eeff")], TimeSpan.FromHours(1)), Now, new SetState.Intended(null)),
            ],
            [TlsaRecord.Parse("3 1 1 aabb")],
            TimeSpan.FromMinutes(5),
            TimeSpan.FromHours(1),
            [new("ns1.example.net", "192.0.2.1", TimeSpan.FromDays(2), Now)], "example.net"))
        .With(new EndpointFacts(
            Endpoint.Parse("mx1.example.net:25"), "_25._tcp.mx1.example.net", [ChainOf(3)], Now, "a problem",
            [ChainOf(3)], [new("aabb", Now)], Now, Now, [new(ChainOf(2), Now, Now)], [], [new("ccdd", Now)],
            [new("192.0.2.25", TimeSpan.FromHours(1), ["aabb"], Now), new("192.0.2.26", TimeSpan.FromHours(1), [])]));

    [Fact]
    public void Facts_come_back_as_they_were_saved()
    {
        var store = new FactsStore(new MemoryStore());
        Assert.NotNull(store.Save(store.Load(), Everything, []));

        Facts back = new FactsStore(store.Store).Load().Facts;

        // Arrays compare by reference, so what is compared is what would be written once more: nothing.
        LoadedFacts loaded = store.Load();
        Assert.Equal(loaded.Documents, store.Save(loaded, back, [])!.Documents);
        Assert.Equal(Everything.Certificate("mx1").Generations, back.Certificate("mx1").Generations);
        Assert.Equal(Everything.Certificate("mx1").Request, back.Certificate("mx1").Request);
        Assert.Equal(Everything.Certificate("mx1").Setbacks, back.Certificate("mx1").Setbacks);
        Assert.Equal(Everything.Certificate("mx1").Holds, back.Certificate("mx1").Holds);
        OwnerLedger ledger = Everything.Owner("_25._tcp.mx1.example.net");
        Assert.Equal(ledger.Sets, back.Owner(ledger.Owner).Sets);
        Assert.Equal(ledger.Ours, back.Owner(ledger.Owner).Ours);
        Assert.Equal(ledger.AliasTtl, back.Owner(ledger.Owner).AliasTtl);
        EndpointFacts endpoint = Everything.EndpointOf(Endpoint.Parse("mx1.example.net:25"));
        Assert.Equal(endpoint.Seen, back.EndpointOf(endpoint.Endpoint).Seen);
        Assert.Equal(endpoint.CompleteAt, back.EndpointOf(endpoint.Endpoint).CompleteAt);
        Assert.Equal(endpoint.LookedAt, back.EndpointOf(endpoint.Endpoint).LookedAt);
        Assert.Equal(endpoint.Problem, back.EndpointOf(endpoint.Endpoint).Problem);
        Assert.Equal(endpoint.Local, back.EndpointOf(endpoint.Endpoint).Local);
        Assert.Equal(endpoint.Adopted, back.EndpointOf(endpoint.Endpoint).Adopted);
        Assert.Equal(endpoint.TakenOverAt, back.EndpointOf(endpoint.Endpoint).TakenOverAt);
        Assert.Equal(endpoint.Lingering, back.EndpointOf(endpoint.Endpoint).Lingering);
        Assert.Equal(endpoint.Met, back.EndpointOf(endpoint.Endpoint).Met);
        Assert.Equal(endpoint.Addresses, back.EndpointOf(endpoint.Endpoint).Addresses);
        Assert.Equal(ledger.Servers, back.Owner(ledger.Owner).Servers);
        Assert.Equal("example.net", back.Owner(ledger.Owner).Zone);
        Assert.Equal(ledger.AskedTtl, back.Owner(ledger.Owner).AskedTtl);
        Assert.Equal(Everything.Certificate("mx1").Abort, back.Certificate("mx1").Abort);
    }

    [Fact]
    public void What_the_facts_have_forgotten_is_removed()
    {
        var store = new FactsStore(new MemoryStore());
        LoadedFacts loaded = store.Save(store.Load(), Everything, [])!;
        Facts less = loaded.Facts with
        {
            Owners = loaded.Facts.Owners.Clear(),
            Endpoints = loaded.Facts.Endpoints.Clear(),
        };
        LoadedFacts saved = store.Save(loaded, less, [])!;
        Assert.Equal([("certificate", "mx1")], saved.Documents.Keys);
        Assert.Equal(saved.Documents, store.Load().Documents);
        Assert.NotNull(store.Save(store.Load(), Everything, [])); // and may be known again
    }

    [Fact]
    public void A_look_that_shows_nothing_new_writes_no_chain()
    {
        var store = new FactsStore(new MemoryStore());
        LoadedFacts loaded = store.Save(store.Load(), Everything, [])!;
        EndpointFacts seen = loaded.Facts.Endpoints.Values.Single();
        EndpointFacts again = seen with
        {
            Seen = [ChainOf(3)],
            CompleteAt = Now.AddMinutes(1),
            LookedAt = Now.AddMinutes(2),
        };
        LoadedFacts saved = store.Save(loaded, loaded.Facts.With(again), [])!;
        Assert.Equal(
            [("look", "mx1.example.net:25")],
            saved.Documents.Values.Where(d => d.Version == 2).Select(d => (d.Kind, d.Name)));

        foreach (FactsStore reader in (FactsStore[])[store, new(store.Store)])
        {
            EndpointFacts back = reader.Load().Facts.EndpointOf(seen.Endpoint);
            Assert.Equal((Now.AddMinutes(1), Now.AddMinutes(2)), (back.CompleteAt, back.LookedAt));
            Assert.Equal(seen.Adopted, back.Adopted);
        }
    }

    [Fact]
    public void What_another_process_changes_at_an_endpoint_keeps_the_time_of_the_last_look()
    {
        var daemon = new FactsStore(new MemoryStore());
        LoadedFacts loaded = daemon.Save(daemon.Load(), Everything, [])!;
        EndpointFacts seen = loaded.Facts.Endpoints.Values.Single();
        var command = new FactsStore(daemon.Store);
        LoadedFacts early = command.Load();

        Assert.NotNull(daemon.Save(loaded, loaded.Facts.With(seen with { LookedAt = Now.AddMinutes(1) }), []));
        EndpointFacts adopted = early.Facts.EndpointOf(seen.Endpoint) with { Adopted = [] };
        Assert.NotNull(command.Save(early, early.Facts.With(adopted), []));

        foreach (FactsStore reader in (FactsStore[])[daemon, command, new(daemon.Store)])
        {
            EndpointFacts back = reader.Load().Facts.EndpointOf(seen.Endpoint);
            Assert.Equal(Now.AddMinutes(1), back.LookedAt);
            Assert.Empty(back.Adopted);
        }
    }

    [Fact]
    public void Facts_of_an_earlier_release_are_read_and_trust_no_stranger()
    {
        const string written =
            """
            {"endpoint":"mx1.example.net:25","tlsaOwner":null,"seen":[],"completeAt":"2026-11-24T01:02:03Z",
             "problem":null,"lookedAt":"2026-11-24T01:02:04Z"}
            """;
        var memory = new MemoryStore();
        Assert.True(memory.Commit([new("endpoint", "mx1.example.net:25", 0, written)], []));
        var store = new FactsStore(memory);
        LoadedFacts loaded = store.Load();
        EndpointFacts endpoint = loaded.Facts.EndpointOf(Endpoint.Parse("mx1.example.net:25"));
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 1, 2, 3, TimeSpan.Zero), endpoint.CompleteAt);
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 1, 2, 4, TimeSpan.Zero), endpoint.LookedAt);
        Assert.Empty(endpoint.Local);
        Assert.Empty(endpoint.Adopted);
        Assert.NotNull(store.Save(loaded, loaded.Facts.With(endpoint with { Problem = "changed" }), []));
    }

    [Fact]
    public void Of_two_writers_the_second_must_load_again()
    {
        var store = new FactsStore(new MemoryStore());
        LoadedFacts first = store.Load();
        LoadedFacts second = store.Load();
        Assert.NotNull(store.Save(first, first.Facts.With(CertificateFacts.New("mx1")), []));
        CertificateFacts asked = CertificateFacts.New("mx1") with { Request = new(true, false, Now, null) };
        Assert.Null(store.Save(second, second.Facts.With(asked), []));
        Assert.Null(store.Load().Facts.Certificate("mx1").Request);
    }

    [Fact]
    public void What_did_not_change_is_not_written()
    {
        var store = new FactsStore(new MemoryStore());
        store.Save(store.Load(), Everything, []);
        LoadedFacts loaded = store.Load();
        LoadedFacts saved = store.Save(
            loaded, loaded.Facts.With(loaded.Facts.Certificate("mx1") with { Request = null }), [])!;
        Assert.Equal(2, saved.Documents[("certificate", "mx1")].Version);
        Assert.All(saved.Documents.Values.Where(d => d.Kind != "certificate"), d => Assert.Equal(1, d.Version));
    }

    [Fact]
    public void What_did_not_change_is_not_read_again()
    {
        var memory = new MemoryStore();
        var store = new FactsStore(memory);
        store.Save(store.Load(), Everything, []);
        Facts first = store.Load().Facts;
        Assert.Same(first, store.Load().Facts);

        // Another process changes one document, and makes one more.
        new FactsStore(memory).Update(f => (f
            .With(f.Certificate("mx1") with { Request = null })
            .With(CertificateFacts.New("mx2")), []));
        Facts second = store.Load().Facts;
        Assert.Null(second.Certificate("mx1").Request);
        Assert.Contains("mx2", second.Certificates.Keys);
        OwnerLedger ledger = first.Owners.Values.Single();
        Assert.Same(ledger, second.Owner(ledger.Owner));
        Assert.Same(first.Endpoints.Values.Single(), second.Endpoints.Values.Single());

        long version = memory.LoadAll().Single(d => d.Name == "mx2").Version;
        Assert.True(memory.Commit([Core.Ports.StoredDocument.Removal("certificate", "mx2", version)], []));
        Assert.DoesNotContain("mx2", store.Load().Facts.Certificates.Keys);
    }

    [Fact]
    public void Loading_and_saving_what_did_not_change_costs_little()
    {
        var store = new FactsStore(new MemoryStore());
        store.Save(store.Load(), Everything, []);
        const int Rounds = 2000;
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Rounds; i++)
        {
            LoadedFacts loaded = store.Load();
            Assert.NotNull(store.Save(loaded, loaded.Facts, []));
        }

        double microseconds = Stopwatch.GetElapsedTime(start).TotalMicroseconds / Rounds;
        long bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
        TestContext.Current.TestOutputHelper?.WriteLine($"{microseconds:0.0} µs and {bytes} bytes a load and save");

        // Parsing or writing one chain alone takes ten times as much; bytes do not depend on the machine's load.
        Assert.InRange(bytes, 0, 4000);
    }

    [Fact]
    public void Setbacks_that_an_earlier_version_stored_are_read()
    {
        const string Stored =
            """
            {"name":"mx1","generations":[],"request":null,"setbacks":[{"kind":"Publish",
             "firstAt":"2026-11-24T01:02:03Z","lastAt":"2026-11-24T01:02:03Z","count":2,
             "retryAt":"2026-11-24T01:02:13Z","reason":"why","remedy":"what"}],"holds":[]}
            """;
        var memory = new MemoryStore();
        Assert.True(memory.Commit([new("certificate", "mx1", 0, Stored)], []));
        Setback setback = Assert.Single(new FactsStore(memory).Load().Facts.Certificate("mx1").Setbacks);
        Assert.Null(setback.Subject);
        Assert.True(setback.IsOf(StepKind.Publish, "_25._tcp.mx1.example.net"));
    }

    [Fact]
    public void Every_time_in_the_facts_moves_with_the_clock_but_those_of_certificates()
    {
        var store = new FactsStore(new MemoryStore());
        store.Save(store.Load(), Everything.Shift(TimeSpan.FromDays(1000)), []);
        string[] left = [.. store.Load().Documents.Values.SelectMany(d => Times(JsonNode.Parse(d.Body), d.Kind))];
        Assert.NotEmpty(left);
        Assert.All(left, time => Assert.EndsWith(" 2029", time, StringComparison.Ordinal));
    }

    // Where each time of this decade stands, and its year; a chain is the issuer's.
    private static IEnumerable<string> Times(JsonNode? node, string where) => node switch
    {
        JsonObject o => o.Where(p => p.Key != "leaf" && p.Key != "ancestors")
            .SelectMany(p => Times(p.Value, $"{where}.{p.Key}")),
        JsonArray a => a.SelectMany(n => Times(n, where)),
        JsonValue v when v.GetValueKind() == JsonValueKind.String
            && v.GetValue<string>().StartsWith("202", StringComparison.Ordinal) =>
            [$"{where} {v.GetValue<string>()[..4]}"],
        _ => [],
    };
}

using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Engine.Model;

/// <summary>
/// The engine as it is, with everything outside in memory. After every effect all senders there could be deliver, or
/// the test fails.
/// </summary>
internal sealed class EngineWorld
{
    public const string Name = "mx1";
    public static readonly Endpoint Mx = new("mx1.example.net", 25);
    public static readonly Timing Timing =
        new(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1));

    private readonly MemoryStore memory = new();
    private Tick tick;
    private ClockReading reading;

    public EngineWorld(
        KeyPolicy policy = KeyPolicy.Rotate, ImmutableArray<Endpoint> endpoints = default, params int[] killAt)
    {
        Clock = new();
        Effects = new(Clock, killAt) { Watch = _ => AssertDelivered() };
        Issuer = new(Effects, Clock);
        Files = new(Effects, Issuer);
        Host = new(Effects, Clock, () => Files.LiveChain);
        Zone = new(Effects, Clock);
        var certificate = new DesiredCertificate(
            Name, [Mx.Host], "ca", KeyAlgorithm.EcdsaP256, policy, TimeSpan.FromDays(365), null,
            [TlsaParameters.DaneEeSpkiSha256], endpoints.IsDefault ? [Mx] : endpoints, []);
        World = new(
            new(
                "/state", new([], null), Timing, ImmutableSortedDictionary<string, ProviderSettings>.Empty,
                ImmutableSortedDictionary<string, ProviderSettings>.Empty,
                ImmutableSortedDictionary<string, DesiredCertificate>.Empty.Add(Name, certificate)),
            Clock, new CountedStore(memory, Effects), Files, Zone, Host, _ => ("example.net", Zone), _ => Issuer,
            _ => Other is { } other ? [other, Host] : [Host], Clock);
        tick = Start();
        reading = Clocks.Read(Clock, Clock);
    }

    public World World { get; private set; }

    public TestClock Clock { get; }

    public Effects Effects { get; }

    public TestIssuer Issuer { get; }

    public TestFiles Files { get; }

    public TestHost Host { get; }

    /// <summary>One more mail server that reads the same files and is asked first.</summary>
    public IMailServer? Other { get; set; }

    public TestZone Zone { get; }

    public Facts Facts => new FactsStore(memory).Load().Facts;

    public CertificateFacts Known => Facts.Certificate(Name);

    public ImmutableArray<JournalEntry> Journal => memory.Journal(Name, 10_000);

    /// <summary>Asks for a rollover, as the command line does.</summary>
    public void Ask(bool newKey) =>
        Change(facts => facts.With(facts.Certificate(Name).Ask(newKey, emergency: false, Clock.GetUtcNow())));

    /// <summary>Somebody else changes the facts, as the turn of another certificate.</summary>
    public void Change(Func<Facts, Facts> change) => new FactsStore(memory).Update(facts => (change(facts), []));

    /// <summary>The program is started anew; it remembers what is stored.</summary>
    public void Restart() => tick = Start();

    /// <summary>The program is started anew with other endpoints or another TTL; its zone is configured.</summary>
    public void Reconfigure(ImmutableArray<Endpoint> endpoints, TimeSpan? ttl = null)
    {
        Desired desired = World.Desired;
        World = World with
        {
            Desired = desired with
            {
                Timing = desired.Timing with { Ttl = ttl ?? desired.Timing.Ttl },
                Zones = desired.Zones.SetItem(
                    "example.net", new("rfc2136", ImmutableDictionary<string, string>.Empty)),
                Certificates = desired.Certificates.SetItem(
                    Name, desired.Certificates[Name] with { Endpoints = endpoints }),
            },
        };
        Restart();
    }

    /// <summary>One turn; killed in it, the program is started anew.</summary>
    public async Task<TickResult?> TurnAsync()
    {
        try
        {
            return await tick.RunAsync(Name, TestContext.Current.CancellationToken);
        }
        catch (KilledException)
        {
            Restart();
            return null;
        }
    }

    /// <summary>Turns and waits until something is so.</summary>
    public async Task RunUntilAsync(Func<TickResult, bool> done)
    {
        TimeSpan end = Clock.Real + TimeSpan.FromHours(12);
        while (Clock.Real < end)
        {
            TickResult? result = await TurnAsync();
            if (result is not null && done(result))
                return;
            if (result is { Outcome: null })
                Rest(result.Plan.WakeAt);
        }

        Assert.Fail("it never came to an end: " + string.Join("; ", Known.Holds) + "\n"
            + string.Join('\n', Journal.TakeLast(20)));
    }

    public Task SettleAsync() => RunUntilAsync(r =>
        r.Plan is { Next: null, Holds.IsEmpty: true } && r.Facts.Certificate(Name) is
        { Request: null, Current.State: GenerationState.Live });

    // As the daemon does: an alarm at a time of the wall clock, and somebody who looks whether that clock was set.
    private void Rest(DateTimeOffset wakeAt)
    {
        do
        {
            TimeSpan rest = wakeAt - Clock.GetUtcNow();
            ClockReading before = reading;
            Clock.Pass(TimeSpan.FromSeconds(Math.Clamp(rest.TotalSeconds, 0.1, 5)));
            reading = Clocks.Read(Clock, Clock);
            if (before.JumpTo(reading) is not null)
                return;
        }
        while (Clock.GetUtcNow() < wakeAt);
    }

    private Tick Start() => new(World, NullLogger.Instance);

    private void AssertDelivered()
    {
        if (Host?.Presented is not { } chain)
            return;

        foreach (RecordSet set in World.Desired.Certificates[Name].Endpoints.SelectMany(e => Zone.InUse(e.TlsaName)))
        {
            if (!set.IsAbsent && !set.Covers(chain))
                Assert.Fail($"mail is refused: a sender holds [{set}] and meets {chain}");
        }
    }

    private sealed class CountedStore(MemoryStore memory, Effects effects) : IStore
    {
        public ImmutableArray<StoredDocument> LoadAll() => memory.LoadAll();

        public bool Commit(IReadOnlyList<StoredDocument> documents, IReadOnlyList<JournalEntry> journal)
        {
            effects.Do("save facts");
            return memory.Commit(documents, journal);
        }

        public ImmutableArray<JournalEntry> Journal(string certificate, int most) => memory.Journal(certificate, most);

        public bool TryLease(string name, string holder, DateTimeOffset now, DateTimeOffset until) =>
            memory.TryLease(name, holder, now, until);

        public void Release(string name, string holder) => memory.Release(name, holder);

        public string? LeaseHolder(string name, DateTimeOffset now) => memory.LeaseHolder(name, now);

        public IIssuerNotebook Notebook(string issuer, string certificate, int generation) =>
            memory.Notebook(issuer, certificate, generation);
    }
}

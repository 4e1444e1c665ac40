using System.Collections.Immutable;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using RolloverD.Core.Ports;
using RolloverD.Engine;
using RolloverD.Tests.Engine.Model;
using Xunit;

namespace RolloverD.Tests.Engine;

/// <summary>A turn that fails is told in words, rests, and is never the end of the daemon.</summary>
public sealed class TurnsTests
{
    private readonly EngineWorld model = new();
    private readonly List<(LogLevel Level, string Text, Exception? Exception)> log = [];
    private readonly List<string> notices = [];
    private readonly List<Sighting> sightings = [];

    [Fact]
    public async Task A_full_disk_is_one_clear_line_a_turn_to_the_log_to_systemd_and_to_whoever_watches()
    {
        var full = new StoreException(
            "Could not write /state/rolloverd.db: the file system is full", "Make room there");
        Turns turns = Of(new BrokenStore(full));
        await turns.TakeAsync(EngineWorld.Name, TestContext.Current.CancellationToken);

        (LogLevel level, string text, Exception? exception) = Assert.Single(log);
        Assert.Equal(LogLevel.Error, level);
        Assert.Null(exception); // a stack trace helps nobody to make room
        Assert.Equal(
            "mx1: nothing can be decided: Could not write /state/rolloverd.db: the file system is full. "
            + "Make room there; tried again in 2 s",
            text);
        Assert.Equal(
            ["STATUS=mx1: cannot go on: Could not write /state/rolloverd.db: the file system is full"], notices);
        Assert.Same(full, Assert.IsType<Sighting.Stopped>(Assert.Single(sightings)).Why);
    }

    [Fact]
    public async Task A_full_disk_is_tried_again_after_half_a_minute_at_most()
    {
        Turns turns = Of(new BrokenStore(new IOException("No space left on device")));
        double[] rests = await RestsAsync(turns, 6);
        Assert.Equal([2.0, 4, 8, 16, 30, 30], rests);
    }

    [Fact]
    public async Task A_fault_of_the_program_is_told_with_its_place_and_rests_longer()
    {
        Turns turns = Of(new BrokenStore(new InvalidOperationException("a bug")));
        double[] rests = await RestsAsync(turns, 10);
        Assert.Equal((2, 256), (rests[0], rests[^1]));
        Assert.All(log, l => Assert.IsType<InvalidOperationException>(l.Exception));
    }

    [Fact]
    public async Task After_a_success_all_is_forgotten()
    {
        var store = new BrokenStore(new IOException("No space left on device"));
        Turns turns = Of(store);
        await RestsAsync(turns, 4);
        store.Inner = model.World.Store;
        await turns.TakeAsync(EngineWorld.Name, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("cannot go on", notices[^1], StringComparison.Ordinal);
        store.Inner = null;
        double[] rests = await RestsAsync(turns, 1);
        Assert.Equal([2.0], rests);
    }

    private async Task<double[]> RestsAsync(Turns turns, int count)
    {
        var rests = new double[count];
        for (int i = 0; i < count; i++)
        {
            DateTimeOffset next = await turns.TakeAsync(EngineWorld.Name, TestContext.Current.CancellationToken);
            rests[i] = (next - model.Clock.GetUtcNow()).TotalSeconds;
        }

        return rests;
    }

    private Turns Of(IStore store)
    {
        World world = model.World with { Store = store };
        var sink = new Sink(log);
        return new(world, new(world, sink), new(new Notices(notices), world.Time), sink, sightings.Add);
    }

    private sealed class Sink(List<(LogLevel, string, Exception?)> lines) : ILogger<Turns>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                lines.Add((logLevel, formatter(state, exception), exception));
        }
    }

    private sealed class Notices(List<string> sent) : ISystemdNotifier
    {
        public bool IsEnabled => true;

        public void Notify(ServiceState state) => sent.Add(state.ToString());
    }

    // Fails at every save until it has something to save to.
    private sealed class BrokenStore(Exception fault) : IStore
    {
        public IStore? Inner { get; set; }

        public ImmutableArray<StoredDocument> LoadAll() => Inner?.LoadAll() ?? [];

        public bool Commit(IReadOnlyList<StoredDocument> documents, IReadOnlyList<JournalEntry> journal) =>
            Inner?.Commit(documents, journal) ?? throw fault;

        public ImmutableArray<JournalEntry> Journal(string certificate, int most) => [];

        public bool TryLease(string name, string holder, DateTimeOffset now, DateTimeOffset until) => throw fault;

        public void Release(string name, string holder) => throw fault;

        public string? LeaseHolder(string name, DateTimeOffset now) => null;

        public IIssuerNotebook Notebook(string issuer, string certificate, int generation) => throw fault;
    }
}

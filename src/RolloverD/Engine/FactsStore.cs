using System.Collections.Immutable;
using System.Text.Json;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Store;

namespace RolloverD.Engine;

/// <summary>
/// What is stored: the facts as the documents hold them, and what both clocks showed when they were last measured.
/// </summary>
internal sealed record StoredFacts(
    Facts Facts, ClockReading? Clock, ImmutableDictionary<(string Kind, string Name), StoredDocument> Documents)
{
    public static readonly StoredFacts None =
        new(Facts.None, null, ImmutableDictionary<(string, string), StoredDocument>.Empty);
}

/// <summary>The facts as they were loaded, with the version of every document they came from.</summary>
/// <param name="Facts">The facts, moved along when the wall clock was set since they were stored.</param>
/// <param name="Stored">What is stored.</param>
/// <param name="Now">When they were loaded, by the wall clock: what is written down now happens then.</param>
/// <param name="Reading">Both clocks at that time; null without a steady clock.</param>
/// <param name="Jump">How the wall clock was set since the facts were stored; null when it was not.</param>
internal sealed record LoadedFacts(
    Facts Facts, StoredFacts Stored, DateTimeOffset Now, ClockReading? Reading, ClockJump? Jump)
{
    public ImmutableDictionary<(string Kind, string Name), StoredDocument> Documents => Stored.Documents;

    /// <summary>How the wall clock was set between this loading and a later one.</summary>
    public ClockJump? JumpTo(LoadedFacts later) =>
        Reading is { } here && later.Reading is { } there ? here.JumpTo(there) : null;
}

/// <summary>Loads facts from the store and saves those that changed, or none when somebody else was first.</summary>
/// <remarks>
/// What was read or written once is not read again while its version is the same. Any thread may call.
/// </remarks>
internal sealed class FactsStore(IStore store, TimeProvider? time = null, ISteadyClock? steady = null)
{
    private const string CertificateKind = "certificate";
    private const string OwnerKind = "owner";
    private const string EndpointKind = "endpoint";
    private const string LookKind = "look";
    private const string ClockKind = "clock";

    /// <summary>
    /// How old the stored reading of the clocks may be. Within one start of the machine its age does not matter; after
    /// a new start, what came after it counts as not waited.
    /// </summary>
    private static readonly TimeSpan ReadingLasts = TimeSpan.FromMinutes(1);

    // Replaced as a whole; whoever reads an older one only reads more documents anew.
    private volatile StoredFacts latest = StoredFacts.None;

    public IStore Store => store;

    public LoadedFacts Load()
    {
        StoredFacts stored = latest = Read(store.LoadAll(), latest);
        ClockReading? reading = steady is null ? null : Clocks.Read(time ?? TimeProvider.System, steady);
        DateTimeOffset now = reading?.Wall ?? (time ?? TimeProvider.System).GetUtcNow();
        ClockJump? jump = reading is { } r ? stored.Clock?.JumpTo(r) : null;
        return new(jump is null ? stored.Facts : stored.Facts.Shift(jump.By), stored, now, reading, jump);
    }

    /// <summary>Saves the facts that differ from what is stored, and the journal lines, all or nothing.</summary>
    /// <returns>What is stored now, or null when another writer was first: load again and decide again.</returns>
    public LoadedFacts? Save(LoadedFacts loaded, Facts facts, IReadOnlyList<JournalEntry> journal)
    {
        ClockReading? clock = Remembered(loaded);
        List<StoredDocument> changed = Changed(loaded, facts, clock);
        if (changed.Count == 0 && journal.Count == 0)
            return loaded with { Facts = facts };

        if (!store.Commit(changed, journal))
            return null;

        ImmutableDictionary<(string Kind, string Name), StoredDocument> documents = loaded.Documents;
        foreach (StoredDocument d in changed)
        {
            documents = d.IsRemoval
                ? documents.Remove((d.Kind, d.Name))
                : documents.SetItem((d.Kind, d.Name), d with { Version = d.Version + 1 });
        }

        StoredFacts stored = new(facts, clock, documents);
        latest = stored;
        return new(facts, stored, loaded.Now, loaded.Reading, null);
    }

    /// <summary>Changes the facts by a pure function, again and again until no other writer comes between.</summary>
    public LoadedFacts Update(Func<Facts, (Facts Facts, IReadOnlyList<JournalEntry> Journal)> change)
    {
        while (true)
        {
            LoadedFacts loaded = Load();
            (Facts facts, IReadOnlyList<JournalEntry> journal) = change(loaded.Facts);
            if (Save(loaded, facts, journal) is { } saved)
                return saved;
        }
    }

    private static List<StoredDocument> Changed(LoadedFacts loaded, Facts facts, ClockReading? clock)
    {
        Facts before = loaded.Stored.Facts;
        List<StoredDocument> changed = [];
        foreach (CertificateFacts certificate in New(before.Certificates, facts.Certificates))
        {
            Add(CertificateKind, certificate.Name,
                JsonSerializer.Serialize(certificate, FactsJson.Default.CertificateFacts));
        }

        foreach (OwnerLedger ledger in New(before.Owners, facts.Owners))
            Add(OwnerKind, ledger.Owner, JsonSerializer.Serialize(ledger, FactsJson.Default.OwnerLedger));
        foreach (EndpointFacts endpoint in New(before.Endpoints, facts.Endpoints))
        {
            string name = endpoint.Endpoint.ToString();
            if (before.Endpoints.GetValueOrDefault(endpoint.Endpoint)?.DiffersInLookOnly(endpoint) != true)
            {
                Add(EndpointKind, name, JsonSerializer.Serialize(
                    endpoint with { CompleteAt = null, LookedAt = null }, FactsJson.Default.EndpointFacts));
            }

            Add(LookKind, name, JsonSerializer.Serialize(WrittenLook.Of(endpoint), FactsJson.Default.WrittenLook));
        }

        foreach (string owner in Lost(before.Owners, facts.Owners))
            Remove(OwnerKind, owner);
        foreach (Endpoint endpoint in Lost(before.Endpoints, facts.Endpoints))
        {
            Remove(EndpointKind, endpoint.ToString());
            Remove(LookKind, endpoint.ToString());
        }

        if (clock is not null && !ReferenceEquals(clock, loaded.Stored.Clock))
            Add(ClockKind, ClockKind, JsonSerializer.Serialize(clock, FactsJson.Default.ClockReading));
        return changed;

        void Add(string kind, string name, string body)
        {
            StoredDocument? earlier = loaded.Documents.GetValueOrDefault((kind, name));
            if (earlier?.Body != body)
                changed.Add(new(kind, name, earlier?.Version ?? 0, body));
        }

        void Remove(string kind, string name)
        {
            if (loaded.Documents.TryGetValue((kind, name), out StoredDocument? earlier))
                changed.Add(StoredDocument.Removal(kind, name, earlier.Version));
        }
    }

    private static StoredFacts Read(ImmutableArray<StoredDocument> documents, StoredFacts known)
    {
        int kept = 0;
        Facts facts = known.Facts;
        ClockReading? clock = known.Clock;
        ImmutableDictionary<(string Kind, string Name), StoredDocument> all = known.Documents;
        List<WrittenLook> looks = [];
        foreach (StoredDocument document in documents)
        {
            (string, string) key = (document.Kind, document.Name);
            if (known.Documents.TryGetValue(key, out StoredDocument? before))
            {
                kept++;
                if (before.Version == document.Version)
                    continue;
            }

            all = all.SetItem(key, document);
            switch (document.Kind)
            {
                case CertificateKind:
                    facts = facts.With(JsonSerializer.Deserialize(document.Body, FactsJson.Default.CertificateFacts)!);
                    break;
                case OwnerKind:
                    facts = facts.With(JsonSerializer.Deserialize(document.Body, FactsJson.Default.OwnerLedger)!);
                    break;
                case EndpointKind:
                    EndpointFacts seen = JsonSerializer.Deserialize(document.Body, FactsJson.Default.EndpointFacts)!;
                    facts = facts.With(seen.LookedAt is null
                        ? WrittenLook.Of(facts.EndpointOf(seen.Endpoint)).In(seen)
                        : seen); // as an earlier version wrote it
                    break;
                case LookKind:
                    looks.Add(JsonSerializer.Deserialize(document.Body, FactsJson.Default.WrittenLook)!);
                    break;
                case ClockKind:
                    clock = JsonSerializer.Deserialize(document.Body, FactsJson.Default.ClockReading);
                    break;
            }
        }

        foreach (WrittenLook look in looks)
            facts = facts.With(look.In(facts.EndpointOf(look.Endpoint)));

        // Something was removed: that is rare, so everything is read anew.
        return kept < known.Documents.Count ? Read(documents, StoredFacts.None)
            : ReferenceEquals(all, known.Documents) ? known
            : new(facts, clock, all);
    }

    // A jump is remembered together with the facts that were moved along; else now and then.
    private static ClockReading? Remembered(LoadedFacts loaded)
    {
        if (loaded.Reading is not { } reading || loaded.Stored.Clock is not { } last || loaded.Jump is not null)
            return loaded.Reading ?? loaded.Stored.Clock;

        return reading.Boot == last.Boot && reading.Elapsed - last.Elapsed < ReadingLasts ? last : last.Keep(reading);
    }

    // What did not change stays the same object.
    private static List<TFacts> New<TKey, TFacts>(
        ImmutableDictionary<TKey, TFacts> before, ImmutableDictionary<TKey, TFacts> now)
        where TKey : notnull
        where TFacts : class
    {
        List<TFacts> fresh = [];
        if (!ReferenceEquals(before, now))
        {
            foreach ((TKey key, TFacts facts) in now)
            {
                if (!before.TryGetValue(key, out TFacts? known) || !ReferenceEquals(known, facts))
                    fresh.Add(facts);
            }
        }

        return fresh;
    }

    private static List<TKey> Lost<TKey, TFacts>(
        ImmutableDictionary<TKey, TFacts> before, ImmutableDictionary<TKey, TFacts> now)
        where TKey : notnull
    {
        List<TKey> lost = [];
        if (!ReferenceEquals(before, now))
        {
            foreach ((TKey key, _) in before)
            {
                if (!now.ContainsKey(key))
                    lost.Add(key);
            }
        }

        return lost;
    }
}

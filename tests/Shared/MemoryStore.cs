using System.Collections.Immutable;
using RolloverD.Core.Ports;

namespace RolloverD.Tests.Shared;

/// <summary>The store without a disk, for simulations; it passes the same conformance tests as the real one.</summary>
public sealed class MemoryStore : IStore
{
    private readonly Lock _alone = new();
    private readonly Dictionary<(string Kind, string Name), (long Version, string? Body)> _documents = [];
    private readonly List<JournalEntry> _journal = [];
    private readonly Dictionary<string, (string Holder, DateTimeOffset Until)> _leases = [];
    private readonly Dictionary<(string Issuer, string Key), string> _notes = [];

    public ImmutableArray<StoredDocument> LoadAll()
    {
        lock (_alone)
        {
            return
            [
                .. _documents
                    .Where(d => d.Value.Body is not null)
                    .OrderBy(d => d.Key.Kind, StringComparer.Ordinal)
                    .ThenBy(d => d.Key.Name, StringComparer.Ordinal)
                    .Select(d => new StoredDocument(d.Key.Kind, d.Key.Name, d.Value.Version, d.Value.Body!)),
            ];
        }
    }

    public bool Commit(IReadOnlyList<StoredDocument> documents, IReadOnlyList<JournalEntry> journal)
    {
        lock (_alone)
        {
            if (documents.Any(d => VersionOf(d) != d.Version)
                || documents.DistinctBy(d => (d.Kind, d.Name)).Count() < documents.Count)
                return false;
            foreach (StoredDocument document in documents)
            {
                (string, string) key = (document.Kind, document.Name);
                if (document is { Version: 0, IsRemoval: true })
                    continue;
                _documents[key] = (_documents.GetValueOrDefault(key).Version + 1, document.Body);
            }

            foreach (JournalEntry entry in journal)
                _journal.Add(entry with { Id = _journal.Count + 1, At = entry.At.ToUniversalTime() });
            return true;
        }
    }

    public ImmutableArray<JournalEntry> Journal(string certificate, int most)
    {
        lock (_alone)
            return [.. _journal.Where(e => e.Certificate == certificate).TakeLast(most)];
    }

    public bool TryLease(string name, string holder, DateTimeOffset now, DateTimeOffset until)
    {
        lock (_alone)
        {
            if (_leases.TryGetValue(name, out var lease) && lease.Holder != holder && lease.Until > now)
                return false;
            _leases[name] = (holder, until);
            return true;
        }
    }

    public void Release(string name, string holder)
    {
        lock (_alone)
        {
            if (_leases.TryGetValue(name, out var lease) && lease.Holder == holder)
                _leases.Remove(name);
        }
    }

    public string? LeaseHolder(string name, DateTimeOffset now)
    {
        lock (_alone)
            return _leases.TryGetValue(name, out var lease) && lease.Until > now ? lease.Holder : null;
    }

    public IIssuerNotebook Notebook(string issuer, string certificate, int generation) =>
        new MemoryNotebook(this, issuer, $"/{certificate}/{generation}/");

    // What a writer must have loaded: 0 when there is no such document, also after its removal.
    private long VersionOf(StoredDocument document) =>
        _documents.TryGetValue((document.Kind, document.Name), out var stored) && stored.Body is not null
            ? stored.Version
            : 0;

    private sealed class MemoryNotebook(MemoryStore store, string issuer, string scope) : IIssuerNotebook
    {
        public Task<string?> ReadAsync(string key, CancellationToken cancellation)
        {
            lock (store._alone)
                return Task.FromResult(store._notes.GetValueOrDefault((issuer, Scoped(key))));
        }

        public Task WriteAsync(string key, string? value, CancellationToken cancellation)
        {
            lock (store._alone)
            {
                if (value is null)
                    store._notes.Remove((issuer, Scoped(key)));
                else
                    store._notes[(issuer, Scoped(key))] = value;
            }

            return Task.CompletedTask;
        }

        private string Scoped(string key) => key.StartsWith("account", StringComparison.Ordinal) ? key : scope + key;
    }
}

using System.Collections.Immutable;
using RolloverD.Core.Ports;

namespace RolloverD.Tests.Shared;

/// <summary>
/// The store without a disk, for simulations; it passes the same conformance tests as the real one. What was written
/// and not yet synced is lost with <see cref="LosePower"/>.
/// </summary>
public sealed class MemoryStore : IStore
{
    private readonly Lock _alone = new();
    private Pages _written = Pages.Empty;
    private Pages _synced = Pages.Empty;

    /// <summary>Runs when something was written and is not yet durable; what it throws comes to the caller.</summary>
    public Action? BeforeSync { get; set; }

    /// <summary>Runs when it is durable and the caller does not know it yet.</summary>
    public Action? AfterSync { get; set; }

    /// <summary>Whether journal lines are kept; a long simulation does without.</summary>
    public bool KeepsJournal { get; init; } = true;

    /// <summary>What was not synced is gone.</summary>
    public void LosePower()
    {
        lock (_alone)
            _written = _synced;
    }

    public ImmutableArray<StoredDocument> LoadAll()
    {
        lock (_alone)
            return _written.Documents;
    }

    public bool Commit(IReadOnlyList<StoredDocument> documents, IReadOnlyList<JournalEntry> journal)
    {
        lock (_alone)
        {
            if (_written.With(documents) is not { } changed)
                return false;

            Write(KeepsJournal && journal.Count > 0 ? changed.With(journal) : changed);
            return true;
        }
    }

    public ImmutableArray<JournalEntry> Journal(string certificate, int most)
    {
        lock (_alone)
            return [.. _written.Journal.Where(e => e.Certificate == certificate).TakeLast(most)];
    }

    public bool TryLease(string name, string holder, DateTimeOffset now, DateTimeOffset until)
    {
        lock (_alone)
        {
            if (_written.Leases.TryGetValue(name, out var lease) && lease.Holder != holder && lease.Until > now)
                return false;
            Write(_written with { Leases = _written.Leases.SetItem(name, (holder, until)) });
            return true;
        }
    }

    public void Release(string name, string holder)
    {
        lock (_alone)
        {
            if (_written.Leases.TryGetValue(name, out var lease) && lease.Holder == holder)
                Write(_written with { Leases = _written.Leases.Remove(name) });
        }
    }

    public string? LeaseHolder(string name, DateTimeOffset now)
    {
        lock (_alone)
            return _written.Leases.TryGetValue(name, out var lease) && lease.Until > now ? lease.Holder : null;
    }

    public IIssuerNotebook Notebook(string issuer, string certificate, int generation) =>
        new MemoryNotebook(this, issuer, $"/{certificate}/{generation}/");

    private void Write(Pages pages)
    {
        Pages before = _written;
        _written = pages;
        try
        {
            BeforeSync?.Invoke();
        }
        catch (StoreException)
        {
            _written = before; // it could not be written at all
            throw;
        }

        _synced = _written;
        AfterSync?.Invoke();
    }

    /// <summary>All that the store holds at one time. Nothing in it changes, so a copy costs nothing.</summary>
    private sealed record Pages(
        ImmutableArray<StoredDocument> Documents,
        ImmutableDictionary<(string Kind, string Name), long> Removed,
        ImmutableList<JournalEntry> Journal,
        ImmutableDictionary<string, (string Holder, DateTimeOffset Until)> Leases,
        ImmutableDictionary<(string Issuer, string Key), string> Notes)
    {
        public static readonly Pages Empty = new(
            [],
            ImmutableDictionary<(string Kind, string Name), long>.Empty,
            [],
            ImmutableDictionary<string, (string Holder, DateTimeOffset Until)>.Empty,
            ImmutableDictionary<(string Issuer, string Key), string>.Empty);

        /// <summary>With these documents; null when one of them has another version than its writer loaded.</summary>
        public Pages? With(IReadOnlyList<StoredDocument> documents)
        {
            if (documents.Count == 0)
                return this;

            ImmutableArray<StoredDocument>.Builder all = Documents.ToBuilder();
            ImmutableDictionary<(string Kind, string Name), long> removed = Removed;
            for (int i = 0; i < documents.Count; i++)
            {
                StoredDocument document = documents[i];
                for (int j = 0; j < i; j++)
                {
                    if (documents[j].Kind == document.Kind && documents[j].Name == document.Name)
                        return null;
                }

                int at = 0;
                while (at < all.Count && Compare(all[at], document) < 0)
                    at++;
                bool found = at < all.Count && Compare(all[at], document) == 0;
                if ((found ? all[at].Version : 0) != document.Version)
                    return null;

                (string, string) key = (document.Kind, document.Name);
                if (document.IsRemoval)
                {
                    if (!found)
                        continue;
                    removed = removed.SetItem(key, document.Version + 1);
                    all.RemoveAt(at);
                }
                else if (found)
                {
                    all[at] = document with { Version = document.Version + 1 };
                }
                else
                {
                    // A document that is stored anew goes on counting from its old version.
                    all.Insert(at, document with { Version = removed.GetValueOrDefault(key) + 1 });
                }
            }

            return this with { Documents = all.ToImmutable(), Removed = removed };
        }

        public Pages With(IReadOnlyList<JournalEntry> lines)
        {
            ImmutableList<JournalEntry> journal = Journal;
            foreach (JournalEntry line in lines)
                journal = journal.Add(line with { Id = journal.Count + 1, At = line.At.ToUniversalTime() });
            return this with { Journal = journal };
        }

        private static int Compare(StoredDocument a, StoredDocument b)
        {
            int kind = string.CompareOrdinal(a.Kind, b.Kind);
            return kind != 0 ? kind : string.CompareOrdinal(a.Name, b.Name);
        }
    }

    private sealed class MemoryNotebook(MemoryStore store, string issuer, string scope) : IIssuerNotebook
    {
        public Task<string?> ReadAsync(string key, CancellationToken cancellation)
        {
            lock (store._alone)
                return Task.FromResult(store._written.Notes.GetValueOrDefault((issuer, Scoped(key))));
        }

        public Task WriteAsync(string key, string? value, CancellationToken cancellation)
        {
            lock (store._alone)
            {
                ImmutableDictionary<(string Issuer, string Key), string> notes = store._written.Notes;
                store.Write(store._written with
                {
                    Notes = value is null
                        ? notes.Remove((issuer, Scoped(key)))
                        : notes.SetItem((issuer, Scoped(key)), value),
                });
            }

            return Task.CompletedTask;
        }

        private string Scoped(string key) => key.StartsWith("account", StringComparison.Ordinal) ? key : scope + key;
    }
}

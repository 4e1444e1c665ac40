using System.Collections.Immutable;
using System.Text.Json;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Store;

namespace RolloverD.Engine;

/// <summary>The facts as they were loaded, with the version of every document they came from.</summary>
/// <param name="Facts">The facts.</param>
/// <param name="Documents">What is stored, by kind and name.</param>
internal sealed record LoadedFacts(Facts Facts, ImmutableDictionary<(string Kind, string Name), StoredDocument> Documents);

/// <summary>Loads facts from the store and saves those that changed, or none when somebody else was first.</summary>
internal sealed class FactsStore(IStore store)
{
    private const string CertificateKind = "certificate";
    private const string OwnerKind = "owner";
    private const string EndpointKind = "endpoint";

    public IStore Store => store;

    public LoadedFacts Load()
    {
        Facts facts = Facts.None;
        var documents = ImmutableDictionary.CreateBuilder<(string, string), StoredDocument>();
        foreach (StoredDocument document in store.LoadAll())
        {
            documents[(document.Kind, document.Name)] = document;
            string body = document.Body ?? "";
            facts = document.Kind switch
            {
                CertificateKind => facts.With(JsonSerializer.Deserialize(body, FactsJson.Default.CertificateFacts)!),
                OwnerKind => facts.With(JsonSerializer.Deserialize(body, FactsJson.Default.OwnerLedger)!),
                EndpointKind => facts.With(JsonSerializer.Deserialize(body, FactsJson.Default.EndpointFacts)!),
                _ => facts,
            };
        }

        return new(facts, documents.ToImmutable());
    }

    /// <summary>Saves the facts that differ from what was loaded, and the journal lines, all or nothing.</summary>
    /// <returns>What is stored now, or null when another writer was first: load again and decide again.</returns>
    public LoadedFacts? Save(LoadedFacts loaded, Facts facts, IReadOnlyList<JournalEntry> journal)
    {
        List<StoredDocument> changed = [];
        foreach (CertificateFacts certificate in facts.Certificates.Values)
        {
            if (!Same(loaded.Facts.Certificates, certificate.Name, certificate))
            {
                Add(CertificateKind, certificate.Name,
                    JsonSerializer.Serialize(certificate, FactsJson.Default.CertificateFacts));
            }
        }

        foreach (OwnerLedger ledger in facts.Owners.Values)
        {
            if (!Same(loaded.Facts.Owners, ledger.Owner, ledger))
                Add(OwnerKind, ledger.Owner, JsonSerializer.Serialize(ledger, FactsJson.Default.OwnerLedger));
        }

        foreach (EndpointFacts endpoint in facts.Endpoints.Values)
        {
            if (!Same(loaded.Facts.Endpoints, endpoint.Endpoint, endpoint))
            {
                Add(EndpointKind, endpoint.Endpoint.ToString(),
                    JsonSerializer.Serialize(endpoint, FactsJson.Default.EndpointFacts));
            }
        }

        foreach (StoredDocument document in loaded.Documents.Values.Where(d => IsForgotten(facts, d)))
            changed.Add(StoredDocument.Removal(document.Kind, document.Name, document.Version));

        if (changed.Count == 0 && journal.Count == 0)
            return loaded with { Facts = facts };

        if (!store.Commit(changed, journal))
            return null;

        return new(
            facts,
            loaded.Documents
                .RemoveRange(changed.Where(d => d.IsRemoval).Select(d => (d.Kind, d.Name)))
                .SetItems(changed.Where(d => !d.IsRemoval).Select(d =>
                    KeyValuePair.Create((d.Kind, d.Name), d with { Version = d.Version + 1 }))));

        void Add(string kind, string name, string body)
        {
            StoredDocument? before = loaded.Documents.GetValueOrDefault((kind, name));
            if (before?.Body != body)
                changed.Add(new(kind, name, before?.Version ?? 0, body));
        }
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

    private static bool IsForgotten(Facts facts, StoredDocument document) => document.Kind switch
    {
        OwnerKind => !facts.Owners.ContainsKey(document.Name),
        EndpointKind => !facts.Endpoints.ContainsKey(Endpoint.Parse(document.Name)),
        _ => false,
    };

    private static bool Same<TKey, TFacts>(ImmutableDictionary<TKey, TFacts> before, TKey key, TFacts now)
        where TKey : notnull
        where TFacts : class =>
        before.TryGetValue(key, out TFacts? old) && ReferenceEquals(old, now);
}

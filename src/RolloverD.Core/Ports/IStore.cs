using System.Collections.Immutable;

namespace RolloverD.Core.Ports;

/// <summary>One remembered thing, as text: a certificate's facts, an owner's ledger.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Name">Which one of the kind.</param>
/// <param name="Version">The version that was loaded; 0: not stored yet.</param>
/// <param name="Body">The thing, encoded by whoever stores it.</param>
public sealed record StoredDocument(string Kind, string Name, long Version, string Body)
{
    /// <summary>Whether a commit of this document removes it: its body is null.</summary>
    public bool IsRemoval => Body is null;

    /// <summary>What to commit in order to remove a document.</summary>
    public static StoredDocument Removal(string kind, string name, long version) => new(kind, name, version, null!);
}

/// <summary>One line of a certificate's history.</summary>
/// <param name="Id">Given by the store, rising; not looked at when it is committed.</param>
/// <param name="At">When it happened; stored in UTC.</param>
/// <param name="Certificate">Whose history it belongs to.</param>
/// <param name="Generation">The generation it is about, if it is about one.</param>
/// <param name="Event">A stable word for programs.</param>
/// <param name="Text">A sentence for people.</param>
public sealed record JournalEntry(
    long Id, DateTimeOffset At, string Certificate, int? Generation, string Event, string Text);

/// <summary>
/// What RolloverD remembers between restarts, shared by the daemon and the command line. Writers do not wait for each
/// other: each says which version it decided on, and whoever comes second loads and decides again.
/// </summary>
/// <remarks>
/// Every member throws <see cref="StoreException"/> when the state cannot be read or written; nothing is changed then.
/// Members may be called from any thread.
/// </remarks>
public interface IStore
{
    /// <summary>Every document, in one consistent snapshot, by kind and name.</summary>
    ImmutableArray<StoredDocument> LoadAll();

    /// <summary>
    /// Stores documents and journal lines together: all or nothing, durable before it returns. A document's version
    /// rises by one; a null body removes it.
    /// </summary>
    /// <param name="documents">Each with the <see cref="StoredDocument.Version"/> that was loaded.</param>
    /// <param name="journal">Lines to add, also when there is no document.</param>
    /// <returns>
    /// False, and nothing is changed, when another writer was first with one of the documents: load again and decide
    /// again. A document that is stored anew after its removal goes on counting from its old version, so it too is
    /// loaded again before its next change.
    /// </returns>
    bool Commit(IReadOnlyList<StoredDocument> documents, IReadOnlyList<JournalEntry> journal);

    /// <summary>The latest lines of a certificate's history, the oldest of them first.</summary>
    ImmutableArray<JournalEntry> Journal(string certificate, int most);

    /// <summary>Takes a lease that ends by itself; the holder may renew it.</summary>
    /// <returns>False when somebody else holds it at that time.</returns>
    bool TryLease(string name, string holder, DateTimeOffset now, DateTimeOffset until);

    /// <summary>Ends a lease early; does nothing when somebody else holds it.</summary>
    void Release(string name, string holder);

    /// <summary>Who holds the lease at that time, or null.</summary>
    string? LeaseHolder(string name, DateTimeOffset now);

    /// <summary>
    /// The notebook of an issuer for one generation of one certificate. Keys that start with <c>account</c> are shared
    /// by everything that the issuer certifies; the rest belong to this certificate and generation.
    /// </summary>
    IIssuerNotebook Notebook(string issuer, string certificate, int generation);
}

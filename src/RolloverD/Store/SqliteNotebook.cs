using RolloverD.Core.Ports;

namespace RolloverD.Store;

/// <summary>An issuer's notes in the store, those of one generation and those of its account.</summary>
internal sealed class SqliteNotebook(SqliteStore store, string issuer, string certificate, int generation)
    : IIssuerNotebook
{
    public Task<string?> ReadAsync(string key, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(store.ReadNote(issuer, Scoped(key)));
    }

    public Task WriteAsync(string key, string? value, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        store.WriteNote(issuer, Scoped(key), value);
        return Task.CompletedTask;
    }

    // No account's key starts with a slash, so the two kinds never meet.
    private string Scoped(string key) =>
        key.StartsWith("account", StringComparison.Ordinal) ? key : $"/{certificate}/{generation}/{key}";
}

using System.Collections.Concurrent;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.Tests.Issuers;

/// <summary>A notebook that lasts as long as the test; it can cut an attempt off at a write.</summary>
public sealed class MemoryNotebook : IIssuerNotebook
{
    private readonly ConcurrentDictionary<string, string> _notes = new();
    private CancellationTokenSource? _stop;
    private int _writesLeft;

    public IReadOnlyDictionary<string, string> Notes => _notes;

    /// <summary>Cancels right after the given number of writes, counted from 1.</summary>
    public void CancelAfterWrites(int writes, CancellationTokenSource stop) => (_writesLeft, _stop) = (writes, stop);

    public void Change(string key, Func<string, string> change) => _notes[key] = change(_notes[key]);

    public Task<string?> ReadAsync(string key, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(_notes.GetValueOrDefault(key));
    }

    public async Task WriteAsync(string key, string? value, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (value is null)
            _notes.TryRemove(key, out _);
        else
            _notes[key] = value;
        if (--_writesLeft == 0 && _stop is not null)
            await _stop.CancelAsync();
    }
}

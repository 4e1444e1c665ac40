using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.Issuers.Acme;

/// <summary>An account: the key that signs for it, its address once known, and the contact that it was given.</summary>
internal sealed record AccountNote(string Key, Uri? Url, string? Contact);

/// <summary>An order that was placed, and for what: for anything else another one must be placed.</summary>
internal sealed record OrderNote(Uri Url, Uri Account, int Generation, string Csr, ImmutableArray<string> Names)
{
    public bool IsFor(OrderNote wanted) =>
        Account == wanted.Account && Generation == wanted.Generation && Csr == wanted.Csr
        && Names.AsSpan().SequenceEqual(wanted.Names.AsSpan());
}

/// <summary>A TXT record that was published, or may have been, and is to be removed.</summary>
/// <param name="Owner">Its owner.</param>
/// <param name="Value">The bare text.</param>
/// <param name="Since">Since when; null in a note of an earlier version.</param>
internal sealed record TxtNote(string Owner, string Value, DateTimeOffset? Since = null)
{
    public bool IsFor(TxtNote other) => Owner == other.Owner && Value == other.Value;
}

[JsonSerializable(typeof(AccountNote))]
[JsonSerializable(typeof(OrderNote))]
[JsonSerializable(typeof(ImmutableArray<TxtNote>))]
internal sealed partial class NoteBodies : JsonSerializerContext;

/// <summary>
/// What one attempt finds in the notebook and leaves there. An account is shared by all certificates of the same
/// directory. TXT records belong to the certificate, not the generation, so that those of a generation that was given
/// up are removed by the next one.
/// </summary>
internal sealed class Notes(IssueRequest request, AcmeSettings settings)
{
    private const string OrderKey = "order";

    private readonly string _accountKey =
        $"account:{settings.Directory}{(settings.EabKid is { } kid ? "#" + kid : "")}";

    private readonly string _txtKey = $"account-txt:{request.Certificate}";

    public Task<AccountNote?> ReadAccountAsync(CancellationToken cancellation) =>
        ReadAsync(_accountKey, NoteBodies.Default.AccountNote, cancellation);

    public Task WriteAccountAsync(AccountNote note, CancellationToken cancellation) =>
        WriteAsync(_accountKey, note, NoteBodies.Default.AccountNote, cancellation);

    public Task<OrderNote?> ReadOrderAsync(CancellationToken cancellation) =>
        ReadAsync(OrderKey, NoteBodies.Default.OrderNote, cancellation);

    public Task WriteOrderAsync(OrderNote note, CancellationToken cancellation) =>
        WriteAsync(OrderKey, note, NoteBodies.Default.OrderNote, cancellation);

    public Task ForgetOrderAsync(CancellationToken cancellation) =>
        request.Notebook.WriteAsync(OrderKey, null, cancellation);

    public async Task<ImmutableArray<TxtNote>> ReadTxtAsync(CancellationToken cancellation) =>
        await ReadAsync(_txtKey, NoteBodies.Default.ImmutableArrayTxtNote, cancellation).ConfigureAwait(false)
            is { IsDefault: false } notes ? notes : [];

    public Task WriteTxtAsync(ImmutableArray<TxtNote> notes, CancellationToken cancellation) =>
        notes.IsEmpty
            ? request.Notebook.WriteAsync(_txtKey, null, cancellation)
            : WriteAsync(_txtKey, notes, NoteBodies.Default.ImmutableArrayTxtNote, cancellation);

    // A note that cannot be read counts as none: everything in it can be had again.
    private async Task<T?> ReadAsync<T>(string key, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        if (await request.Notebook.ReadAsync(key, cancellation).ConfigureAwait(false) is not { } text)
            return default;

        try
        {
            return JsonSerializer.Deserialize(text, type);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private Task WriteAsync<T>(string key, T note, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        request.Notebook.WriteAsync(key, JsonSerializer.Serialize(note, type), cancellation);
}

using System.Collections.Immutable;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.Dns.Rfc2136;

/// <summary>
/// A record set as the server holds it, with the record data behind each value: somebody else's TXT record may cut the
/// same text into other strings, and a server compares and deletes record data, not text.
/// </summary>
internal sealed record HeldSet(
    DnsRecordSet Set,
    ImmutableDictionary<string, ImmutableArray<ImmutableArray<byte>>> Data)
{
    /// <summary>The data of all records with the value: those that are held, or how a new one is written.</summary>
    public ImmutableArray<ImmutableArray<byte>> DataOf(string value) =>
        Data.TryGetValue(value, out ImmutableArray<ImmutableArray<byte>> held)
            ? held
            : [RecordData.Encode(Set.Type, value)];
}

/// <summary>A change whose values are canonical, and the questions that are asked of it.</summary>
internal sealed record CanonicalChange(
    string Owner,
    DnsRecordType Type,
    TimeSpan Ttl,
    ImmutableArray<string>? Expected,
    ImmutableArray<string> Add,
    ImmutableArray<string> Remove)
{
    /// <exception cref="ArgumentException">The change contradicts itself: a fault of the caller.</exception>
    public static CanonicalChange From(DnsChange change)
    {
        ImmutableArray<string> Values(ImmutableArray<string> values) =>
            [.. values.Select(v => RecordData.Canonical(change.Type, v)).Distinct().Order(StringComparer.Ordinal)];

        ImmutableArray<string> add = Values(change.Add), remove = Values(change.Remove);
        if (add.Intersect(remove).Any())
            throw new ArgumentException("a change cannot both add and remove the same value", nameof(change));
        if (change.Ttl < TimeSpan.Zero || change.Ttl.TotalSeconds > int.MaxValue) // RFC 2181 §8
            throw new ArgumentException("a TTL lies between 0 and 2,147,483,647 seconds", nameof(change));

        ImmutableArray<string>? expected = change.Expected is { } values ? Values(values) : null;
        return new(change.Owner, change.Type, change.Ttl, expected, add, remove);
    }

    public uint TtlSeconds => (uint)Ttl.TotalSeconds;

    /// <summary>The values that stay out of those that are held.</summary>
    public IEnumerable<string> Staying(DnsRecordSet held) => held.Values.Except(Remove);

    /// <summary>Whether the TTL of records that stay must change. RFC 2181 §5.2.</summary>
    public bool ChangesTtl(DnsRecordSet held) => held.Ttl != Ttl && Staying(held).Any();

    /// <summary>Whether the set shows the change, whoever else changed what.</summary>
    public bool IsShownBy(DnsRecordSet held) => HasValuesIn(held) && !ChangesTtl(held);

    /// <summary>Whether the set shows the change but for the TTL, which a server may cut down.</summary>
    public bool HasValuesIn(DnsRecordSet held) =>
        !Add.Except(held.Values).Any() && !Remove.Intersect(held.Values).Any();

    /// <summary>Whether nothing is left to do: the set shows the change and nothing that was not expected.</summary>
    public bool IsDoneIn(DnsRecordSet held) => IsDoneButForTtlIn(held) && !ChangesTtl(held);

    /// <summary>Whether only the TTL may be left to do.</summary>
    public bool IsDoneButForTtlIn(DnsRecordSet held) =>
        HasValuesIn(held)
        && (Expected is not { } expected
            || held.HasSameValues(expected)
            || held.HasSameValues(expected.Union(Add).Except(Remove)));
}

using System.Collections.Immutable;

namespace RolloverD.Core.Dane;

/// <summary>
/// The TLSA records of an owner with their TTL. No records means that the owner publishes none: to a sender that is
/// "no DANE here", which refuses nothing. Two sets are equal when they hold the same records and the same TTL,
/// whatever their order.
/// </summary>
public sealed class RecordSet : IEquatable<RecordSet>
{
    public static readonly RecordSet Absent = new([], TimeSpan.Zero);

    private string? text;

    public RecordSet(ImmutableArray<TlsaRecord> records, TimeSpan ttl)
    {
        Records = [.. records.Distinct().Order()];
        Ttl = Records.IsEmpty ? TimeSpan.Zero : ttl;
    }

    /// <summary>The records, sorted, each once.</summary>
    public ImmutableArray<TlsaRecord> Records { get; }

    /// <summary>How long a cache may keep the set; zero when there is nothing to keep.</summary>
    public TimeSpan Ttl { get; }

    public bool IsAbsent => Records.IsEmpty;

    public bool Contains(TlsaRecord record) => Records.BinarySearch(record) >= 0;

    /// <summary>Whether both hold the same records; the TTL may differ.</summary>
    public bool HasSameRecords(RecordSet other) =>
        ReferenceEquals(this, other) || Records.AsSpan().SequenceEqual(other.Records.AsSpan());

    public RecordSet With(IEnumerable<TlsaRecord> added) => new([.. Records, .. added], Ttl);

    public RecordSet Without(IReadOnlySet<TlsaRecord> removed) =>
        new([.. Records.Where(r => !removed.Contains(r))], Ttl);

    public bool Equals(RecordSet? other) => other is not null && Ttl == other.Ttl && HasSameRecords(other);

    public override bool Equals(object? obj) => Equals(obj as RecordSet);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Ttl);
        foreach (TlsaRecord record in Records)
            hash.Add(record);
        return hash.ToHashCode();
    }

    public override string ToString() =>
        text ??= IsAbsent ? "(none)" : $"{string.Join(", ", Records)} ttl {Ttl.TotalSeconds:0}";
}

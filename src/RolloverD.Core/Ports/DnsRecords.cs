using System.Collections.Immutable;

namespace RolloverD.Core.Ports;

/// <summary>The record types that RolloverD writes: TLSA for DANE, TXT for ACME's dns-01 challenge.</summary>
public enum DnsRecordType
{
    Tlsa,
    Txt,
}

/// <summary>
/// The records of one owner and type. A value is the presentation form for TLSA (<c>3 1 1 0123…</c>, lower case, as
/// <see cref="Dane.TlsaRecord.ToString"/> gives it) and the bare text, unquoted, for TXT. No values: the owner has
/// none.
/// </summary>
/// <param name="Owner">Lower-case name without the final dot.</param>
/// <param name="Type">TLSA or TXT.</param>
/// <param name="Ttl">The TTL of the set; zero when there are no values.</param>
/// <param name="Values">Sorted by ordinal value.</param>
public sealed record DnsRecordSet(string Owner, DnsRecordType Type, TimeSpan Ttl, ImmutableArray<string> Values)
{
    /// <summary>Whether both hold the same values, whatever their order and TTL.</summary>
    public bool HasSameValues(IEnumerable<string> values) =>
        Values.Order(StringComparer.Ordinal).SequenceEqual(values.Distinct().Order(StringComparer.Ordinal));
}

using System.Collections.Immutable;

namespace RolloverD.Core.Ports;

/// <summary>
/// Writes one zone at the place where its records are kept: a primary server or a hosting company's interface. It
/// changes single records with compare-and-set, so that records of others survive, and never reports a change that it
/// did not read back.
/// </summary>
public interface IDnsProvider
{
    /// <summary>Reads a record set from the provider itself, not from a cache.</summary>
    Task<DnsReadOutcome> ReadAsync(string owner, DnsRecordType type, CancellationToken cancellation);

    /// <summary>
    /// Adds and removes single records, only when the set is still as expected. Completes when the provider itself says
    /// that the change is done. Doing the same change again is harmless: what is already so is left so.
    /// </summary>
    Task<DnsChangeOutcome> ChangeAsync(DnsChange change, CancellationToken cancellation);
}

/// <summary>A change of one record set, by single records.</summary>
/// <param name="Owner">Lower-case name without the final dot.</param>
/// <param name="Type">TLSA or TXT.</param>
/// <param name="Ttl">The TTL that the whole set shall have; a set has one TTL (RFC 2181 §5.2).</param>
/// <param name="Expected">
/// The values that the provider must hold for the change to be made; null makes no condition.
/// </param>
/// <param name="Add">Values to add.</param>
/// <param name="Remove">Values to remove.</param>
public sealed record DnsChange(
    string Owner,
    DnsRecordType Type,
    TimeSpan Ttl,
    ImmutableArray<string>? Expected,
    ImmutableArray<string> Add,
    ImmutableArray<string> Remove);

/// <summary>What came of reading a record set.</summary>
public abstract record DnsReadOutcome
{
    private DnsReadOutcome()
    {
    }

    /// <summary>The set as the provider holds it.</summary>
    public sealed record Found(DnsRecordSet Set) : DnsReadOutcome;

    /// <summary>The provider answered and will not; trying again changes nothing until somebody acts.</summary>
    public sealed record Refused(string Reason, string Remedy) : DnsReadOutcome;

    /// <summary>The provider did not answer; trying again may help.</summary>
    public sealed record Unavailable(string Reason, string Remedy) : DnsReadOutcome;
}

/// <summary>What came of a change.</summary>
public abstract record DnsChangeOutcome
{
    private DnsChangeOutcome()
    {
    }

    /// <summary>Done and read back.</summary>
    /// <param name="Now">The set as the provider holds it now.</param>
    /// <param name="InParts">
    /// Whether the change took more than one request, so that servers may have given out what lies in between, and
    /// caches may hold it.
    /// </param>
    public sealed record Applied(DnsRecordSet Now, bool InParts = false) : DnsChangeOutcome;

    /// <summary>Nothing was changed: the set was not as expected.</summary>
    public sealed record Conflict(DnsRecordSet Found) : DnsChangeOutcome;

    /// <summary>The provider answered and will not (wrong key, wrong time, not its zone, not allowed).</summary>
    public sealed record Refused(string Reason, string Remedy) : DnsChangeOutcome;

    /// <summary>
    /// No answer, or one that proves nothing: the change may or may not have happened. Read before repeating.
    /// </summary>
    public sealed record Unknown(string Reason, string Remedy) : DnsChangeOutcome;
}

using System.Collections.Immutable;

namespace RolloverD.Core.Ports;

/// <summary>
/// Sees what every authoritative server of a name really answers, each answer validated from the trust anchor by
/// itself, and what the local validating resolver says.
/// </summary>
public interface IAuthority
{
    /// <summary>
    /// Follows CNAMEs from the name, finds the zone that holds the last one, and asks every address of every one of
    /// its servers. Never throws for what the network does: failures are values in the observation.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="type">The type of the records.</param>
    /// <param name="former">Addresses that are asked also when the zone has no server there any more.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<OwnerObservation> ObserveAsync(
        string name, DnsRecordType type, ImmutableArray<FormerServer> former, CancellationToken cancellation);
}

/// <summary>An address of a server that was taken out of the zone.</summary>
public sealed record FormerServer(string Server, string Address);

/// <summary>What was seen of one name in one round of questions.</summary>
/// <param name="Name">The name that was asked for.</param>
/// <param name="Owner">The name that holds the records: the last one after CNAMEs.</param>
/// <param name="Zone">The zone that holds the owner; null when it could not be found.</param>
/// <param name="Type">The type that was asked for.</param>
/// <param name="StartedAt">When the first question was sent.</param>
/// <param name="FinishedAt">
/// When the last answer came or was given up on. What an answer says was true at some time before this.
/// </param>
/// <param name="Aliases">The CNAMEs that lead from the name to the owner, in order.</param>
/// <param name="Security">Whether the zone can be trusted.</param>
/// <param name="NegativeTtl">
/// How long the absence of a record may be cached: the smaller of the SOA's TTL and minimum (RFC 2308 §5).
/// </param>
/// <param name="Servers">
/// One answer an address, of the delegation's and the zone's own NS set together, glue included. An address has another
/// one, an error, where what it said is good and something else that was asked of it is missing. Former ones besides.
/// </param>
/// <param name="Resolver">What the local validating resolver says: used to confirm, never to shorten.</param>
/// <param name="ServersTtl">
/// How long a resolver may go on asking a server that was taken out of the zone: the longest TTL of the sets that name
/// the servers, in the delegation and in the zone, and of their addresses.
/// </param>
public sealed record OwnerObservation(
    string Name,
    string Owner,
    string? Zone,
    DnsRecordType Type,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    ImmutableArray<Alias> Aliases,
    ZoneSecurity Security,
    TimeSpan NegativeTtl,
    ImmutableArray<ServerAnswer> Servers,
    ResolverView Resolver,
    TimeSpan ServersTtl = default);

/// <summary>One CNAME on the way from a TLSA name to its owner. RFC 7671 §6.</summary>
public sealed record Alias(string From, string To, TimeSpan Ttl);

/// <summary>What one address of one authoritative server answered.</summary>
/// <param name="Server">The server's name.</param>
/// <param name="Address">The address; empty where none could be found.</param>
/// <param name="Content">The answer.</param>
/// <param name="IsListed">Whether the zone has it; false for a former one that was asked all the same.</param>
/// <param name="IsOfZone">
/// False for one of an alias's zone alone, that did not say where it leads: its answer is missing, and the owner's zone
/// never had it.
/// </param>
public sealed record ServerAnswer(
    string Server, string Address, AnswerContent Content, bool IsListed = true, bool IsOfZone = true);

/// <summary>What an authoritative server answered.</summary>
public abstract record AnswerContent
{
    private AnswerContent()
    {
    }

    /// <summary>
    /// It serves this set, with a signature that verifies from the trust anchor: it and every signature of keys between
    /// are valid until then.
    /// </summary>
    public sealed record Serves(DnsRecordSet Set, DateTimeOffset SignatureExpires) : AnswerContent;

    /// <summary>It proves, signed, that the owner has no record of this type.</summary>
    /// <param name="NameExists">False for NXDOMAIN, true for NOERROR without data.</param>
    public sealed record Absent(bool NameExists) : AnswerContent;

    /// <summary>It answers without signatures, as servers of an insecure zone do. Values may be empty.</summary>
    public sealed record Unsigned(DnsRecordSet Set) : AnswerContent;

    /// <summary>Its answer does not verify.</summary>
    public sealed record Bogus(string Reason) : AnswerContent;

    /// <summary>It did not answer in time or could not be reached.</summary>
    public sealed record Unreachable(string Reason) : AnswerContent;

    /// <summary>It answers with a CNAME that cannot be followed: not every server leads to the same name.</summary>
    /// <param name="Reason">Where it leads, and why that is not followed.</param>
    public sealed record LeadsElsewhere(string Reason) : AnswerContent;

    /// <summary>It answered with an error (SERVFAIL, REFUSED, not authoritative …).</summary>
    public sealed record Failed(string Reason) : AnswerContent;
}

/// <summary>Whether the zone that holds an owner can be trusted. Four things that must never be mixed up.</summary>
public abstract record ZoneSecurity
{
    private ZoneSecurity()
    {
    }

    /// <summary>A chain of trust leads from the anchor to the zone.</summary>
    public sealed record Secure : ZoneSecurity;

    /// <summary>It is proven that no chain of trust leads there: senders do not use DANE.</summary>
    public sealed record Insecure(string Reason) : ZoneSecurity;

    /// <summary>A chain of trust should lead there and does not verify: senders defer mail.</summary>
    public sealed record Bogus(string Reason) : ZoneSecurity;

    /// <summary>Nothing could be found out.</summary>
    public sealed record Unknown(string Reason) : ZoneSecurity;
}

/// <summary>What the local resolver says of a name, and whether it validates at all.</summary>
public abstract record ResolverView
{
    private ResolverView()
    {
    }

    /// <summary>
    /// It answers with the AD bit: the set, possibly from its cache, with the TTL that is left there.
    /// </summary>
    public sealed record Validated(DnsRecordSet Set) : ResolverView;

    /// <summary>It answers without the AD bit.</summary>
    public sealed record NotValidated(string Reason) : ResolverView;

    /// <summary>It answers SERVFAIL or does not answer.</summary>
    public sealed record Failed(string Reason) : ResolverView;
}

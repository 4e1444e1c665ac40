using System.Collections.Immutable;
using System.Net;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns;

/// <summary>What came of looking a name up as a sending mail server does, validated by this program itself.</summary>
/// <param name="Name">The name that was asked for.</param>
/// <param name="Type">The type that was asked for.</param>
/// <param name="Owner">The last name after CNAMEs.</param>
/// <param name="Aliases">The CNAMEs from the name to the owner, in order.</param>
/// <param name="Content">What the owner has.</param>
public sealed record LookupAnswer(
    string Name,
    RecordType Type,
    string Owner,
    ImmutableArray<LookupAlias> Aliases,
    LookupContent Content)
{
    /// <summary>
    /// Whether the content and every alias that leads to it are signed from the trust anchor: one insecure link makes
    /// all that follows insecure.
    /// </summary>
    /// <remarks>RFC 7672 §2.1.3.</remarks>
    public bool IsSecure => Content.Standing == Standing.Secure && Aliases.All(a => a.Standing == Standing.Secure);

    /// <summary>The records' values, or none.</summary>
    public ImmutableArray<string> Values => Content is LookupContent.Found found ? found.Values : [];
}

/// <summary>Whether something is signed from the trust anchor, or proven to be unsigned.</summary>
public enum Standing
{
    Secure,
    Insecure,

    /// <summary>Neither could be shown: bogus, or no answer.</summary>
    Indeterminate,
}

/// <summary>One CNAME that was followed.</summary>
public sealed record LookupAlias(string From, string To, TimeSpan Ttl, Standing Standing);

/// <summary>What a name was found to have. Errors are never absence: a sender defers mail for them.</summary>
/// <remarks>RFC 7672 §2.1.1 and §2.1.2.</remarks>
public abstract record LookupContent
{
    private LookupContent()
    {
    }

    /// <summary>Of what can be trusted.</summary>
    public virtual Standing Standing { get; init; } = Standing.Indeterminate;

    /// <summary>Its records, as text, sorted.</summary>
    public sealed record Found(ImmutableArray<string> Values, TimeSpan Ttl) : LookupContent;

    /// <summary>The name exists without such a record (NODATA).</summary>
    public sealed record NoData : LookupContent;

    /// <summary>The name does not exist (NXDOMAIN).</summary>
    public sealed record NoName : LookupContent;

    /// <summary>An answer came and does not verify.</summary>
    public sealed record Bogus(string Reason) : LookupContent;

    /// <summary>No answer came.</summary>
    public sealed record Failed(string Reason) : LookupContent;

    /// <summary>Whether a sender must treat the lookup as failed and try again later.</summary>
    public bool IsError => this is Bogus or Failed;

    /// <summary>Why the lookup is an error; null when it is none.</summary>
    public string? Problem => this switch
    {
        Bogus bogus => $"bogus: {bogus.Reason}",
        Failed failed => failed.Reason,
        _ => null,
    };
}

/// <summary>The addresses of a host, signed or not.</summary>
/// <param name="Addresses">IPv6 first.</param>
/// <param name="Problem">Why there may be more, or why there is none; null when these are all.</param>
/// <param name="Ttl">How long a sender may keep them; where nothing is signed, by what is left in the resolver.</param>
public sealed record HostAddresses(ImmutableArray<IPAddress> Addresses, string? Problem, TimeSpan Ttl);

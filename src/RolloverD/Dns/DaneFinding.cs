using System.Collections.Immutable;
using System.Net;
using RolloverD.Core.Dane;

namespace RolloverD.Dns;

/// <summary>What DNS says of a mail domain: its MX records and each of its hosts.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Mx">The MX lookup. An error here makes senders defer; insecure MX records do not rule DANE out.</param>
/// <param name="Hosts">The hosts, best preference first; none when the lookup failed or it takes no mail.</param>
/// <remarks>RFC 7672 §2.2.1.</remarks>
public sealed record DomainFinding(string Domain, LookupAnswer Mx, ImmutableArray<MailHost> Hosts);

/// <summary>One host of a mail domain.</summary>
public sealed record MailHost(int Preference, HostFinding Finding);

/// <summary>What DNS says of one host and port to a sender that would use DANE.</summary>
/// <param name="Endpoint">The host and port.</param>
/// <param name="Ipv4">The A lookup.</param>
/// <param name="Ipv6">The AAAA lookup.</param>
/// <param name="Tried">The TLSA lookups that were made, in order: the fully expanded name first. RFC 7671 §7.</param>
/// <param name="Outcome">What a sender makes of it.</param>
public sealed record HostFinding(
    Endpoint Endpoint,
    LookupAnswer Ipv4,
    LookupAnswer Ipv6,
    ImmutableArray<TlsaLookup> Tried,
    DaneOutcome Outcome)
{
    /// <summary>Every address, IPv6 first as senders try them.</summary>
    public ImmutableArray<IPAddress> Addresses => [.. Ipv6.Values.Concat(Ipv4.Values).Select(IPAddress.Parse)];
}

/// <summary>One TLSA lookup.</summary>
/// <param name="BaseDomain">The host name under which it was made; a certificate may name it (RFC 7672 §3.2.2).</param>
/// <param name="Answer">What came.</param>
public sealed record TlsaLookup(string BaseDomain, LookupAnswer Answer);

/// <summary>What a sender makes of a host's records before it connects.</summary>
public abstract record DaneOutcome
{
    private DaneOutcome()
    {
    }

    /// <summary>There are secure TLSA records: the host must be authenticated by them.</summary>
    /// <param name="BaseDomain">The TLSA base domain.</param>
    /// <param name="Owner">The name that holds the records, after CNAMEs.</param>
    /// <param name="Records">The records, unusable ones among them.</param>
    public sealed record Applies(string BaseDomain, string Owner, RecordSet Records) : DaneOutcome;

    /// <summary>DANE does not apply: no records, or nothing signed. Mail is sent without it.</summary>
    public sealed record DoesNotApply(string Reason) : DaneOutcome;

    /// <summary>A lookup failed or is bogus: the host must not be used now; mail waits or goes to another.</summary>
    public sealed record MustNotBeUsed(string Reason) : DaneOutcome;
}

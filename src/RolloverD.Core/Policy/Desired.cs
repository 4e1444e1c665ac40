using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Policy;

/// <summary>Everything that the operator wants, from a configuration that was found to be without error.</summary>
public sealed record Desired(
    string StateDirectory,
    ResolverSettings Resolver,
    Timing Timing,
    ImmutableSortedDictionary<string, ProviderSettings> Zones,
    ImmutableSortedDictionary<string, ProviderSettings> Issuers,
    ImmutableSortedDictionary<string, DesiredCertificate> Certificates)
{
    private Layout? layout;

    /// <summary>What is served where.</summary>
    public Layout Layout => layout is { } known && known.IsOf(Certificates) ? known : layout = new(Certificates);
}

/// <summary>The validating resolver on this host.</summary>
/// <param name="Servers">Its socket addresses, <c>127.0.0.1:53</c>.</param>
/// <param name="TrustAnchorFile">
/// DS or DNSKEY records of the root in zone-file form; null: the built-in anchors.
/// </param>
public sealed record ResolverSettings(ImmutableArray<string> Servers, string? TrustAnchorFile);

/// <summary>The operator's times.</summary>
/// <param name="Ttl">TTL of the TLSA records that are published.</param>
/// <param name="SafetyMargin">Added to every wait for caches, for clocks and resolvers that are a little off.</param>
/// <param name="RollbackWindow">How long old records stay after the new chain was verified.</param>
public sealed record Timing(TimeSpan Ttl, TimeSpan SafetyMargin, TimeSpan RollbackWindow)
{
    /// <summary>How long a deployed chain may fail verification before the old generation is put back.</summary>
    public TimeSpan VerificationPatience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long after verification a process of the mail server that no handshake met may still show the chain before:
    /// two minutes, or the rollback window when that is shorter.
    /// </summary>
    public TimeSpan Drain => LongestDrain < RollbackWindow ? LongestDrain : RollbackWindow;

    private static readonly TimeSpan LongestDrain = TimeSpan.FromMinutes(2);
}

/// <summary>One certificate to keep fresh.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Names">DNS names that it certifies, the first one first.</param>
/// <param name="Issuer">The configured issuer's name.</param>
/// <param name="Key">The kind of key.</param>
/// <param name="KeyPolicy">What happens to the key at a renewal.</param>
/// <param name="RotateAfter">The age at which a key is replaced whatever the policy.</param>
/// <param name="RenewBefore">How long before its end a certificate is renewed; null: a third of its lifetime.</param>
/// <param name="Tlsa">The parameters of the records to publish.</param>
/// <param name="Endpoints">Where it is served.</param>
/// <param name="Deployments">The mail servers that serve it; they go in or back together.</param>
public sealed record DesiredCertificate(
    string Name,
    ImmutableArray<string> Names,
    string Issuer,
    KeyAlgorithm Key,
    KeyPolicy KeyPolicy,
    TimeSpan RotateAfter,
    TimeSpan? RenewBefore,
    ImmutableArray<TlsaParameters> Tlsa,
    ImmutableArray<Endpoint> Endpoints,
    ImmutableArray<ProviderSettings> Deployments);

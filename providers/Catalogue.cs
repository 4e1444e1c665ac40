using System.Collections.Immutable;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Providers.Dns.Rfc2136;
using RolloverD.Providers.Issuers.Acme;
using RolloverD.Providers.MailServers.Postfix;

namespace RolloverD.Providers;

/// <summary>Every provider that can be named in the configuration, one line each.</summary>
public static class Catalogue
{
    public static readonly ImmutableArray<Entry<IDnsProvider>> Dns =
    [
        new(Rfc2136Provider.Description, Rfc2136Provider.Create),
    ];

    public static readonly ImmutableArray<Entry<IIssuer>> Issuers =
    [
        new(AcmeIssuer.Description, AcmeIssuer.Create),
    ];

    public static readonly ImmutableArray<Entry<IMailServer>> MailServers =
    [
        new(PostfixServer.Description, PostfixServer.Create),
    ];
}

/// <summary>A provider's description and how one is made from its checked settings.</summary>
public sealed record Entry<TPort>(
    ProviderDescription Description,
    Func<ProviderSettings, ProviderSurroundings, TPort> Create);

/// <summary>What a provider may use of the rest of the program.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Authority">Sees what authoritative servers answer.</param>
/// <param name="ZoneOf">
/// The zone, its name, and the provider that holds a name, or null when none is configured.
/// </param>
public sealed record ProviderSurroundings(
    TimeProvider Time,
    IAuthority Authority,
    Func<string, (string Zone, IDnsProvider Provider)?> ZoneOf)
{
    /// <summary>For a zone's provider: the zone that it writes. Null for other providers.</summary>
    public string? Zone { get; init; }
}

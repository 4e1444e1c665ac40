using System.Collections.Immutable;
using RolloverD.Core.Policy;
using RolloverD.Providers;

namespace RolloverD.Config;

/// <summary>The providers that a configuration can name, by what they do.</summary>
public sealed record KnownProviders(
    ImmutableArray<ProviderDescription> Dns,
    ImmutableArray<ProviderDescription> Issuers,
    ImmutableArray<ProviderDescription> MailServers)
{
    /// <summary>Those of the catalogue.</summary>
    public static KnownProviders OfCatalogue { get; } = new(
        [.. Catalogue.Dns.Select(e => e.Description)],
        [.. Catalogue.Issuers.Select(e => e.Description)],
        [.. Catalogue.MailServers.Select(e => e.Description)]);
}

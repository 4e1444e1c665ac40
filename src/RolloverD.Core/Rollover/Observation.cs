using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>What one look at the world brought for one certificate. Failures are values in it.</summary>
/// <param name="Owners">By TLSA base name of an endpoint, before CNAMEs.</param>
/// <param name="Endpoints">By endpoint; an endpoint that was not looked at is left out.</param>
/// <param name="MailServers">What each deployment's adapter found, in the configuration's order.</param>
/// <param name="LiveGeneration">The generation that <c>live/</c> points at, or null.</param>
/// <param name="KeysGone">
/// The generations that are to go into service or may be put back, and have no key on the disk any more.
/// </param>
/// <param name="Others">
/// Endpoints of other certificates, and such as were taken out of the configuration, whose names were asked for too; of
/// some, what they show is among the endpoints.
/// </param>
/// <param name="KeyLeft">
/// The number of the next generation, when a key without a certificate is there for it already: one that was made just
/// before the daemon ended, and never written down. Null: there is none.
/// </param>
public sealed record Observation(
    ImmutableDictionary<string, OwnerObservation> Owners,
    ImmutableDictionary<Endpoint, EndpointObservation> Endpoints,
    ImmutableArray<MailServerOutcome> MailServers,
    int? LiveGeneration,
    ImmutableArray<int> KeysGone = default,
    ImmutableArray<Endpoint> Others = default,
    int? KeyLeft = null)
{
    /// <summary>The generations that may go into service and have no key on the disk any more.</summary>
    public ImmutableArray<int> KeysGone { get; init; } = KeysGone.IsDefault ? [] : KeysGone;

    /// <summary>Endpoints that are not the certificate's whose names were asked for too.</summary>
    public ImmutableArray<Endpoint> Others { get; init; } = Others.IsDefault ? [] : Others;

    /// <summary>
    /// Whether a name was found to lead to the owner. One of which nothing was heard may have been moved elsewhere.
    /// </summary>
    public bool LeadsTo(string owner) => Owners.Values.Any(o => o.Owner == owner && o.Zone is not null);

    public static readonly Observation Nothing = new(
        ImmutableDictionary<string, OwnerObservation>.Empty,
        ImmutableDictionary<Endpoint, EndpointObservation>.Empty,
        [],
        null);
}

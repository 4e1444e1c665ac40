using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>
/// The chains that are served at some endpoints, and in which order a provider gets records because of them: one that
/// changes one record after the other may stop in between.
/// </summary>
internal sealed class Served(Situation s, IEnumerable<Endpoint> endpoints)
{
    private readonly Chain[] there = At(s, endpoints, DateTimeOffset.MaxValue);
    private readonly Chain[] all = At(s, endpoints, s.Now);

    /// <summary>Those of the endpoints of the certificate that lead to an owner.</summary>
    public static Served At(Situation s, OwnerSituation owner) =>
        new(s, s.Certificate.Endpoints.Where(e => s.Facts.EndpointOf(e).Owner == owner.Owner));

    /// <summary>The order in which records come: those of served chains first.</summary>
    public ImmutableArray<TlsaRecord> First(ImmutableArray<TlsaRecord> records) =>
        [.. records.OrderByDescending(Weight)];

    /// <summary>
    /// The order in which records go: others of their kind must not be left alone, so those of served chains go last.
    /// </summary>
    public ImmutableArray<TlsaRecord> Last(ImmutableArray<TlsaRecord> records) => [.. records.OrderBy(Weight)];

    // A chain that only an old process may still show comes after one that is there, and before none at all.
    private int Weight(TlsaRecord record) =>
        there.Any(c => record.Matches(c)) ? 2 : all.Any(c => record.Matches(c)) ? 1 : 0;

    private static Chain[] At(Situation s, IEnumerable<Endpoint> endpoints, DateTimeOffset time) =>
        [.. endpoints.SelectMany(e => Safety.ServedAt(s.Desired, s.Facts, e, time)).Distinct()];
}

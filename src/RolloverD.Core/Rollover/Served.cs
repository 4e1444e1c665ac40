using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>
/// The chains that are served at some endpoints, and in which order a provider gets records because of them: one that
/// changes one record after the other may stop in between.
/// </summary>
internal sealed class Served(Situation s, IEnumerable<Endpoint> endpoints)
{
    private readonly Chain[] shown = [.. endpoints.SelectMany(e => Shown(s.Facts.EndpointOf(e))).Distinct()];
    private readonly Chain[] there = At(s, endpoints, null);
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

    // What matches the most comes first and goes last: as long as a record that matches every chain is there, the
    // others may come and go. A chain in service that no address shows counts less than one that senders meet, as does
    // one at an address alone that was taken out of DNS; and one that only an old process may still show least.
    private (int Shown, int There, int All) Weight(TlsaRecord record) =>
        (Count(shown, record), Count(there, record), Count(all, record));

    private static IEnumerable<Chain> Shown(EndpointFacts endpoint) =>
        endpoint.FormerAddresses.Any() ? endpoint.Seen.Where(c => endpoint.ForgottenAt(c) is null) : endpoint.Seen;

    private static int Count(Chain[] chains, TlsaRecord record) => chains.Count(c => record.Matches(c));

    private static Chain[] At(Situation s, IEnumerable<Endpoint> endpoints, DateTimeOffset? time) =>
        [.. endpoints.SelectMany(e => Safety.ServedAt(s.Desired, s.Facts, e, time)).Distinct()];
}

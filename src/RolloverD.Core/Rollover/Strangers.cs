using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>
/// A chain that is served at a configured endpoint and is no generation's: it was there before RolloverD, or somebody
/// put it there.
/// </summary>
/// <param name="Endpoint">Where it is served.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Needed">The records that the owner lacks for it.</param>
/// <param name="IsAccepted">Whether they may be published unasked.</param>
internal sealed record Stranger(
    Endpoint Endpoint, Chain Chain, ImmutableArray<TlsaRecord> Needed, bool IsAccepted);

/// <summary>Which chains of others are served, and which of them get records.</summary>
/// <remarks>
/// A host heals by a record for the chain that it really serves. But whoever can intercept the handshakes of this host
/// with an address elsewhere decides what is seen there, and must not get his key published. So a stranger gets a
/// record unasked only before RolloverD took the endpoint over; when all who show it are addresses of this host, where
/// nobody can come between; or when senders trust its very key already. Everything else the operator has to adopt.
/// </remarks>
internal static class Strangers
{
    /// <summary>The strangers that lack some record at an owner that publishes any.</summary>
    /// <param name="timing">When a certificate is renewed in time.</param>
    /// <param name="facts">What is known.</param>
    /// <param name="ledger">The owner.</param>
    /// <param name="certificates">The certificates that are served under the owner.</param>
    /// <param name="wanted">The records that the owner needs for the generations.</param>
    /// <param name="now">The time.</param>
    public static ImmutableArray<Stranger> At(
        Timing timing,
        Facts facts,
        OwnerLedger ledger,
        ImmutableArray<DesiredCertificate> certificates,
        IReadOnlyCollection<TlsaRecord> wanted,
        DateTimeOffset now)
    {
        // What the next change starts from: a set that somebody replaced before any server showed it covers nobody.
        if ((ledger.BaseAt(now) ?? ledger.Latest) is not { IsAbsent: false } latest)
            return [];

        ImmutableArray<EndpointFacts> endpoints = EndpointsAt(facts, ledger, certificates);
        ImmutableArray<Chain> others = Others(facts, certificates, endpoints);
        if (others.IsEmpty)
            return [];

        ImmutableArray<Generation> generations =
            [.. certificates.SelectMany(c => facts.Certificate(c.Name).Generations)];

        // A key that was archived is over, perhaps because it is compromised: no record comes back for it.
        HashSet<PublicKey> over =
        [
            .. generations.Where(g => g.State is GenerationState.Archived).Select(g => g.Key)
                .Except(generations.Where(g => g.State is not GenerationState.Archived).Select(g => g.Key)),
        ];
        RecordSet kept = Wanted.OursStay(timing, facts, ledger, certificates, now)
            ? latest
            : latest.Without(ledger.Ours.ToHashSet());
        RecordSet candidate = kept.With(wanted);
        var strangers = ImmutableArray.CreateBuilder<Stranger>();
        foreach (Chain chain in others)
        {
            if (over.Contains(chain.Key) || Needed(candidate, chain) is not { IsEmpty: false } needed)
                continue;

            EndpointFacts[] showing = [.. endpoints.Where(e => e.Seen.Contains(chain))];
            bool accepted = IsTrustedAlready(latest, chain)
                || showing.Any(e => e.Adopted.Any(a => a.Is(chain)))
                || showing.All(e => e.TakenOverAt is null || e.Local.Contains(chain));
            strangers.Add(new(showing[0].Endpoint, chain, needed, accepted));
        }

        return strangers.DrainToImmutable();
    }

    private static ImmutableArray<EndpointFacts> EndpointsAt(
        Facts facts, OwnerLedger ledger, ImmutableArray<DesiredCertificate> certificates)
    {
        var endpoints = ImmutableArray.CreateBuilder<EndpointFacts>();
        foreach (DesiredCertificate certificate in certificates)
        {
            foreach (Endpoint endpoint in certificate.Endpoints)
            {
                EndpointFacts known = facts.EndpointOf(endpoint);
                if (known.Owner == ledger.Owner && endpoints.All(e => e.Endpoint != endpoint))
                    endpoints.Add(known);
            }
        }

        return endpoints.DrainToImmutable();
    }

    // The chains that are seen and are no generation's. What no handshake meets any more gets no new record; Safety
    // keeps those that it has while it may be shown.
    private static ImmutableArray<Chain> Others(
        Facts facts, ImmutableArray<DesiredCertificate> certificates, ImmutableArray<EndpointFacts> endpoints)
    {
        var others = ImmutableArray.CreateBuilder<Chain>();
        foreach (EndpointFacts endpoint in endpoints)
        {
            foreach (Chain chain in endpoint.Seen)
            {
                if (!others.Contains(chain)
                    && !certificates.Any(c => facts.Certificate(c.Name).Generations.Any(
                        g => chain.Leaf.Equals(g.Chain?.Leaf))))
                {
                    others.Add(chain);
                }
            }
        }

        return others.DrainToImmutable();
    }

    // It must stay covered by a set that is published: the same data under our parameters, and under those of foreign
    // records too, though no generation may have begun yet. RFC 7671 §8.3
    private static ImmutableArray<TlsaRecord> Needed(RecordSet candidate, Chain chain) =>
        [.. candidate.Uncovered(chain).Select(chain.RecordFor).OfType<TlsaRecord>()];

    // A record that names this very key or certificate is there: who shows the chain holds the key that it promises. A
    // record of a CA says nothing of the kind, for the CA certifies others too.
    private static bool IsTrustedAlready(RecordSet latest, Chain chain) =>
        latest.Records.Any(r => r.Parameters.Usage == CertificateUsage.DaneEe && r.Matches(chain));
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>Records at an owner that RolloverD did not publish.</summary>
/// <param name="Owner">The owner.</param>
/// <param name="Records">The records that some server may still give out.</param>
public sealed record ForeignRecords(string Owner, ImmutableArray<TlsaRecord> Records);

/// <summary>A served chain that RolloverD did not deploy and that lacks records.</summary>
/// <param name="Endpoint">Where it is served.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Needed">The records that are published for it once it is adopted.</param>
/// <param name="IsAccepted">Whether they are published anyhow.</param>
public sealed record ForeignChain(
    Endpoint Endpoint, Chain Chain, ImmutableArray<TlsaRecord> Needed, bool IsAccepted);

/// <summary>
/// What others put at a certificate's owners and endpoints, and how the operator makes it RolloverD's.
/// </summary>
public static class Adoption
{
    /// <summary>The foreign records at the owners of a certificate; owners without any are left out.</summary>
    public static ImmutableArray<ForeignRecords> RecordsOf(Facts facts, DesiredCertificate certificate) =>
    [
        .. certificate.Endpoints
            .Select(e => facts.EndpointOf(e).Owner)
            .Distinct()
            .Select(facts.Owner)
            .Select(l => new ForeignRecords(
                l.Owner,
                [
                    .. l.Sets.Where(s => s.State is not SetState.Gone)
                        .SelectMany(s => s.Records.Records)
                        .Except(l.Ours)
                        .Order(),
                ]))
            .Where(f => !f.Records.IsEmpty),
    ];

    /// <summary>The chains of others that are served at a certificate's endpoints and lack records there.</summary>
    public static ImmutableArray<ForeignChain> ServedAt(
        Desired desired, Facts facts, DesiredCertificate certificate, DateTimeOffset now) =>
    [
        .. certificate.Endpoints
            .Select(e => facts.EndpointOf(e).Owner)
            .Distinct()
            .SelectMany(owner =>
            {
                Wanted.At(desired, facts, owner, now, out ImmutableArray<Stranger> strangers);
                return strangers;
            })
            .Select(s => new ForeignChain(s.Endpoint, s.Chain, s.Needed, s.IsAccepted)),
    ];

    /// <summary>
    /// The records become RolloverD's own: whatever nothing wants is withdrawn as soon as that is safe.
    /// </summary>
    public static Facts Adopt(this Facts facts, ForeignRecords records)
    {
        OwnerLedger ledger = facts.Owner(records.Owner);
        return facts.With(ledger with { Ours = [.. ledger.Ours.Union(records.Records)] });
    }

    /// <summary>The chain gets records wherever the certificate's endpoints show it.</summary>
    public static Facts Adopt(
        this Facts facts, DesiredCertificate certificate, Chain chain, DateTimeOffset now)
    {
        foreach (EndpointFacts endpoint in certificate.Endpoints.Select(facts.EndpointOf))
        {
            if (endpoint.Seen.Contains(chain) && !endpoint.Adopted.Any(a => a.Is(chain)))
                facts = facts.With(endpoint with { Adopted = endpoint.Adopted.Add(new(chain.Leaf.Sha256, now)) });
        }

        return facts;
    }
}

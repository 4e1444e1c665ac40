using System.Collections.Immutable;

namespace RolloverD.Core.Dane;

/// <summary>A sender speaks to a host: under usage 2 it looks at names and dates.</summary>
/// <param name="Host">The host of the endpoint.</param>
/// <param name="At">When.</param>
/// <remarks>RFC 7672 §3.1.2.</remarks>
public readonly record struct Meeting(string Host, DateTimeOffset At);

/// <summary>
/// Which records match a chain, and whether a record set covers it: the rule that everything else rests on.
/// </summary>
public static class Matching
{
    /// <summary>
    /// Whether the record holds what the chain shows. Usage 3 looks at the leaf, usage 2 at the CA certificates that
    /// really lead up from it. Records that a mail sender cannot use match nothing.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="meeting">Who meets it where and when; null: whatever its names and dates.</param>
    /// <remarks>RFC 6698 §2.1, RFC 7671 §5.1 and §5.2.</remarks>
    public static bool Matches(this TlsaRecord record, Chain chain, Meeting? meeting = null) => record.Parameters switch
    {
        _ when !record.IsUsable => false,
        { Usage: CertificateUsage.DaneEe } => record.Names(chain.Leaf),
        _ => record.NamesAncestor(chain) is { } depth && (meeting is null || chain.IsGood(depth, meeting.Value)),
    };

    // RFC 7671 §5.2
    private static int? NamesAncestor(this TlsaRecord record, Chain chain)
    {
        for (int i = 0; i < chain.Ancestors.Length; i++)
        {
            if (record.Names(chain.Ancestors[i]))
                return i;
        }

        return null;
    }

    private static bool IsGood(this Chain chain, int depth, Meeting meeting)
    {
        for (int i = 0; i <= depth; i++)
        {
            if (!chain.Ancestors[i].IsInDate(meeting.At))
                return false;
        }

        return chain.Leaf.IsInDate(meeting.At) && chain.Leaf.Names([meeting.Host]);
    }

    /// <summary>
    /// Whether the record's data is this certificate's, whatever the usage and the place in the chain.
    /// </summary>
    public static bool Names(this TlsaRecord record, ChainCertificate certificate) =>
        record.Data == certificate.AssociationData(record.Parameters.Selector, record.Parameters.MatchingType);

    /// <summary>
    /// The usable parameters that the set holds without a record matching the chain. Empty: the set covers the chain.
    /// A sender may support any subset of them, so each one must match by itself; that also satisfies digest agility.
    /// </summary>
    /// <remarks>RFC 7671 §8, §9.</remarks>
    public static ImmutableArray<TlsaParameters> Uncovered(this RecordSet set, Chain chain, Meeting? meeting = null) =>
        set.Covers(chain, meeting)
            ? []
            :
            [
                .. set.Records
                    .Where(r => r.IsUsable)
                    .GroupBy(r => r.Parameters)
                    .Where(same => !same.Any(r => r.Matches(chain, meeting)))
                    .Select(same => same.Key),
            ];

    /// <summary>
    /// Whether every usable (usage, selector, matching type) of the set has a record matching the chain.
    /// </summary>
    /// <remarks>RFC 7671 §8.</remarks>
    public static bool Covers(this RecordSet set, Chain chain, Meeting? meeting = null)
    {
        // Records are sorted: those of the same parameters stand together.
        ImmutableArray<TlsaRecord> records = set.Records;
        for (int i = 0; i < records.Length;)
        {
            TlsaRecord first = records[i];
            bool matched = false;
            bool usable = false;
            for (; i < records.Length && records[i].Parameters == first.Parameters; i++)
            {
                usable |= records[i].IsUsable;
                matched |= records[i].Matches(chain, meeting);
            }

            if (usable && !matched)
                return false;
        }

        return true;
    }

    /// <summary>
    /// Whether the set is ready for a key whose certificate does not exist yet: everything in it that can be made from
    /// a key alone has a record of this key.
    /// </summary>
    public static bool ExpectsKey(this RecordSet set, PublicKey key) =>
        set.Records
            .Where(r => r.Parameters.NeedsOnlyKey && r.IsUsable)
            .GroupBy(r => r.Parameters)
            .All(same => same.Any(r => r.Data == key.AssociationData(r.Parameters.MatchingType)));

    /// <summary>
    /// The records that a sender with digest agility really uses: of each usage and selector those with the strongest
    /// digest, and full (0) ones always. Unusable records are left out.
    /// </summary>
    /// <remarks>RFC 7671 §9: SHA-512 before SHA-256, as Postfix and OpenSSL have it.</remarks>
    public static ImmutableArray<TlsaRecord> AfterDigestAgility(this RecordSet set)
    {
        ImmutableArray<TlsaRecord> usable = [.. set.Records.Where(r => r.IsUsable)];
        return
        [
            .. usable.Where(r =>
                r.Parameters.MatchingType == MatchingType.Full
                || !usable.Any(o => o.Parameters.Usage == r.Parameters.Usage
                                    && o.Parameters.Selector == r.Parameters.Selector
                                    && o.Parameters.MatchingType > r.Parameters.MatchingType)),
        ];
    }

    /// <summary>
    /// The record with these parameters for this chain; null when the chain holds no CA certificate for usage 2.
    /// </summary>
    /// <remarks>Usage 2 names the certificate that issued the leaf. RFC 7671 §5.2.</remarks>
    public static TlsaRecord? RecordFor(this Chain chain, TlsaParameters parameters)
    {
        ChainCertificate? named = parameters.Usage switch
        {
            CertificateUsage.DaneEe => chain.Leaf,
            CertificateUsage.DaneTa when !chain.Ancestors.IsEmpty => chain.Ancestors[0],
            _ => null,
        };
        return named?.Made.Find(parameters)
            ?? named?.Made.Make(parameters, named.AssociationData(parameters.Selector, parameters.MatchingType));
    }

    /// <summary>The record with these parameters for this key; null when a certificate is needed to make it.</summary>
    public static TlsaRecord? RecordFor(this PublicKey key, TlsaParameters parameters) =>
        parameters.NeedsOnlyKey
            ? key.Made.Find(parameters) ?? key.Made.Make(parameters, key.AssociationData(parameters.MatchingType))
            : null;

    private static string? AssociationData(this PublicKey key, MatchingType matchingType) => matchingType switch
    {
        MatchingType.Sha256 => key.Sha256,
        MatchingType.Sha512 => key.Sha512,
        MatchingType.Full => Convert.ToHexStringLower(key.Spki.AsSpan()),
        _ => null,
    };
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>Says which record sets a sender may still be given, by a server or by a compliant cache.</summary>
public static class Visibility
{
    /// <summary>
    /// Until when a set is visible; null while some server may serve it. A set leaves the caches its own TTL after the
    /// last authoritative server stopped serving it, plus the margin, and never before twice that TTL has passed
    /// since its successor was published. Along CNAMEs the largest TTL counts.
    /// </summary>
    /// <remarks>RFC 7671 §8.1. The old set's TTL counts, not the new one's: it is the old set that is cached.</remarks>
    public static DateTimeOffset? VisibleUntil(this OwnerLedger ledger, PublishedSet set, TimeSpan margin)
    {
        if (set.State is not SetState.Gone gone)
            return null;

        TimeSpan ttl = set.Records.Ttl > ledger.AliasTtl ? set.Records.Ttl : ledger.AliasTtl;
        DateTimeOffset outOfCaches = gone.LastServed + ttl + margin;
        DateTimeOffset twiceTheTtl = gone.SuccessorSince + (2 * ttl); // RFC 7671 §8.1
        return outOfCaches > twiceTheTtl ? outOfCaches : twiceTheTtl;
    }

    /// <summary>The published sets that are visible at a time.</summary>
    public static IEnumerable<PublishedSet> VisibleAt(this OwnerLedger ledger, DateTimeOffset now, TimeSpan margin) =>
        ledger.Sets.Where(s => ledger.IsVisible(s, now, margin));

    /// <summary>
    /// What an owner may hold besides when a change that no provider confirmed was carried out in part, as where each
    /// record is a request of its own: the set before with any one record that was to come, or the set after with any
    /// one that was to go. A chain that these and the two sets cover is covered by every part.
    /// </summary>
    public static IEnumerable<RecordSet> PartsOfUnfinished(this OwnerLedger ledger)
    {
        RecordSet before = RecordSet.Absent;
        foreach (PublishedSet set in ledger.Sets)
        {
            if (set.State is SetState.Gone)
                continue;

            RecordSet after = set.Records;
            if (set.State is SetState.Seen or SetState.Intended { AppliedAt: not null })
            {
                before = after;
                continue;
            }

            foreach (TlsaRecord coming in after.Records.Where(r => !before.Contains(r)))
                yield return new([.. before.Records, coming], after.Ttl);
            foreach (TlsaRecord going in before.Records.Where(r => !after.Contains(r)))
                yield return after.With([going]);
        }
    }

    /// <summary>The distinct record sets that are visible at a time.</summary>
    public static ImmutableArray<RecordSet> VisibleSetsAt(
        this OwnerLedger ledger, DateTimeOffset now, TimeSpan margin)
    {
        var visible = ImmutableArray.CreateBuilder<RecordSet>();
        foreach (PublishedSet set in ledger.Sets)
        {
            if (ledger.IsVisible(set, now, margin) && !visible.Contains(set.Records))
                visible.Add(set.Records);
        }

        return visible.DrainToImmutable();
    }

    /// <summary>Whether a published set of the ledger is visible at a time.</summary>
    public static bool IsVisible(this OwnerLedger ledger, PublishedSet set, DateTimeOffset now, TimeSpan margin) =>
        ledger.VisibleUntil(set, margin) is not { } until || now < until;
}

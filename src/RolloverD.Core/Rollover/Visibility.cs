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
    /// What an owner may hold besides while a change that no server shows may be carried out in part, as where each
    /// record is a request of its own: the set before with any one record that was to come, or the set after with any
    /// one that was to go. A chain that these and the two sets cover is covered by every part.
    /// </summary>
    /// <remarks>
    /// The set before is the last that was seen, or any that was confirmed since: each of these may have been lost. A
    /// part lives as long as the longer of the two TTLs, for each record may bring its own.
    /// </remarks>
    public static IEnumerable<RecordSet> PartsOfUnfinished(this OwnerLedger ledger)
    {
        for (int i = 0; i < ledger.Sets.Length; i++)
        {
            if (ledger.Sets[i].State is not SetState.Intended { Unheard: > 0 })
                continue;

            foreach (RecordSet before in ledger.Before(i))
            {
                foreach (RecordSet part in Parts(before, ledger.Sets[i].Records))
                    yield return part;
            }
        }
    }

    /// <summary>What a change may have started from.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="index">Where its set stands.</param>
    internal static IEnumerable<RecordSet> Before(this OwnerLedger ledger, int index)
    {
        bool any = false;
        for (int i = index - 1; i >= 0; i--)
        {
            PublishedSet set = ledger.Sets[i];
            if (set.State is not (SetState.Seen or SetState.Intended { AppliedAt: not null }))
                continue;

            any = true;
            yield return set.Records;
            if (set.State is SetState.Seen)
                break;
        }

        if (!any)
            yield return RecordSet.Absent;
    }

    private static IEnumerable<RecordSet> Parts(RecordSet before, RecordSet after)
    {
        TimeSpan ttl = before.Ttl > after.Ttl ? before.Ttl : after.Ttl;
        foreach (TlsaRecord coming in after.Records.Where(r => !before.Contains(r)))
            yield return new([.. before.Records, coming], ttl);
        foreach (TlsaRecord going in before.Records.Where(r => !after.Contains(r)))
            yield return new([.. after.Records, going], ttl);
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

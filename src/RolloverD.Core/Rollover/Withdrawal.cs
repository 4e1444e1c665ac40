using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>Which records go.</summary>
internal static class Withdrawal
{
    /// <summary>
    /// Removes records of RolloverD's own that nothing wants any more, when every address was verified.
    /// </summary>
    public static Step? Withdraw(Situation s)
    {
        if (s.Known.Current is not { State: GenerationState.Live live })
            return null;

        Waiting(s);
        foreach (OwnerSituation owner in s.Owners)
        {
            if (Superfluous(s, owner) is { IsEmpty: false } superfluous
                && Withdraw(s, owner, superfluous, live) is { } step
                && s.IsDue(step))
            {
                return step;
            }
        }

        return null;
    }

    private static Step.Withdraw? Withdraw(
        Situation s, OwnerSituation owner, ImmutableArray<TlsaRecord> superfluous, GenerationState.Live live)
    {
        DateTimeOffset released = live.VerifiedAt + Wanted.Overlap(s.Desired.Timing, s.Known);
        if (s.Now < released)
        {
            s.Hold(
                Gate.RollbackWindow, owner.Owner, released, "old records stay while a rollback may be wanted",
                "nothing: it ends by itself");
            return null;
        }

        if (!Gates.MayChange(s, owner))
            return null;

        if (!owner.Ledger.IsSettledAt(s.Now))
        {
            s.Hold(
                Gate.Propagation, owner.Owner, null,
                "the last change has not reached every server, and only one change is made at a time: "
                + owner.Laggards(),
                "see to the named servers: zone transfer, NOTIFY, reachability"); // RFC 7671 §8.4
            return null;
        }

        if (!Gates.EveryAddressAnswers(s, owner, "old records stay until every address was seen again"))
            return null; // rule 7

        RecordSet latest = owner.Ledger.BaseAt(s.Now)!;
        var served = Served.At(s, owner);
        if (Without(superfluous) is { } target)
        {
            return new(
                s.Certificate.Name, owner.Owner, latest, target, served.Last(superfluous),
                "every address serves the new chain and the rollback window has passed");
        }

        // What must stay is no reason for others to stay that match nothing.
        return superfluous.GroupBy(r => r.Parameters).Select(g => g.ToImmutableArray())
            .Where(some => some.Length < superfluous.Length)
            .Select(some => Without(some) is { } part
                ? new Step.Withdraw(
                    s.Certificate.Name, owner.Owner, latest, part, served.Last(some),
                    "every address serves the new chain, and the others have to stay for now")
                : null)
            .FirstOrDefault(step => step is not null);

        RecordSet? Without(ImmutableArray<TlsaRecord> records) =>
            Gates.Permitted(s, owner.Owner, latest.Without(records.ToHashSet()), "withdrawing");
    }

    private static void Waiting(Situation s)
    {
        foreach (Generation generation in s.Known.Generations)
        {
            if (Wanted.ReleasedFrom(s.Desired, s.Known, generation) is { } from && s.Now < from)
            {
                s.Hold(
                    Gate.RollbackWindow, $"generation {generation.Number}", from,
                    Aborting.AskedBack(s.Known)?.Number == generation.Number
                        ? "its records stay until it is put back as was asked, or its certificate ends"
                        : "old records stay while a rollback may be wanted",
                    "nothing: it ends by itself");
            }
        }
    }

    // Records of another certificate that shares the owner are left to it: it has looked at its own addresses. Unless
    // what is left of parameters that both give up would refuse this one's chain, so that neither could begin; then
    // they go together. RFC 7671 §8
    private static ImmutableArray<TlsaRecord> Superfluous(Situation s, OwnerSituation owner)
    {
        if (owner.Ledger.BaseAt(s.Now) is not { } latest)
            return [];

        ImmutableArray<TlsaRecord> wanted = s.WantedAt(owner.Owner).Records;
        ImmutableArray<TlsaRecord> all = owner.Ledger.Ours.RemoveAll(r => wanted.Contains(r) || !latest.Contains(r));
        if (all.IsEmpty)
            return [];

        HashSet<TlsaRecord> own = [.. RecordsOf(s.Known)];
        HashSet<TlsaRecord> others =
        [
            .. Wanted.CertificatesAt(s.Desired, s.Facts, owner.Owner)
                .Where(c => c.Name != s.Certificate.Name)
                .SelectMany(c => RecordsOf(s.Facts.Certificate(c.Name))),
        ];
        ImmutableArray<TlsaRecord> alone = [.. all.Where(r => own.Contains(r) || !others.Contains(r))];
        return alone.Length < all.Length && !alone.IsEmpty && SpeaksForAll(s, owner)
            && !Safety.OfPublishing(
                s.Desired, s.Facts, owner.Owner, latest.Without(alone.ToHashSet()), s.Now).IsEmpty
            ? all
            : alone;

        IEnumerable<TlsaRecord> RecordsOf(CertificateFacts known) => known.Generations.SelectMany(
            g => Wanted.RecordsOf(g, [.. owner.Ledger.Ours.Select(r => r.Parameters).Distinct()]));
    }

    // Whether every other certificate at the owner would withdraw, too, or has nothing in service yet and waits for it.
    // What its addresses show is asked before it is done.
    private static bool SpeaksForAll(Situation s, OwnerSituation owner) =>
        Wanted.CertificatesAt(s.Desired, s.Facts, owner.Owner).All(c => s.Facts.Certificate(c.Name) is var known
            && (known.Current is null
                || (known.Current.State is GenerationState.Live live
                    && s.Now >= live.VerifiedAt + Wanted.Overlap(s.Desired.Timing, known))));
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>When a generation is over.</summary>
internal static class Archiving
{
    /// <summary>
    /// Ends a superseded generation once no cache can hold a record of it that is not wanted for another one.
    /// </summary>
    public static Step? Archive(Situation s)
    {
        foreach (Generation generation in s.Known.Generations.Where(g => g.State is GenerationState.Superseded))
        {
            if (Wanted.ReleasedFrom(s.Desired, s.Known, generation) is { } released && s.Now >= released
                && NothingIsVisible(s, generation))
            {
                return new Step.Archive(
                    s.Certificate.Name, generation.Number, "no server and no cache holds a record of it any more");
            }
        }

        // A key that stood by was never in service: nothing but its own record names it.
        foreach (Generation generation in s.Known.Generations.Where(g => g.State is GenerationState.Standby))
        {
            string? why =
                s.Certificate.KeyPolicy != KeyPolicy.Standby ? "the key policy keeps no key ready any more"
                : generation.Algorithm != s.Certificate.Key
                    ? $"the configuration asks for a key of another kind, {s.Certificate.Key}"
                : s.Observation.KeysGone.Contains(generation.Number) ? "its key is not on the disk any more"
                : null;
            if (why is not null)
                return new Step.Archive(s.Certificate.Name, generation.Number, why);
        }

        return null;
    }

    /// <summary>
    /// Ends a key that was made and never written down, once nothing wants the generation that it was made for: whoever
    /// wanted it comes before this and takes it.
    /// </summary>
    public static Step? Discard(Situation s) => s.Observation.KeyLeft is { } left && s.Known.Find(left) is null
        ? new Step.Archive(
            s.Certificate.Name, left, "its key was made just before the daemon ended, and nothing wants it any more")
        : null;

    private static bool NothingIsVisible(Situation s, Generation generation)
    {
        bool nothing = true;
        foreach (OwnerSituation owner in s.Owners)
        {
            ImmutableArray<TlsaRecord> copies = CopiesAt(s, owner, generation);
            ImmutableArray<TlsaRecord> given = [.. copies.Where(r => IsGiven(owner.Ledger, r))];
            if (!given.IsEmpty)
            {
                nothing = false;
                Tell(s, owner, generation, given);
            }

            HashSet<TlsaRecord> old =
            [
                .. owner.Ledger.Ours.Intersect(
                        Wanted.RecordsOf(generation, [.. owner.Ledger.Ours.Select(r => r.Parameters).Distinct()]))
                    .Except(s.WantedAt(owner.Owner).Records),
                .. copies.Except(given),
            ];
            nothing &= Gates.AllVisibleFit(
                s, owner, set => !old.Any(set.Contains), $"names generation {generation.Number}");
        }

        return nothing;
    }

    // Records of others that name this generation alone: somebody copied ours. They are left to him, yet by them
    // senders accept the key as before. A record of a CA names no key, and others may need it.
    private static ImmutableArray<TlsaRecord> CopiesAt(Situation s, OwnerSituation owner, Generation generation) =>
    [
        .. owner.Ledger.VisibleSetsAt(s.Now, s.Margin)
            .SelectMany(set => set.Records)
            .Where(r => r.Parameters.Usage == CertificateUsage.DaneEe && IsOf(generation, r))
            .Except(owner.Ledger.Ours)
            .Except(s.WantedAt(owner.Owner).Records)
            .Where(r => !IsWantedBeside(s, owner, generation, r)),
    ];

    // The same key may go on under a later generation.
    private static bool IsWantedBeside(
        Situation s, OwnerSituation owner, Generation generation, TlsaRecord record) =>
        Wanted.CertificatesAt(s.Desired, s.Facts, owner.Owner)
            .Select(c => s.Facts.Certificate(c.Name))
            .Any(known => known.Generations.Any(g =>
                (known.Name != s.Certificate.Name || g.Number != generation.Number)
                && !(Wanted.ReleasedFrom(s.Desired, known, g) <= s.Now)
                && IsOf(g, record)));

    private static bool IsOf(Generation generation, TlsaRecord record) =>
        Wanted.RecordsOf(generation, [record.Parameters]).Contains(record);

    private static bool IsGiven(OwnerLedger ledger, TlsaRecord record) =>
        ledger.Sets.Any(set => set.State is not SetState.Gone && set.Records.Contains(record));

    private static void Tell(
        Situation s, OwnerSituation owner, Generation generation, ImmutableArray<TlsaRecord> copies) => s.Hold(
        Gate.Orphan, owner.Owner, null,
        $"senders go on accepting the key of generation {generation.Number}, which is over: RolloverD did not publish "
        + $"{string.Join(", ", copies)} at {owner.Owner}, and leaves it alone",
        $"remove it there; or 'rolloverd adopt {s.Certificate.Name} --records', and RolloverD withdraws it");
}

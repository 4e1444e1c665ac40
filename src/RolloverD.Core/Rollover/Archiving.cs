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

    private static bool NothingIsVisible(Situation s, Generation generation)
    {
        bool nothing = true;
        foreach (OwnerSituation owner in s.Owners)
        {
            HashSet<TlsaRecord> old =
            [
                .. owner.Ledger.Ours.Intersect(
                        Wanted.RecordsOf(generation, [.. owner.Ledger.Ours.Select(r => r.Parameters).Distinct()]))
                    .Except(s.WantedAt(owner.Owner).Records),
            ];
            nothing &= Gates.AllVisibleFit(
                s, owner, set => !old.Any(set.Contains), $"names generation {generation.Number}");
        }

        return nothing;
    }
}

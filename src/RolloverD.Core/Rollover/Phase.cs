namespace RolloverD.Core.Rollover;

/// <summary>The word that people see for where a certificate stands. Derived, never stored.</summary>
public enum Phase
{
    Steady,
    Publishing,
    Propagating,
    WaitingForCaches,
    Issuing,
    Deploying,
    Overlapping,
    Withdrawing,
}

/// <summary>Derives the phase.</summary>
public static class Phases
{
    /// <summary>Where a certificate stands, by its facts and what it waits for.</summary>
    public static Phase PhaseOf(CertificateFacts facts, Facts all, IEnumerable<string> owners)
    {
        if (facts.Current is { State: GenerationState.Deploying })
            return Phase.Deploying;

        if (facts.Next is { } next)
        {
            return facts.Holds.Any(h => h.Gate is Gate.Propagation) ? Phase.Propagating
                : facts.Holds.Any(h => h.Gate is Gate.Caches) ? Phase.WaitingForCaches
                : next.State is GenerationState.Issued ? Phase.Deploying
                : facts.Setbacks.Any(s => s.Kind is StepKind.Publish) ? Phase.Publishing
                : Phase.Issuing;
        }

        if (facts.Current is null)
            return Phase.Issuing;

        if (facts.Generations.Any(g => g.State is GenerationState.Superseded))
            return facts.Holds.Any(h => h.Gate is Gate.RollbackWindow) ? Phase.Overlapping : Phase.Withdrawing;

        return owners.All(o => all.Owner(o).IsSettled) && facts.Request is null ? Phase.Steady : Phase.Publishing;
    }

    /// <summary>The phase in words, as <c>status</c> and <c>--json</c> write it.</summary>
    public static string Word(this Phase phase) =>
        phase == Phase.WaitingForCaches ? "waiting for caches" : phase.ToString().ToLowerInvariant();
}

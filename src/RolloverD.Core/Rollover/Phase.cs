using RolloverD.Core.Policy;

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
    /// <summary>
    /// Where a certificate stands, by the facts and what it waits for. Steady is only a certificate whose every record
    /// is in place, and under the policy standby its next key, too.
    /// </summary>
    public static Phase PhaseOf(Desired desired, Facts facts, DesiredCertificate certificate, DateTimeOffset now)
    {
        CertificateFacts known = facts.Certificate(certificate.Name);
        if (known.Current is { State: GenerationState.Deploying })
            return Phase.Deploying;

        if (known.Next is { } next)
        {
            return known.Holds.Any(h => h.Gate is Gate.Propagation) ? Phase.Propagating
                : known.Holds.Any(h => h.Gate is Gate.Caches) ? Phase.WaitingForCaches
                : next.State is GenerationState.Issued ? Phase.Deploying
                : known.Setbacks.Any(s => s.Kind is StepKind.Publish) ? Phase.Publishing
                : Phase.Issuing;
        }

        if (known.Current is null)
            return Phase.Issuing;

        if (known.Generations.Any(g => g.State is GenerationState.Superseded))
            return known.Holds.Any(h => h.Gate is Gate.RollbackWindow) ? Phase.Overlapping : Phase.Withdrawing;

        bool ready = certificate.KeyPolicy != KeyPolicy.Standby || known.StandbyKey is not null;
        return ready
            && known.Request is null
            && certificate.Endpoints.All(e => IsInPlace(desired, facts, facts.EndpointOf(e).Owner, now))
                ? Phase.Steady
                : Phase.Publishing;
    }

    private static bool IsInPlace(Desired desired, Facts facts, string owner, DateTimeOffset now) =>
        facts.Owner(owner) is { IsSettled: true, InPlace: { } set }
        && Wanted.At(desired, facts, owner, now).All(set.Contains);

    /// <summary>The phase in words, as <c>status</c> and <c>--json</c> write it.</summary>
    public static string Word(this Phase phase) =>
        phase == Phase.WaitingForCaches ? "waiting for caches" : phase.ToString().ToLowerInvariant();
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>
/// When an earlier chain is put back: what is being deployed cannot be verified and it may be better, or the operator
/// asked for it.
/// </summary>
internal static class PuttingBack
{
    /// <summary>
    /// While a reload reports failure, as where one of two servers is at fault, the old chain at some addresses refuses
    /// nobody and is waited for. A server that took the new one on and cannot work with it refuses everybody.
    /// </summary>
    public static Step.PutBack? WhereBroken(
        Situation s, Generation current, GenerationState.Deploying deploying, string problem) =>
        s.Observation.LiveGeneration == current.Number && s.Known.SetbackOf(StepKind.Deploy) is not null
        && s.Rounds.Any(round => BrokeBy(s, round, deploying))
            ? AfterPatience(s, current, deploying, problem)
            : null;

    /// <summary>When the patience is over, and one that is still good may mend what is wrong.</summary>
    public static Step.PutBack? AfterPatience(
        Situation s, Generation current, GenerationState.Deploying deploying, string problem) =>
        s.Now - deploying.IntendedAt > s.Desired.Timing.VerificationPatience
        && Better(s, current, deploying) is { } earlier
            ? new(
                s.Certificate.Name, earlier.Number, current.Number,
                $"generation {current.Number} could not be verified within "
                + $"{s.Desired.Timing.VerificationPatience.TotalSeconds:0} s: {problem}")
            : null;

    /// <summary>Whether what is being deployed is to be replaced by an earlier one when the patience is over.</summary>
    public static bool IsDue(Situation s, Generation current, GenerationState.Deploying deploying) =>
        (deploying.ReloadedAt is not null || s.Rounds.Any(round => BrokeBy(s, round, deploying)))
        && Better(s, current, deploying) is not null;

    /// <summary>Takes back what the operator aborted when it is in service, or is just being put there.</summary>
    public static Step? AsAborted(Situation s)
    {
        if (s.Known.Current is not { } current || Aborting.AskedBack(s.Known) is not { Chain: { } chain } before)
            return null;

        if (WhyNotBack(s, before, chain) is { } why)
            return GiveUpGoingBack(s, current, before, why);

        bool heard = true;
        foreach (OwnerSituation owner in s.Owners)
            heard &= Gates.ServersWereHeard(s, owner, chain);
        ImmutableArray<Violation> violations =
            Safety.OfPuttingIn(s.Desired, s.Facts, s.Certificate, chain, s.Now);
        if (!violations.IsEmpty)
        {
            s.Hold(
                Gate.Safety, $"generation {before.Number}", null,
                $"to put it back would make senders fail: {violations[0]}",
                "nothing when it ends by itself; otherwise find out who changed the records, or "
                + $"'rolloverd roll {s.Certificate.Name}' moves on to another one");
        }

        return heard && violations.IsEmpty
            ? new Step.PutBack(
                s.Certificate.Name, before.Number, current.Number, $"generation {current.Number} was aborted")
            : null;
    }

    private static string? WhyNotBack(Situation s, Generation before, Chain chain) =>
        s.Observation.KeysGone.Contains(before.Number) ? "its key is not on the disk any more"
        : chain.NotAfter <= s.Now ? $"its certificate ended at {chain.NotAfter:u}"
        : null;

    // Its records are released when its certificate has ended; without its key nothing releases them before.
    private static Step.Archive? GiveUpGoingBack(Situation s, Generation current, Generation before, string why)
    {
        string reason = $"it was to be put back in place of {current.Number} and cannot be: {why}";
        s.Hold(
            Gate.Safety, $"generation {before.Number}", null, reason,
            $"'rolloverd roll {s.Certificate.Name}' moves on to another one; until then {current.Number} stays in "
            + "service");
        return before.State is GenerationState.Superseded && s.Observation.KeysGone.Contains(before.Number)
            ? new(s.Certificate.Name, before.Number, reason)
            : null;
    }

    /// <summary>The one that was in service last before, if it may still be.</summary>
    public static Generation? Earlier(Situation s, Generation current) => s.Known.LastInService((g, chain) =>
        g.Number != current.Number
        && !s.Observation.KeysGone.Contains(g.Number)
        && s.Now < chain.NotAfter
        && Safety.OfPuttingIn(s.Desired, s.Facts, s.Certificate, chain, s.Now).IsEmpty);

    // One with which an address may work that does not with what is being deployed.
    private static Generation? Better(Situation s, Generation current, GenerationState.Deploying deploying) =>
        ShowsWrong(s, deploying) && Earlier(s, current) is { } earlier && MayMend(s, deploying, earlier)
            ? earlier
            : null;

    // An address that shows one from before that takes on neither.
    private static bool MayMend(Situation s, GenerationState.Deploying deploying, Generation earlier)
    {
        return s.Rounds.Any(round => BrokeBy(s, round, deploying)
            || round.Addresses.Any(a => ShowsAnother(a, deploying.Chain) && !a.Presented.Any(IsOfAnother)));

        bool IsOfAnother(Presented presented) => presented is Presented.Shows shows
            && s.Known.Generations.Any(g => g.Number != earlier.Number && shows.Chain.Leaf.Equals(g.Chain?.Leaf));
    }

    /// <summary>
    /// Whether an address shows something else, or works with no chain. One that cannot be reached is not helped by
    /// going back.
    /// </summary>
    public static bool ShowsWrong(Situation s, GenerationState.Deploying deploying) =>
        s.Rounds.Any(round => BrokeBy(s, round, deploying)
            || round.Addresses.Any(a => ShowsAnother(a, deploying.Chain)));

    // What worked with no chain for long before it is not mended by going back.
    private static bool BrokeBy(Situation s, EndpointObservation round, GenerationState.Deploying deploying) =>
        round.Addresses.Any(a => a.IsBroken
            && !(s.Facts.EndpointOf(round.Endpoint).Addresses.FirstOrDefault(k => k.Address == a.Address)?.BrokenSince
                + s.Desired.Timing.VerificationPatience < deploying.IntendedAt));

    // Beside the chain that is wanted an address may show one of another kind of key, but not in its place.
    private static bool ShowsAnother(AddressObservation address, Chain wanted)
    {
        Chain[] shown = [.. address.Presented.OfType<Presented.Shows>().Select(s => s.Chain)];
        return shown.Any(c => c.Key.Family == wanted.Key.Family && !c.Leaf.Equals(wanted.Leaf))
            || (shown.Length > 0 && !shown.Any(c => c.Leaf.Equals(wanted.Leaf)));
    }
}

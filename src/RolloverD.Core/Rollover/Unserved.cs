using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>Tells where the chain that is in service is not shown.</summary>
/// <remarks>
/// Nobody is refused as long as records cover what is shown instead, but the operator meant something else: an endpoint
/// was added whose mail server reads other files, or somebody put in another certificate by hand.
/// </remarks>
internal static class Unserved
{
    /// <summary>Never a step: only who configures the mail server can put it right.</summary>
    public static Step? Tell(Situation s)
    {
        // Until then an old process may still be met.
        if (s.Known.Current is not { State: GenerationState.Live live } current
            || s.Now < live.VerifiedAt + s.Desired.Timing.Drain)
        {
            return null;
        }

        foreach (EndpointObservation round in s.Rounds.Where(r => r.IsComplete && !IsStrange(s, r)))
        {
            foreach (AddressObservation address in round.Addresses)
            {
                Chain[] shown = [.. address.Presented.OfType<Presented.Shows>().Select(p => p.Chain)];
                if (shown.Any(c => c.Leaf.Equals(live.Chain.Leaf)))
                    continue;

                s.Hold(
                    Gate.Verification, round.Endpoint.ToString(), null,
                    $"{round.Endpoint} at {address.Address} shows {shown[0].Leaf} (key {shown[0].Key}) and not "
                    + $"generation {current.Number}, {live.Chain.Leaf}, which is in service",
                    $"have the mail server there read live/{s.Certificate.Name} for {round.Endpoint.Host} and reload "
                    + "it; or take the endpoint out of this certificate and restart the daemon");
                break;
            }
        }

        return null;
    }

    // That nobody vouches for what is shown there is said already.
    private static bool IsStrange(Situation s, EndpointObservation round) =>
        s.Holds.Any(h => h.Gate == Gate.Stranger && h.Subject == round.Endpoint.ToString());
}

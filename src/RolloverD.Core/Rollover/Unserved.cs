using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>Tells where the chain that is in service is not shown, and has it taken on where that may help.</summary>
/// <remarks>
/// Where records cover what is shown instead nobody is refused, but the operator meant something else: an endpoint was
/// added whose mail server reads other files, or somebody put in another certificate by hand. Only who configures the
/// mail server can put that right. A server that shows a key of RolloverD's own read live/ once and missed a reload, as
/// when its endpoint was not configured for a while; it is reloaded.
/// </remarks>
internal static class Unserved
{
    /// <summary>What to do when a mail server goes on showing an earlier generation.</summary>
    public static string Remedy(string certificate) =>
        $"see that the mail server there reads live/{certificate}, and what it says of the reload in its log";

    /// <summary>The reload, when no sender fails by it; says of each endpoint what it shows instead.</summary>
    public static Step? Reload(Situation s)
    {
        // Until then an old process may still be met.
        if (s.Known.Current is not { State: GenerationState.Live live } current
            || s.Now < live.VerifiedAt + s.Desired.Timing.Drain)
        {
            return null;
        }

        string? missed = null;
        foreach (EndpointObservation round in s.Rounds.Where(r => r.IsComplete && !IsStrange(s, r)))
        {
            foreach (AddressObservation address in round.Addresses)
            {
                Chain[] shown = Shown(address);
                if (shown.Any(c => c.Leaf.Equals(live.Chain.Leaf)))
                    continue;

                if (Earlier(s.Known, address) is { } earlier)
                    missed ??= $"{round.Endpoint} at {address.Address} shows {earlier.Leaf}, an earlier one";
                s.Hold(
                    Gate.Verification, round.Endpoint.ToString(), null,
                    $"{round.Endpoint} at {address.Address} shows {shown[0].Leaf} (key {shown[0].Key}) and not "
                    + $"generation {current.Number}, {live.Chain.Leaf}, which is in service",
                    $"have the mail server there read live/{s.Certificate.Name} for {round.Endpoint.Host} and reload "
                    + "it; or take the endpoint out of this certificate and restart the daemon");
                break;
            }
        }

        return missed is not null
            && Safety.OfServing(s.Desired, s.Facts, s.Certificate, live.Chain, s.Now).IsEmpty
            && Deployment.ServersAreReady(s)
            ? new Step.Reload(s.Certificate.Name, current.Number, missed)
            : null;
    }

    /// <summary>Whether every address was seen, and none shows an earlier generation in place of the current.</summary>
    public static bool IsTakenOn(CertificateFacts known, DesiredCertificate certificate, Observation observation) =>
        certificate.Endpoints.All(e =>
            observation.Endpoints.TryGetValue(e, out EndpointObservation? round)
            && round.IsComplete
            && !round.Addresses.Any(a => Earlier(known, a) is not null));

    // What an address shows of an earlier generation in place of the current. Of one that is over only the key is
    // remembered.
    private static Chain? Earlier(CertificateFacts known, AddressObservation address)
    {
        Chain[] shown = Shown(address);
        return shown.Any(c => c.Leaf.Equals(known.Current?.Chain?.Leaf))
            ? null
            : shown.FirstOrDefault(c => known.Generations.Any(g => g.Key.Equals(c.Key)));
    }

    private static Chain[] Shown(AddressObservation address) =>
        [.. address.Presented.OfType<Presented.Shows>().Select(p => p.Chain)];

    // That nobody vouches for what is shown there is said already.
    private static bool IsStrange(Situation s, EndpointObservation round) =>
        s.Holds.Any(h => h.Gate == Gate.Stranger && h.Subject == round.Endpoint.ToString());
}

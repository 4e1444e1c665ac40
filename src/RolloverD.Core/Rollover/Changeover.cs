using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>
/// Whether a mail server may show either of two chains. A change of several records, carried out in part, cannot cover
/// both.
/// </summary>
internal static class Changeover
{
    /// <summary>
    /// Whether every chain of these certificates is verified, and no process is left from before; otherwise says what
    /// is waited for. RFC 7671 §8.4: one change at a time.
    /// </summary>
    /// <param name="s">The situation; takes the hold.</param>
    /// <param name="certificates">The certificates whose chains matter.</param>
    /// <param name="owner">The owner of the records.</param>
    /// <param name="what">What is waited with: "the first record is published".</param>
    public static bool NothingIsBeingDeployed(
        Situation s, IEnumerable<DesiredCertificate> certificates, string owner, string what)
    {
        foreach (DesiredCertificate certificate in certificates)
        {
            switch (s.Facts.Certificate(certificate.Name).Current?.State)
            {
                case GenerationState.Deploying:
                    s.Hold(
                        Gate.Verification, owner, null,
                        $"{what} when what is being deployed of {certificate.Name} is verified",
                        "nothing when this is brief; otherwise see that the mail server takes on what is deployed");
                    return false;
                case GenerationState.Live live
                    when live.VerifiedAt + s.Desired.Timing.Drain is var alone && s.Now < alone:
                    s.Hold(
                        Gate.Verification, owner, alone,
                        $"{what} when no process of the mail server can show the chain before any more",
                        "nothing: it ends by itself");
                    return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Whether no chain was met anew lately; otherwise says what is waited for. What was there before it may never have
    /// been met, and old processes may show it.
    /// </summary>
    /// <param name="s">The situation; takes the hold.</param>
    /// <param name="endpoints">The endpoints whose chains matter.</param>
    /// <param name="what">What is waited with: "the first record is published".</param>
    public static bool NothingCameLately(Situation s, IEnumerable<Endpoint> endpoints, string what)
    {
        foreach (Endpoint endpoint in endpoints)
        {
            EndpointFacts known = s.Facts.EndpointOf(endpoint);
            if (known.Met.MaxBy(m => m.At) is { } last
                && last.At + s.Desired.Timing.Drain is var alone && s.Now < alone)
            {
                string met = known.Seen.FirstOrDefault(last.Is)?.Leaf.ToString() ?? "what it showed last";
                s.Hold(
                    Gate.Verification, endpoint.ToString(), alone,
                    $"{what} when no process of the mail server is left from before it showed {met}",
                    "nothing when this is brief; otherwise see that every machine and process behind it shows the same "
                    + "certificate: they are met by turns");
                return false;
            }
        }

        return true;
    }
}

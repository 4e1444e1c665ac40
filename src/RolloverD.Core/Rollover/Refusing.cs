using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>Tells where no TLS can be had though records promise it.</summary>
/// <remarks>
/// RFC 7672 §2.2: a sender that finds any record, usable or not, sends nothing in the clear. An address that does not
/// answer is another matter: there mail waits whatever is published.
/// </remarks>
internal static class Refusing
{
    /// <summary>Never a step: only who configures the mail server can put it right.</summary>
    public static Step? Tell(Situation s)
    {
        // What is just being deployed is verified, and that says the same.
        if (s.Known.Current is { State: GenerationState.Deploying })
            return null;

        foreach (EndpointObservation round in s.Rounds)
        {
            string? fault = round.Addresses.Select(a => FaultOf(round.Endpoint, a)).FirstOrDefault(f => f is not null);
            if (fault is null || !IsPublished(s, round.Endpoint))
                continue;

            s.Hold(
                Gate.Uncovered, round.Endpoint.ToString(), null, $"mail is refused: {fault}",
                "see that the mail server offers TLS there and can read its key and certificate");
        }

        return null;
    }

    private static bool IsPublished(Situation s, Endpoint endpoint) =>
        Safety.Exposures(s.Desired, s.Facts, [endpoint], s.Now).Any(e => e.Visible.Any(set => !set.IsAbsent));

    // Where some chain is shown, senders have one to go by.
    private static string? FaultOf(Endpoint endpoint, AddressObservation address) =>
        address.Presented.Any(p => p is Presented.Shows)
            ? null
            : address.Presented.Select(p => p switch
            {
                Presented.NoStartTls no => $"{endpoint} at {address.Address} offers no STARTTLS: {no.Reason}",
                Presented.HandshakeFailed failed =>
                    $"the TLS handshake of {endpoint} at {address.Address} fails: {failed.Reason}",
                _ => null,
            }).FirstOrDefault(f => f is not null);
}

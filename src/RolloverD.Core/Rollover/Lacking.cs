using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>Which of the configured records cannot be made of a chain.</summary>
/// <remarks>
/// Rule 6, RFC 7671 §5.2.2: a usage 2 record needs its CA certificate in the chain that is served.
/// </remarks>
internal static class Lacking
{
    /// <summary>
    /// Tells which record the chain in service lacks. Never a step: a chain that suffices comes with the next renewal.
    /// </summary>
    public static Step? Tell(Situation s)
    {
        if (s.Known is { Next: null, Current: { State: GenerationState.Live live } current })
            Nothing(s, current, live.Chain, $"; then 'rolloverd roll {s.Certificate.Name}', or wait for the renewal");
        return null;
    }

    /// <summary>Whether every configured record can be made of the chain; otherwise holds.</summary>
    /// <param name="s">The situation.</param>
    /// <param name="generation">The generation.</param>
    /// <param name="chain">Its chain.</param>
    /// <param name="afterwards">What is to be done when there is another issuer.</param>
    public static bool Nothing(Situation s, Generation generation, Chain chain, string afterwards = "")
    {
        foreach (TlsaParameters parameters in s.Certificate.Tlsa)
        {
            if (chain.RecordFor(parameters) is not null)
                continue;

            s.Hold(
                Gate.Chain, $"generation {generation.Number}", null,
                $"a {parameters} record cannot be made: the issuer sent no CA certificate with the leaf",
                "take this entry out of the certificate's tlsa list, or choose an issuer that sends its CA certificates"
                + $", and restart the daemon{afterwards}");
            return false;
        }

        return true;
    }
}

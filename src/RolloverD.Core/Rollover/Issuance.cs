using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>When the next key is certified.</summary>
internal static class Issuance
{
    /// <summary>
    /// Orders the certificate once every visible set expects the key, so that none of its lifetime is spent waiting for
    /// caches. Orders anew when a certificate that waited too long is due for renewal before it ever served, and when
    /// it cannot serve and there is another issuer now.
    /// </summary>
    public static Step? Order(Situation s)
    {
        if (s.Known.Next is not { } next)
            return null;

        // What the live link leads to is not touched, as while another one is to be put back in its place.
        if (next.State is GenerationState.Issued issued)
        {
            return s.Observation.LiveGeneration != next.Number && Anew(s, issued) is { } why
                ? Of(s, next, why)
                : null;
        }

        // In an emergency time counts and not the certificate's: the issuer works while caches are waited for.
        bool emergency = s.Known.Request is { Emergency: true };
        bool expected = true;
        foreach (OwnerSituation owner in s.Owners)
        {
            expected &= emergency || Gates.AllVisibleFit(
                s, owner, set => set.ExpectsKey(next.Key) || RefusesAnyway(s, set),
                $"does not name the key of generation {next.Number}");

            // An order needs sound DNS for its own records, too.
            if (owner.IsPublished(s.Now, s.Margin))
                expected &= Gates.DnsIsSound(s, owner);
        }

        return expected
            ? Of(s, next, emergency ? "in an emergency it is ready before it may be deployed"
                : "every visible record set expects its key")
            : null;
    }

    // As where somebody replaced all records: to wait for who refuses what is in service gains him nothing, and the
    // certificate may end meanwhile.
    private static bool RefusesAnyway(Situation s, RecordSet set) =>
        s.Known.Current?.Chain is { } inService && !set.Covers(inService);

    private static string? Anew(Situation s, GenerationState.Issued issued) =>
        s.Now >= RenewalTime.Of(s.Certificate, issued.Chain)
            && s.Now >= issued.At + RenewalTime.ShortestUse(issued.Chain, s.Desired.Timing)
            ? "the certificate grew old while it waited to be deployed"
        : issued.Issuer is { } former && former != s.Certificate.Issuer
            && s.Certificate.Tlsa.Any(p => issued.Chain.RecordFor(p) is null)
            ? $"issuer {former} sent no CA certificate for a record that is configured, and there is another issuer now"
        : null;

    private static Step.Issue Of(Situation s, Generation next, string why) =>
        new(s.Certificate.Name, next.Number, why) { Issuer = s.Certificate.Issuer };
}

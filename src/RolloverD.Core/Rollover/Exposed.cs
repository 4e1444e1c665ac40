using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>Tells what senders refuse now and nothing that is being done will end.</summary>
internal static class Exposed
{
    /// <summary>Never a step: healing is the work of the other checks, which come first.</summary>
    public static Step? Tell(Situation s)
    {
        ImmutableArray<Violation> all = Safety.Violations(
            Safety.Exposures(s.Desired, s.Facts, s.Certificate.Endpoints, s.Now), s.Now);
        foreach (IGrouping<Endpoint, Violation> violations in all.GroupBy(v => v.Endpoint))
            Tell(s, [.. violations]);

        return null;
    }

    // The worst one: that ends by itself last, or never.
    private static void Tell(Situation s, ImmutableArray<Violation> violations)
    {
        OwnerSituation owner =
            s.Owners.First(o => o.Owner == s.Facts.EndpointOf(violations[0].Endpoint).Owner);
        (Violation worst, DateTimeOffset? until) = violations
            .Select(v => (Violation: v, Until: Earlier(ForgottenAt(s, owner, v), Gates.LingersUntil(s, v))))
            .MaxBy(v => v.Until ?? DateTimeOffset.MaxValue);
        s.Hold(
            Gate.Uncovered, worst.Endpoint.ToString(), until,
            until is null ? $"mail is refused: {worst}; {owner.Laggards()}"
                : until == Gates.LingersUntil(s, worst)
                    ? $"mail may be refused while old processes of the mail server still deliver: {worst}"
                : $"mail may be refused until caches have forgotten what they hold: {worst}",
            until is null
                ? "see that the endpoint serves the certificate that is meant, that every server of the zone gives out "
                    + "the same records, and that nobody else publishes records that match nothing"
                : "nothing: it ends by itself");
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a < b ? a : b ?? a;

    // Null: some server may give the set out where the name leads now.
    private static DateTimeOffset? ForgottenAt(Situation s, OwnerSituation owner, Violation violation)
    {
        DateTimeOffset?[] ends =
        [
            .. owner.Ledger.VisibleAt(s.Now, s.Margin)
                .Where(p => p.Records.Equals(violation.Set))
                .Select(p => owner.Ledger.VisibleUntil(p, s.Margin)),
            .. EndsAtFormer(s, violation),
        ];
        return ends.Contains(null) ? null : ends.Max();
    }

    // Whatever its servers give out: once no cache is led there any more, what caches took from there runs out.
    private static IEnumerable<DateTimeOffset?> EndsAtFormer(Situation s, Violation violation) =>
        from former in s.Facts.EndpointOf(violation.Endpoint).Former
        let ledger = s.Facts.Owner(former.Owner)
        from set in ledger.VisibleAt(s.Now, s.Margin)
        where set.Records.Equals(violation.Set)
        let ends = ledger.VisibleUntil(set, s.Margin)
        select former.IsDoubted ? ends : Earlier(former.Until + set.Records.Ttl + s.Margin, ends);
}

using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>When a chain is due for renewal.</summary>
public static class RenewalTime
{
    /// <summary>
    /// So long before its end as configured, a third of its lifetime when nothing is said; but never in the first half
    /// of its life, should issuers shorten that, nor in its first sixth, should a CA certificate end sooner than the
    /// leaf: a certificate that is due on the day it is issued would be renewed without end.
    /// </summary>
    public static DateTimeOffset Of(DesiredCertificate certificate, Chain chain)
    {
        TimeSpan lifetime = chain.Leaf.NotAfter - chain.Leaf.NotBefore;
        TimeSpan before = certificate.RenewBefore ?? lifetime / 3;
        DateTimeOffset due = chain.NotAfter - (before < lifetime / 2 ? before : lifetime / 2);
        DateTimeOffset earliest = chain.Leaf.NotBefore + (lifetime / 6);
        return due > earliest ? due : earliest;
    }

    /// <summary>
    /// How long a chain is used at least, whatever dates it bears: an hour and twice the rollback window, so that the
    /// records before it go meanwhile, or a sixth of its lifetime when that is less. An issuer that hands out what is
    /// old on its first day, or whose clock is not ours, is not asked without end, nor do records pile up.
    /// </summary>
    public static TimeSpan ShortestUse(Chain chain, Timing timing)
    {
        TimeSpan sixth = (chain.Leaf.NotAfter - chain.Leaf.NotBefore) / 6;
        TimeSpan use = TimeSpan.FromHours(1) + (2 * timing.RollbackWindow);
        return sixth < use ? sixth : use;
    }

    /// <summary>
    /// Whether a chain in service will last until it is renewed, and until caches know what the renewal publishes.
    /// </summary>
    internal static bool IsInTime(
        DesiredCertificate certificate, GenerationState.Live live, Timing timing, DateTimeOffset now)
    {
        DateTimeOffset[] begins =
            [Of(certificate, live.Chain), live.VerifiedAt + ShortestUse(live.Chain, timing), now];
        return begins.Max() + (2 * timing.Ttl) + timing.SafetyMargin < live.Chain.NotAfter;
    }
}

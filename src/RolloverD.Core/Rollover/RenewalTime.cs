using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>When a chain is due for renewal.</summary>
public static class RenewalTime
{
    /// <summary>So long before its end as configured, a third of its lifetime when nothing is said.</summary>
    public static DateTimeOffset Of(DesiredCertificate certificate, Chain chain)
    {
        TimeSpan lifetime = chain.Leaf.NotAfter - chain.Leaf.NotBefore;
        return chain.NotAfter - (certificate.RenewBefore ?? lifetime / 3);
    }
}

using RolloverD.Core.Ports;

namespace RolloverD.Simulation.World;

/// <summary>Whether the zone can be trusted, for how long, and what the local resolver makes of it.</summary>
internal sealed class Zone
{
    /// <summary>When the signatures end that the signer left when it stopped; null while it works.</summary>
    public DateTimeOffset? SignerLeft { get; set; }

    /// <summary>What is wrong with the chain of trust; null when nothing is.</summary>
    public ZoneSecurity? Trouble { get; set; }

    public ResolverView? ResolverProblem { get; set; }

    public DateTimeOffset SignaturesExpire(DateTimeOffset now) => SignerLeft ?? now + TimeSpan.FromDays(10);

    public ZoneSecurity Security(DateTimeOffset now) =>
        Trouble ?? (SignerLeft < now
            ? new ZoneSecurity.Bogus("the signatures have expired")
            : new ZoneSecurity.Secure());

    public void Repair() => (SignerLeft, Trouble, ResolverProblem) = (null, null, null);
}

using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>
/// Decides what one certificate needs next. A decision is a function of the configuration, the facts, what was just
/// seen, and the time; nothing else. The checks stand in order: the first that finds a permitted step wins, the others
/// say what they wait for.
/// </summary>
public static class Planner
{
    // Healing, which is publishing a record for the chain that is really served, is part of the first check.
    private static readonly Func<Situation, Step?>[] Checks =
    [
        Renewal.Begin,
        Publication.Add,
        PuttingBack.AsAborted,
        Deployment.Verify,
        Issuance.Order,
        Deployment.Swap,
        Withdrawal.Withdraw,
        Orphans.Withdraw,
        Archiving.Archive,
        Archiving.Discard,
        Publication.Retime,
        Refusing.Tell, // what every sender refuses comes before what some do
        Exposed.Tell,
        Lacking.Tell,
        Unserved.Reload,
    ];

    /// <summary>The next step for a certificate, or what it waits for and when to look again.</summary>
    /// <param name="desired">The configuration.</param>
    /// <param name="facts">The facts, the observation already taken into them by <see cref="Evidence"/>.</param>
    /// <param name="observation">What was seen just now.</param>
    /// <param name="name">The certificate's name.</param>
    /// <param name="now">The time.</param>
    public static Plan Next(Desired desired, Facts facts, Observation observation, string name, DateTimeOffset now)
    {
        var situation = new Situation(desired, facts, observation, name, now);
        foreach (Func<Situation, Step?> check in Checks)
        {
            if (check(situation) is { } step && situation.IsDue(step))
                return new(step, now, situation.Holds);
        }

        return new(null, situation.WakeAt(now + RoutineInterval(desired.Timing)), situation.Holds);
    }

    private static readonly TimeSpan SoonestLook = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LatestLook = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How often a certificate is looked at while nothing is due, to notice what others changed: a quarter of the TTL,
    /// from 5 seconds to a minute. Senders refuse from such a change until it is noticed, undone and out of caches; the
    /// last takes a TTL anyway, so a quarter of one before it adds little. What a look costs is one question to each
    /// authoritative address and one handshake a kind of key at each address of an endpoint, which once a minute is
    /// what any monitoring asks of a server.
    /// </summary>
    public static TimeSpan RoutineInterval(Timing timing)
    {
        TimeSpan quarter = timing.Ttl / 4;
        return quarter < SoonestLook ? SoonestLook
            : quarter > LatestLook ? LatestLook
            : quarter;
    }
}

namespace RolloverD.Core.Rollover;

/// <summary>
/// How long a failed step rests before it is tried again: twice as long each time, up to a limit that depends on whom
/// the next try troubles.
/// </summary>
/// <remarks>
/// An issuer counts failures and shuts out who fails too often, so its limit is hours, and nothing shortens it. A DNS
/// server or a mail server is the operator's own and takes a try for what it is, one request; there the rest is so
/// short that a server which was mended is met within half a minute, as long as somebody may still be at work on it,
/// and no longer than two minutes afterwards: nobody should have to know how to hurry RolloverD on. Only a deployment
/// that fails for hours is tried ever more seldom, up to an hour.
/// </remarks>
internal static class Backoff
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MostWhileFresh = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MostAfterwards = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan MostReloads = TimeSpan.FromHours(1);

    /// <summary>
    /// How soon a step that asked for patience is tried again at the earliest: often at first, seldom when it drags on.
    /// </summary>
    public static TimeSpan Patience(TimeSpan waited)
    {
        TimeSpan rest = waited / 4;
        return rest < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1)
            : rest > TimeSpan.FromSeconds(30) ? TimeSpan.FromSeconds(30)
            : rest;
    }

    /// <param name="kind">The kind of step.</param>
    /// <param name="certain">Whether the other side answered and refused; otherwise it was not reached.</param>
    /// <param name="count">How often it failed in a row, from 1.</param>
    /// <param name="since">For how long it has been failing.</param>
    public static TimeSpan After(StepKind kind, bool certain, int count, TimeSpan since)
    {
        // A try reloads also the servers that work.
        TimeSpan own = since < Fresh ? MostWhileFresh
            : kind == StepKind.Deploy && since / 8 > MostAfterwards
                ? since / 8 < MostReloads ? since / 8 : MostReloads
            : MostAfterwards;
        (TimeSpan first, TimeSpan most) = (kind, certain) switch
        {
            // An issuer counts failed validations: five an hour a name is a usual limit.
            (StepKind.Issue, true) => (TimeSpan.FromSeconds(30), TimeSpan.FromHours(6)),
            (StepKind.Issue, false) => (TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)),

            // The next try swaps the chain of a host in service again.
            (StepKind.PutBack, _) => (TimeSpan.FromMinutes(1), TimeSpan.FromHours(1)),

            // The reload was done, and a server that reads other files is not helped by many.
            (StepKind.Reload, true) => (TimeSpan.FromMinutes(1), TimeSpan.FromHours(1)),
            (_, true) => (TimeSpan.FromSeconds(5), own),
            _ => (TimeSpan.FromSeconds(1), own),
        };
        double factor = Math.Pow(2, Math.Min(count - 1, 20));
        TimeSpan rest = first * factor;
        return rest < most ? rest : most;
    }
}

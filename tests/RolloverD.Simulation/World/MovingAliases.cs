using RolloverD.Simulation.Time;

namespace RolloverD.Simulation.World;

/// <summary>
/// CNAMEs that were led elsewhere all at once: each server takes the change over in its own time, and caches keep what
/// they got before.
/// </summary>
internal sealed class MovingAliases : IServed
{
    private readonly Timeline time;
    private readonly NameServers servers;
    private readonly TimeSpan ttl;
    private readonly Action changed;
    private readonly bool[] tookOver;
    private DateTimeOffset lastLedBack;

    /// <param name="time">The time.</param>
    /// <param name="servers">The servers of their zone.</param>
    /// <param name="ttl">TTL of the CNAMEs.</param>
    /// <param name="changed">Called when senders may be led elsewhere.</param>
    public MovingAliases(Timeline time, NameServers servers, TimeSpan ttl, Action changed)
    {
        (this.time, this.servers, this.ttl, this.changed) = (time, servers, ttl, changed);
        tookOver = new bool[servers.Count];
        lastLedBack = time.Now;
        servers.Join(this);
        servers.Spread(this);
    }

    /// <summary>Whether some cache may still be led where the CNAMEs led before.</summary>
    public bool MayLeadBack => LeadsBack || time.Now < lastLedBack + ttl;

    private bool LeadsBack => Enumerable.Range(0, tookOver.Length).Any(i => !servers.IsDown(i) && !tookOver[i]);

    /// <summary>
    /// Whether those servers that RolloverD can ask lead on or back; null when they do not agree.
    /// </summary>
    public bool? LeadsOn()
    {
        bool[] heard =
        [
            .. Enumerable.Range(0, tookOver.Length)
                .Where(i => !servers.IsDown(i) && !servers.IsHidden(i))
                .Select(i => tookOver[i])
                .Distinct(),
        ];
        return heard switch
        {
            [] => true, // nothing will be heard of the owner either
            [var one] => one,
            _ => null,
        };
    }

    public void Transfer(int server)
    {
        if (tookOver[server] || !servers.TakesTransfers(server))
            return;

        tookOver[server] = true;
        lastLedBack = time.Now;
        changed();
    }

    public void Silence(int server)
    {
        if (!tookOver[server])
            lastLedBack = time.Now;
    }

    public void Speak(int server) => changed();
}

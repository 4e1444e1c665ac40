using RolloverD.Simulation.Time;

namespace RolloverD.Simulation.World;

/// <summary>
/// One owner as it really is: what the provider holds, what each server gives out, and everything that any cache may
/// still have got from any of them at the worst instant.
/// </summary>
internal sealed class TlsaOwner : IServed
{
    private readonly Timeline time;
    private readonly NameServers servers;
    private readonly Action changed;
    private readonly Edition?[] gives;
    private readonly List<(Edition Edition, DateTimeOffset Last)> gave = [];

    /// <param name="time">The time.</param>
    /// <param name="name">The owner's name.</param>
    /// <param name="servers">The servers of its zone.</param>
    /// <param name="first">What it holds at first.</param>
    /// <param name="aliasTtl">TTL of the CNAME that leads here; zero without one.</param>
    /// <param name="sloppiness">How much longer than its TTL a sloppy cache keeps a set.</param>
    /// <param name="changed">Called when senders may get something new.</param>
    public TlsaOwner(
        Timeline time, string name, NameServers servers, Edition first, TimeSpan aliasTtl, TimeSpan sloppiness,
        Action changed)
    {
        (this.time, Name, this.servers, Held, AliasTtl, Sloppiness, this.changed) =
            (time, name, servers, first, aliasTtl, sloppiness, changed);
        gives = [.. Enumerable.Repeat<Edition?>(first, servers.Count)];
        servers.Join(this);
    }

    public string Name { get; }

    public TimeSpan AliasTtl { get; }

    public TimeSpan Sloppiness { get; }

    /// <summary>What the provider holds.</summary>
    public Edition Held { get; private set; }

    /// <summary>What a server gives out now; null while it gives nothing to anybody.</summary>
    public Edition? GivenBy(int server) => servers.IsDown(server) ? null : gives[server];

    /// <summary>
    /// Every edition that some sender may be using now: given out, or in the cache of somebody who asked just in time.
    /// </summary>
    public void InUse(List<Edition> editions)
    {
        editions.Clear();
        DateTimeOffset now = time.Now;
        for (int i = 0; i < gives.Length; i++)
        {
            if (!servers.IsDown(i) && !editions.Contains(gives[i]!))
                editions.Add(gives[i]!);
        }

        for (int i = gave.Count - 1; i >= 0; i--)
        {
            if (now >= LeavesCaches(gave[i]))
                gave.RemoveAt(i);
            else if (!editions.Contains(gave[i].Edition))
                editions.Add(gave[i].Edition);
        }
    }

    /// <summary>
    /// What servers will give out: those that are down when they are back, if they get nothing newer, and all of them
    /// what the provider holds.
    /// </summary>
    public IEnumerable<Edition> Dormant =>
        Enumerable.Range(0, gives.Length).Where(servers.IsDown).Select(i => gives[i]!).Append(Held);

    /// <summary>How long the last cache holds anything but what the servers give now, at the latest.</summary>
    public DateTimeOffset CachesEmptyAt => gave.Count == 0 ? time.Now : gave.Max(LeavesCaches);

    /// <summary>The provider holds another set; it spreads to the servers each in its own time.</summary>
    public void Hold(Edition edition)
    {
        Held = edition;
        servers.Spread(this);
    }

    /// <summary>So it was before the run: every server gives it and nobody remembers anything else.</summary>
    public void Begin(Edition edition)
    {
        Held = edition;
        Array.Fill(gives, edition);
    }

    /// <summary>A server alone gives another set: somebody changed it there.</summary>
    public void GiveAlone(int server, Edition edition) => Give(server, edition);

    public void Transfer(int server)
    {
        if (!servers.TakesTransfers(server) || gives[server] == Held)
            return;

        Give(server, Held);
    }

    public void Silence(int server) => gave.Add((gives[server]!, time.Now));

    public void Speak(int server) => changed();

    private void Give(int server, Edition edition)
    {
        Edition before = gives[server]!;
        if (!servers.IsDown(server))
            gave.Add((before, Later(time.Now, LastGiven(server, before, edition))));
        gives[server] = edition;
        changed();
    }

    // Another instance at the same address may lag behind, but by less than the TTL: what RFC 7671 §8.1 counts on with
    // its second TTL. It is counted from the request, of which RolloverD knows: not from what somebody changed on the
    // server alone meanwhile.
    private DateTimeOffset LastGiven(int server, Edition before, Edition after) =>
        servers.InstanceLag(server) is { } share
            ? (Held == before ? after : Held).CalledAt
                + ((before.Records.Ttl - Sloppiness) * share) - TimeSpan.FromMinutes(1)
            : time.Now;

    private DateTimeOffset LeavesCaches((Edition Edition, DateTimeOffset Last) given) =>
        given.Last + given.Edition.Records.Ttl + (given.Edition.Records.IsAbsent ? TimeSpan.Zero : Sloppiness);

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}

using RolloverD.Simulation.Time;

namespace RolloverD.Simulation.World;

/// <summary>The authoritative servers of a zone and what is wrong with each of them.</summary>
internal sealed class NameServers(Timeline time, Dice dice, int count, bool hiddenPrimary)
{
    private readonly List<IServed> served = [];
    private readonly bool[] down = new bool[count];
    private readonly bool[] frozen = new bool[count];
    private readonly bool[] hidden = new bool[count];
    private readonly bool[] left = new bool[count];
    private readonly bool[] forgotten = new bool[count];
    private readonly double?[] instanceLag = new double?[count];

    public int Count => count;

    /// <summary>The longest time that a transfer takes now.</summary>
    public TimeSpan Lag { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether nobody gets an answer of it, because it is dead or no resolver asks it any more.</summary>
    public bool IsDown(int server) => down[server] || forgotten[server];

    /// <summary>Whether the zone has it; resolvers may go on asking one that was taken out.</summary>
    public bool IsListed(int server) => !left[server];

    /// <summary>Whether RolloverD alone cannot reach it.</summary>
    public bool IsHidden(int server) => hidden[server];

    public bool TakesTransfers(int server) => !frozen[server] && !down[server];

    /// <summary>Behind this address a second instance lags this share of the TTL; null when there is none.</summary>
    public double? InstanceLag(int server) => instanceLag[server];

    public void Join(IServed what) => served.Add(what);

    public bool IsPrimary(int server) => server == 0 && !hiddenPrimary;

    /// <summary>What the provider holds now spreads to the servers, each in its own time.</summary>
    public void Spread(IServed what)
    {
        for (int i = 0; i < count; i++)
        {
            int server = i;
            if (IsPrimary(server))
                what.Transfer(server);
            else
                time.In(dice.Spread(TimeSpan.FromMilliseconds(50), Lag), () => what.Transfer(server));
        }
    }

    public int Any() => dice.Below(count);

    public void Freeze(int server) => frozen[server] = true;

    public void Hide(int server) => hidden[server] = true;

    public void SecondInstance(int server, double? share) => instanceLag[server] = share;

    public void TakeDown(int server)
    {
        if (IsDown(server))
            return;

        foreach (IServed what in served)
            what.Silence(server);
        down[server] = true;
    }

    /// <summary>
    /// It is taken out of the zone, as it is and for good. Resolvers that know it as one of the zone's go on asking it.
    /// </summary>
    /// <param name="server">The server.</param>
    /// <param name="known">How long they know it.</param>
    public void TakeOut(int server, TimeSpan known)
    {
        left[server] = true;
        time.In(known, () =>
        {
            if (!IsDown(server))
            {
                foreach (IServed what in served)
                    what.Silence(server);
            }

            forgotten[server] = true;
        });
    }

    /// <summary>All is well with the server again; a while it may still give what it had.</summary>
    public void Repair(int server, TimeSpan refresh)
    {
        if (left[server])
            return; // nobody cares for it any more

        bool spoke = !down[server];
        (down[server], frozen[server], hidden[server]) = (false, false, false);
        foreach (IServed what in served)
        {
            if (!spoke)
                what.Speak(server);
            time.In(refresh, () => what.Transfer(server));
        }
    }

    public void RepairAll()
    {
        Lag = TimeSpan.FromSeconds(5);
        for (int i = 0; i < count; i++)
        {
            Repair(i, TimeSpan.FromSeconds(2));
            instanceLag[i] = null;
        }
    }
}

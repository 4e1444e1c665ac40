using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Simulation.Time;

namespace RolloverD.Simulation.World;

/// <summary>One address of an endpoint, with the processes that serve each certificate there.</summary>
internal sealed class Listener(Endpoint endpoint, string address)
{
    public Endpoint Endpoint => endpoint;

    public string Address => address;

    /// <summary>What the processes show, by certificate: the newest last.</summary>
    public SortedDictionary<string, List<Shown>> Slots { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether it was taken out of DNS; senders that have cached it go on using it.</summary>
    public bool IsOut { get; set; }

    /// <summary>Whether nobody uses it any more.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>Whether the machine there is left as it is: it takes nothing on any more.</summary>
    public bool IsLeftAlone { get; set; }

    /// <summary>Whether RolloverD alone cannot connect.</summary>
    public bool IsHidden { get; set; }

    /// <summary>Whether handshakes from RolloverD fail.</summary>
    public bool RefusesUs { get; set; }

    public IEnumerable<Shown> All => Slots.Values.SelectMany(s => s);
}

/// <summary>
/// The mail servers. Of the one kind every process reads the live files when it starts, and none lives longer than the
/// drain; the other kind reads them at a reload only. Either way old processes go on for a while.
/// </summary>
internal sealed class MailSystem(Timeline time, Dice dice, Scenario scenario, Action changed)
{
    private readonly Dictionary<string, Shown> live = [];

    public List<Listener> Listeners { get; } = [];

    /// <summary>Certificates that an operator put in by hand: their files in live/ are not read.</summary>
    public HashSet<string> Pinned { get; } = [];

    /// <summary>Certificates whose live files the servers are configured to read.</summary>
    public HashSet<string> Configured { get; } = [];

    /// <summary>Endpoints at which RolloverD met a chain of its own.</summary>
    public HashSet<Endpoint> TakenOver { get; } = [];

    public bool IsDown { get; set; }

    /// <summary>Called when the live link was swapped.</summary>
    public Action? Swapped { get; set; }

    public IEnumerable<Listener> At(Endpoint endpoint) => Listeners.Where(l => l.Endpoint == endpoint);

    public Shown? Live(string certificate) => live.GetValueOrDefault(certificate);

    /// <summary>The same chain as some process shows or may read already.</summary>
    public Shown? Known(string certificate, Chain chain) =>
        Live(certificate) is { } now && now.Chain.Equals(chain) ? now
        : Listeners.SelectMany(l => l.Slots.GetValueOrDefault(certificate) ?? [])
            .FirstOrDefault(s => s.Chain.Equals(chain));

    /// <summary>The servers listen on one more port, with the certificates that they show on another.</summary>
    public void Open(Endpoint endpoint, IEnumerable<Listener> like)
    {
        foreach (Listener listener in like.Where(l => !l.IsOut).ToArray())
        {
            var more = new Listener(endpoint, listener.Address);
            foreach ((string certificate, List<Shown> processes) in listener.Slots)
                more.Slots[certificate] = [processes[^1]];
            Listeners.Add(more);
        }

        changed();
    }

    /// <summary>The live link leads to this chain: processes that start may read it from now on.</summary>
    public void Swap(string certificate, Shown shown)
    {
        live[certificate] = shown;
        Swapped?.Invoke();
        if (scenario.ReadsByItself)
            TakeOn(certificate, _ => true);
    }

    /// <summary>An address is taken out of DNS.</summary>
    /// <param name="address">The address.</param>
    /// <param name="isLeftAlone">Whether its machine takes nothing on any more.</param>
    /// <param name="known">How long senders go on using it.</param>
    public void TakeOut(string address, bool isLeftAlone, TimeSpan known)
    {
        Listener[] there = [.. Listeners.Where(l => l.Address == address)];
        foreach (Listener listener in there)
            (listener.IsOut, listener.IsLeftAlone) = (true, isLeftAlone);
        time.In(known, () =>
        {
            foreach (Listener listener in there)
                listener.IsForgotten = true;
            changed();
        });
    }

    /// <summary>
    /// The running servers take on what live/ holds, at those addresses: also on ports that RolloverD does not look
    /// after, for one main.cf serves them all.
    /// </summary>
    public void TakeOn(string certificate, Func<Listener, bool> where)
    {
        if (Pinned.Contains(certificate) || !Configured.Contains(certificate) || Live(certificate) is not { } shown)
            return;

        foreach (Listener listener in Listeners.Where(where))
        {
            if (scenario.IsServedAt(certificate, listener.Endpoint) && !listener.IsLeftAlone)
                Show(listener, certificate, shown);
        }
    }

    /// <summary>New processes of one address show the chain; those before go on for at most the drain.</summary>
    public void Show(Listener listener, string certificate, Shown shown)
    {
        if (!listener.Slots.TryGetValue(certificate, out List<Shown>? processes))
            listener.Slots[certificate] = processes = [];
        if (processes.Count > 0 && processes[^1] == shown)
            return;

        processes.Remove(shown);
        processes.Add(shown);
        changed();
        time.In(scenario.LongestDrain * dice.Share(), () =>
            processes.RemoveRange(0, Math.Max(0, processes.IndexOf(shown))));
    }
}

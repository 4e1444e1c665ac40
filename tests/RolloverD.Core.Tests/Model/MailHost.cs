using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Tests.Model;

/// <summary>
/// The addresses of a mail host. Of the one kind of server every process reads the live files when it starts, and none
/// lives longer than the drain; the other kind reads them at a reload only. Either way old processes go on for a while.
/// </summary>
internal sealed class MailHost(Timeline time, Random random, int addresses, Chain initial, bool readsByItself)
{
    private readonly List<Chain>[] presented =
        [.. Enumerable.Range(0, addresses).Select(_ => new List<Chain> { initial })];
    private Chain live = initial;
    private int outOfReach = -1;

    /// <summary>The generation that the live files are of; null while they are not RolloverD's.</summary>
    public int? LiveGeneration { get; private set; }

    /// <summary>How long a process may outlive a reload.</summary>
    public TimeSpan LongestDrain { get; init; }

    /// <summary>Every chain that some process may show.</summary>
    public IEnumerable<Chain> Presented => presented.SelectMany(p => p).Distinct();

    public void Swap(int generation, Chain chain)
    {
        (LiveGeneration, live) = (generation, chain);
        if (readsByItself)
            Spread(chain);
    }

    /// <summary>Reloads; sometimes it says so and nothing happens.</summary>
    public void Reload(bool faults)
    {
        if (!readsByItself && (!faults || random.Next(6) > 0))
            Spread(live);
    }

    private void Spread(Chain chain)
    {
        foreach (List<Chain> processes in presented)
        {
            processes.Remove(chain);
            processes.Add(chain);
            time.In(LongestDrain * random.NextDouble(), () =>
                processes.RemoveRange(0, Math.Max(0, processes.IndexOf(chain))));
        }
    }

    public void HideAnAddress(TimeSpan how)
    {
        outOfReach = random.Next(presented.Length);
        time.In(how, () => outOfReach = -1);
    }

    public EndpointObservation Observe(Endpoint endpoint, Func<TimeSpan> pause)
    {
        DateTimeOffset started = time.Now;
        var seen = ImmutableArray.CreateBuilder<AddressObservation>();
        for (int i = 0; i < presented.Length; i++)
        {
            time.Advance(pause());
            Presented shown = i == outOfReach
                ? new Presented.Unreachable("timed out")
                : new Presented.Shows(presented[i][random.Next(presented[i].Count)], "TLSv1.3");
            seen.Add(new($"192.0.2.{i + 1}", [shown]));
        }

        return new(endpoint, started, time.Now, null, seen.ToImmutable());
    }
}

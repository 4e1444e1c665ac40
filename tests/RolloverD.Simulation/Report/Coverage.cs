using RolloverD.Core.Rollover;

namespace RolloverD.Simulation.Report;

/// <summary>How often each step, hold and fault occurred, and which faults met in one run.</summary>
internal sealed class Coverage
{
    private static readonly int Kinds = Enum.GetValues<Fault>().Length;

    private readonly long[,] pairs = new long[Kinds, Kinds];
    private readonly HashSet<Fault> thisRun = [];

    public long[] Faults { get; } = new long[Kinds];

    public long[] Steps { get; } = new long[Enum.GetValues<StepKind>().Length];

    public long[] Gates { get; } = new long[Enum.GetValues<Gate>().Length];

    /// <summary>How often a step was the one that went on while a fault of the kind had occurred in the run.</summary>
    public long[,] StepsWithFaults { get; } = new long[Enum.GetValues<StepKind>().Length, Kinds];

    public long Runs { get; private set; }

    public long Rollovers { get; set; }

    public long Ticks { get; set; }

    /// <summary>How often a refusal was excused, by the reason.</summary>
    public SortedDictionary<string, long> Excused { get; } = new(StringComparer.Ordinal);

    public TimeSpan Simulated { get; set; }

    public long Pairs(Fault a, Fault b) => pairs[(int)a, (int)b];

    public void Occurs(Fault fault)
    {
        Faults[(int)fault]++;
        thisRun.Add(fault);
    }

    public void Took(StepKind step)
    {
        Steps[(int)step]++;
        foreach (Fault fault in thisRun)
            StepsWithFaults[(int)step, (int)fault]++;
    }

    public void Held(Gate gate) => Gates[(int)gate]++;

    public void Excuses(string reason, long times = 1) =>
        Excused[reason] = Excused.GetValueOrDefault(reason) + times;

    public void EndRun()
    {
        Runs++;
        Fault[] met = [.. thisRun];
        foreach (Fault a in met)
        {
            foreach (Fault b in met)
                pairs[(int)a, (int)b]++;
        }

        thisRun.Clear();
    }

    public void Add(Coverage other)
    {
        Runs += other.Runs;
        Rollovers += other.Rollovers;
        Ticks += other.Ticks;
        Simulated += other.Simulated;
        Add(Faults, other.Faults);
        Add(Steps, other.Steps);
        Add(Gates, other.Gates);
        Add(pairs, other.pairs);
        Add(StepsWithFaults, other.StepsWithFaults);
        foreach ((string reason, long times) in other.Excused)
            Excuses(reason, times);
    }

    private static void Add(long[] sums, long[] more)
    {
        for (int i = 0; i < sums.Length; i++)
            sums[i] += more[i];
    }

    private static void Add(long[,] sums, long[,] more)
    {
        for (int i = 0; i < sums.GetLength(0); i++)
        {
            for (int j = 0; j < sums.GetLength(1); j++)
                sums[i, j] += more[i, j];
        }
    }
}

using System.Diagnostics;
using RolloverD.Simulation.Report;

namespace RolloverD.Simulation;

/// <summary>Many runs on all cores.</summary>
internal sealed class Fleet
{
    private readonly ulong end;
    private readonly List<(ulong Seed, string What)> violations = [];
    private readonly Coverage total = new();
    private ulong next;
    private ulong done;

    public Fleet(ulong first, ulong seeds) => (next, end) = (first, first + seeds);

    public Coverage Total => total;

    /// <summary>The seeds that failed, in their order, with what was wrong.</summary>
    public IReadOnlyList<(ulong Seed, string What)> Violations => violations;

    public int Go(TextWriter output)
    {
        var clock = Stopwatch.StartNew();
        Thread[] workers =
        [
            .. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work) { IsBackground = true }),
        ];
        foreach (Thread worker in workers)
            worker.Start();
        foreach (Thread worker in workers)
        {
            while (!worker.Join(TimeSpan.FromSeconds(5)))
                output.WriteLine($"{clock.Elapsed:mm\\:ss}  {Interlocked.Read(ref done)} seeds, {violations.Count} violation(s)");
        }

        output.WriteLine($"{total.Runs} seeds {total.Rollovers} rollovers {total.Simulated.TotalDays / 365:0.0} years {total.Faults.Sum()} faults {total.Ticks} ticks {clock.Elapsed} violations: {violations.Count}");
        CoverageTable.Write(total, output);
        foreach ((ulong seed, string what) in violations.OrderBy(v => v.Seed).Take(20))
            output.WriteLine($"seed {seed}: {what}");
        return violations.Count == 0 ? 0 : 1;
    }

    private void Work()
    {
        var coverage = new Coverage();
        while (true)
        {
            ulong seed = Interlocked.Increment(ref next) - 1;
            if (seed >= end)
                break;

            if (Run.Of(seed, coverage) is { } broken)
            {
                lock (violations)
                {
                    violations.Add((seed, broken));
                    Console.Error.WriteLine($"seed {seed}: {broken}");
                }
            }

            Interlocked.Increment(ref done);
        }

        lock (total)
            total.Add(coverage);
    }
}

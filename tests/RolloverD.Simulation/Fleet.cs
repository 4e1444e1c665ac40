using System.Collections.Concurrent;
using System.Diagnostics;
using RolloverD.Simulation.Report;

namespace RolloverD.Simulation;

/// <summary>Many runs on all cores.</summary>
internal sealed class Fleet
{
    private readonly ulong end;
    private const int ToldInFull = 3;
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30); // most take a tenth of a second

    private readonly List<Failure> violations = [];
    private readonly Coverage total = new();
    private readonly byte[]? digest;
    private readonly ConcurrentDictionary<ulong, TimeSpan> running = [];
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private ulong next;
    private ulong done;

    /// <param name="first">The first seed.</param>
    /// <param name="seeds">How many.</param>
    /// <param name="digests">Whether to keep every history and tell their digest; that takes twice the time.</param>
    public Fleet(ulong first, ulong seeds, bool digests = false) =>
        (next, end, digest) = (first, first + seeds, digests ? new byte[32] : null);

    public Coverage Total => total;

    /// <summary>The seeds that failed, in their order, with what was wrong.</summary>
    public IReadOnlyList<Failure> Violations => [.. violations.OrderBy(v => v.Seed)];

    public int Go(TextWriter output)
    {
        Thread[] workers =
        [
            .. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work) { IsBackground = true }),
        ];
        foreach (Thread worker in workers)
            worker.Start();
        foreach (Thread worker in workers)
        {
            while (!worker.Join(TimeSpan.FromSeconds(5)))
            {
                output.WriteLine(
                    $"{clock.Elapsed:hh\\:mm\\:ss}  {Interlocked.Read(ref done)} seeds, "
                    + $"{violations.Count} violation(s){Slow()}");
            }
        }

        output.WriteLine(
            $"{total.Runs} seeds {total.Rollovers} rollovers {total.Simulated.TotalDays / 365:0.0} years "
            + $"{total.Faults.Sum()} faults {total.Ticks} ticks {clock.Elapsed} violations: {violations.Count}");
        if (digest is not null)
            output.WriteLine($"digest of all histories: {Convert.ToHexStringLower(digest)}");
        CoverageTable.Write(total, output);
        foreach (Failure failure in Violations.Take(ToldInFull))
            output.WriteLine($"\n{failure.Tell()}");
        foreach (Failure failure in Violations.Skip(ToldInFull))
            output.WriteLine($"\nseed {failure.Seed}: {failure.What}");
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

            running[seed] = clock.Elapsed;
            History? history = digest is null ? null : new();
            string? broken = Run.Of(seed, coverage, history);
            running.TryRemove(seed, out _);
            if (history is not null)
                Add(history.Digest());
            if (broken is not null)
            {
                lock (violations)
                {
                    violations.Add(new(seed, broken));
                    Console.Error.WriteLine($"seed {seed}: {broken}");
                }
            }

            Interlocked.Increment(ref done);
        }

        lock (total)
            total.Add(coverage);
    }

    // A run that does not end is a violation, too, and nothing else would name it.
    private string Slow() => string.Concat(running
        .Where(r => clock.Elapsed - r.Value > Long)
        .Select(r => $"; seed {r.Key} runs for {clock.Elapsed - r.Value:hh\\:mm\\:ss}"));

    // Whichever run ends first: the order makes no difference.
    private void Add(byte[] history)
    {
        lock (total)
        {
            for (int i = 0; i < history.Length; i++)
                digest![i] ^= history[i];
        }
    }
}

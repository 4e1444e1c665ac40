using System.Globalization;
using RolloverD.Core.Rollover;

namespace RolloverD.Simulation.Report;

/// <summary>Writes down what the runs met, and what they never met.</summary>
internal static class CoverageTable
{
    public static void Write(Coverage coverage, TextWriter output)
    {
        Section(output, "steps", Enum.GetNames<StepKind>(), coverage.Steps);
        Section(output, "holds (decisions that waited)", Enum.GetNames<Gate>(), coverage.Gates);
        Section(output, "faults", Enum.GetNames<Fault>(), coverage.Faults);
        output.WriteLine("refusals that were excused (a set, a chain and a kind of sender each):");
        foreach ((string reason, long times) in coverage.Excused)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {reason,-60}{times,12:N0}"));
        Pairs(output, "pairs of faults in one run", Faults(coverage));
        Pairs(output, "steps after a fault in one run", Steps(coverage));
    }

    private static void Section(TextWriter output, string title, string[] names, long[] counts)
    {
        output.WriteLine($"{title}:");
        for (int i = 0; i < names.Length; i++)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {names[i],-28}{counts[i],12:N0}"));
    }

    private static List<(string Pair, long Count)> Faults(Coverage coverage) =>
    [
        .. from a in Enum.GetValues<Fault>()
           from b in Enum.GetValues<Fault>()
           where a < b
           select ($"{a} + {b}", coverage.Pairs(a, b)),
    ];

    private static List<(string Pair, long Count)> Steps(Coverage coverage) =>
    [
        .. from step in Enum.GetValues<StepKind>()
           from fault in Enum.GetValues<Fault>()
           select ($"{step} after {fault}", coverage.StepsWithFaults[(int)step, (int)fault]),
    ];

    private static void Pairs(TextWriter output, string title, List<(string Pair, long Count)> pairs)
    {
        string[] never = [.. pairs.Where(p => p.Count == 0).Select(p => p.Pair)];
        output.WriteLine($"{title}: {pairs.Count - never.Length} of {pairs.Count} occurred; the rarest:");
        foreach ((string pair, long count) in pairs.Where(p => p.Count > 0).OrderBy(p => p.Count).Take(5))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {pair,-60}{count,12:N0}"));
        if (never.Length > 0)
            output.WriteLine($"  never: {string.Join(", ", never.Take(12))}{(never.Length > 12 ? ", …" : "")}");
    }
}

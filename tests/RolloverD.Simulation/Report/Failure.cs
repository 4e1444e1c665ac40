namespace RolloverD.Simulation.Report;

/// <summary>A seed that failed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="What">What was wrong.</param>
internal sealed record Failure(ulong Seed, string What)
{
    private const int LastLines = 30;
    private const int LongestLine = 400;

    /// <summary>What was wrong, the end of the history that led there, and the command that shows all of it.</summary>
    public string Tell()
    {
        var history = new History();
        string again = Run.Of(Seed, new(), history) is { } what && what == What
            ? ""
            : "\nthe same seed gave another history this time: something in it is not drawn from the seed";
        IEnumerable<string> tail = history.Lines.TakeLast(LastLines)
            .Select(l => l.Length <= LongestLine ? l : $"{l.AsSpan(0, LongestLine)}…");
        return $"""
            seed {Seed}: {What}
            {string.Join('\n', tail)}
            all of it: dotnet run -c Release --project tests/RolloverD.Simulation -- --seed {Seed}{again}
            """;
    }
}

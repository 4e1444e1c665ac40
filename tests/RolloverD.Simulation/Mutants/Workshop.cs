using System.Diagnostics;
using RolloverD.Simulation.Report;

namespace RolloverD.Simulation.Mutants;

/// <summary>
/// Builds the simulation once more from a copy of the sources, in which every mutant stands beside the right expression
/// and an environment variable picks one. The product itself knows nothing of mutants.
/// </summary>
internal sealed class Workshop(string repository, TextWriter output)
{
    private static readonly string[] Needed =
    [
        "src/RolloverD.Core",
        "src/RolloverD/Engine",
        "src/RolloverD/Store",
        "tests/RolloverD.Simulation",
        "tests/Shared",
    ];

    /// <summary>Hunts each mutant whose name holds the text, with as many seeds as said, and prints a table.</summary>
    public int Go(int seeds, string text)
    {
        string copy = Directory.CreateTempSubdirectory("rolloverd-mutants-").FullName;
        try
        {
            Copy(copy);
            Mutate(copy);
            string program = Build(copy);
            int[] hunted =
            [
                .. Enumerable.Range(0, Mutant.All.Length)
                    .Where(i => Mutant.All[i].Name.Contains(text, StringComparison.Ordinal)),
            ];
            int survived = hunted.Count(i => !Hunt(program, i, seeds));
            output.WriteLine($"{hunted.Length} mutants, {hunted.Length - survived} caught, {survived} survived");
            return survived == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private void Copy(string copy)
    {
        IEnumerable<string> files = Directory.EnumerateFiles(repository)
            .Where(f => !f.EndsWith(".sln", StringComparison.Ordinal));
        foreach (string file in files)
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        foreach (string folder in Needed)
        {
            string from = Path.Combine(repository, folder);
            foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            {
                string to = Path.Combine(copy, Path.GetRelativePath(repository, file));
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(file, to);
            }
        }
    }

    private static void Mutate(string copy)
    {
        File.WriteAllText(
            Path.Combine(copy, "src/RolloverD.Core/Mutation.cs"),
            """
            namespace RolloverD.Core;

            #pragma warning disable
            public static class Mutation
            {
                private static readonly string Active = System.Environment.GetEnvironmentVariable("MUTANT") ?? "";
                public static bool Is(string number) => Active == number;
            }
            """);
        foreach (IGrouping<(string File, string Right), (Mutant Mutant, int Number)> same in Mutant.All
            .Select((m, i) => (Mutant: m, Number: i)).GroupBy(m => (m.Mutant.File, m.Mutant.Right)))
        {
            string path = Path.Combine(copy, same.Key.File);
            string text = File.ReadAllText(path);
            string mutated = same.Aggregate(
                same.Key.Right,
                (right, m) => $"global::RolloverD.Core.Mutation.Is(\"{m.Number}\") ? {m.Mutant.Wrong} : {right}");
            if (text.Split(same.Key.Right).Length != 2)
                throw new InvalidOperationException($"{same.Key.File} does not hold once: {same.Key.Right}");
            File.WriteAllText(path, text.Replace(same.Key.Right, $"({mutated})", StringComparison.Ordinal));
        }
    }

    private static string Build(string copy)
    {
        using Process build = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                "build", "-c", "Release", "-v", "q", "-nologo", "tests/RolloverD.Simulation",
                "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", "-p:EnforceCodeStyleInBuild=false",
            },
            WorkingDirectory = copy,
            RedirectStandardOutput = true,
        })!;
        string said = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        return build.ExitCode == 0
            ? Path.Combine(copy, "artifacts/bin/RolloverD.Simulation/release/RolloverD.Simulation.dll")
            : throw new InvalidOperationException($"the mutants do not compile:\n{said}");
    }

    // A seed counts that fails with the mutant and does not without it.
    private bool Hunt(string program, int number, int seeds)
    {
        Mutant mutant = Mutant.All[number];
        using Process run = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList = { program, "--from", $"{mutant.From}", "--seeds", $"{seeds}" },
            Environment = { ["MUTANT"] = $"{number}" },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        run.BeginOutputReadLine();
        ulong? caught = null;
        while (caught is null && run.StandardError.ReadLine() is { } line)
        {
            if (line.StartsWith("seed ", StringComparison.Ordinal)
                && ulong.TryParse(line.AsSpan(5, line.IndexOf(':') - 5), out ulong seed)
                && Run.Of(seed, new Coverage()) is null)
            {
                caught = seed;
            }
        }

        if (!run.HasExited)
            run.Kill();
        run.WaitForExit();
        string what = $"{mutant.Name,-62}";
        output.WriteLine(caught is { } c
            ? $"{what} seed {c,6} after {c - mutant.From + 1,6} seed(s)  caught"
            : $"{what} {seeds} seeds  survived");
        output.Flush();
        return caught is not null;
    }
}

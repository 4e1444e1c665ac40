using System.Globalization;
using RolloverD.Simulation;
using RolloverD.Simulation.Mutants;
using RolloverD.Tests.Shared;

ulong? seeds = null;
ulong from = 1;
bool mutants = false;
string mutant = "";
bool digests = false;
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--seeds":
            seeds = ulong.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--from":
            from = ulong.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--seed":
            return Replay(ulong.Parse(args[++i], CultureInfo.InvariantCulture));
        case "--mutants":
            mutants = true;
            break;
        case "--mutant":
            (mutants, mutant) = (true, args[++i]);
            break;
        case "--digest":
            digests = true;
            break;
        case "--bench":
            return Bench.Go(Console.Out);
        default:
            Console.Error.WriteLine($"unknown option '{args[i]}'; see tests/RolloverD.Simulation/README.md");
            return 64;
    }
}

if (mutants)
    return new Workshop(Repository.Root, Console.Out).Go((int)(seeds ?? 30_000), mutant);

return new Fleet(from, seeds ?? 1000, digests).Go(Console.Out);

static int Replay(ulong seed)
{
    string? broken = Run.Of(seed, new(), new(Console.Out));
    Console.WriteLine(broken is null ? "no violation" : $"violation: {broken}");
    return broken is null ? 0 : 1;
}

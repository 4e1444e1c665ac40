using System.Globalization;
using RolloverD.Simulation;
using RolloverD.Simulation.Report;

ulong seeds = 1000;
ulong from = 1;
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
    }
}

return new Fleet(from, seeds).Go(Console.Out);

static int Replay(ulong seed)
{
    var history = new History();
    string? broken = Run.Of(seed, new(), history);
    foreach (string line in history.Lines)
        Console.WriteLine(line);
    Console.WriteLine(broken is null ? "no violation" : $"violation: {broken}");
    return broken is null ? 0 : 1;
}

using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Simulation.Report;
using RolloverD.Simulation.World;

namespace RolloverD.Simulation;

/// <summary>How fast: simulated rollovers a second and core, and one decision of the planner.</summary>
internal static class Bench
{
    public static int Go(TextWriter output)
    {
        Simulate(output, "with faults", Scenario.Draw);
        Simulate(output, "without faults", seed => Scenario.Draw(seed).WithoutFaults());
        Decide(output);
        return 0;
    }

    private static void Simulate(TextWriter output, string title, Func<ulong, Scenario> draw)
    {
        // What is hot is compiled anew by its profile: a long run does most of its work after that.
        var clock = Stopwatch.StartNew();
        for (ulong seed = 1_000_000; clock.Elapsed < TimeSpan.FromSeconds(45); seed++)
            Run.Of(draw(seed), new());

        var coverage = new Coverage();
        long before = GC.GetAllocatedBytesForCurrentThread();
        clock.Restart();
        for (ulong seed = 100; clock.Elapsed < TimeSpan.FromSeconds(10); seed++)
            Run.Of(draw(seed), coverage);
        double seconds = clock.Elapsed.TotalSeconds;
        long bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / coverage.Ticks;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"simulation {title}: {coverage.Rollovers / seconds:N0} rollovers, {coverage.Runs / seconds:N0} runs, "
            + $"{coverage.Ticks / seconds:N0} turns a second on one core; a rollover takes "
            + $"{(double)coverage.Ticks / coverage.Rollovers:N0} turns, a turn {bytes:N0} bytes"));
    }

    private static void Decide(TextWriter output)
    {
        const int warmUp = 20_000;
        const int measured = 50_000;
        DateTimeOffset now = Scenario.Start;
        Scene scene = new(Scenario.Draw(3) with { Faults = [], CallFaults = 0 }, new(), null);
        ImmutableArray<Endpoint> endpoints =
        [
            new("mx1.example.net", 25),
            new("mx1.example.net", 465),
            new("mx1.example.net", 587),
            new("mx2.example.net", 25),
        ];
        DesiredCertificate certificate = scene.Scenario.Certificates[0] with
        {
            Names = ["mx1.example.net", "mx2.example.net"],
            Endpoints = endpoints,
            KeyPolicy = KeyPolicy.Reuse,
            RotateAfter = TimeSpan.FromDays(365),
        };
        Desired desired = scene.Desired with
        {
            Certificates = ImmutableSortedDictionary<string, DesiredCertificate>.Empty.Add("mx", certificate),
        };
        Chain chain = scene.StrangerChain("ca1", KeyAlgorithm.EcdsaP256);
        var set = new RecordSet([chain.RecordFor(TlsaParameters.DaneEeSpkiSha256)!], TimeSpan.FromHours(1));
        Facts facts = Facts.None.With(CertificateFacts.New("mx").With(new Generation(
            1, KeyAlgorithm.EcdsaP256, chain.Key, now, new GenerationState.Live(chain, now))));
        foreach (Endpoint endpoint in endpoints)
        {
            facts = facts
                .With(new OwnerLedger(
                    endpoint.TlsaName, [new(set, now, new SetState.Seen())], [.. set.Records], TimeSpan.Zero))
                .With(new EndpointFacts(endpoint, endpoint.TlsaName, [chain], now, null));
        }

        Observation nothing = Observation.Nothing;
        for (int i = 0; i < warmUp; i++)
            Planner.Next(desired, facts, nothing, "mx", now.AddDays(1));
        long before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < measured; i++)
            Planner.Next(desired, facts, nothing, "mx", now.AddDays(1));
        double micros = clock.Elapsed.TotalMicroseconds / measured;
        long bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / measured;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"planner: one decision for a certificate with {endpoints.Length} endpoints takes {micros:0.0} µs "
            + $"and allocates {bytes:N0} bytes"));
    }
}

using System.Globalization;
using CsCheck;
using RolloverD.Core.Policy;
using Xunit;

namespace RolloverD.Core.Tests.Model;

/// <summary>
/// Days of renewals and rolls in a world of lagging servers, sloppy caches, stubborn mail servers, people who edit, and
/// crashes. CsCheck_Seed replays a failure; ROLLOVERD_MODEL_RUNS asks for more runs.
/// </summary>
public class InvariantTests
{
    private static readonly long Runs = long.Parse(
        Environment.GetEnvironmentVariable("ROLLOVERD_MODEL_RUNS") ?? "20", CultureInfo.InvariantCulture);

    private static readonly Gen<Scenario> Scenarios =
        from seed in Gen.Int[0, int.MaxValue]
        from policy in Gen.Enum<KeyPolicy>()
        from tlsa in Gen.Int[0, Scenario.TlsaLists.Length - 1].Select(i => Scenario.TlsaLists[i])
        from before in Gen.Int[0, Scenario.Befores.Length - 1].Select(i => Scenario.Befores[i])
        from servers in Gen.Int[1, 3]
        from hidden in Gen.Bool
        from addresses in Gen.Int[1, 2]
        from faults in Gen.Frequency((1, Gen.Const(false)), (3, Gen.Const(true)))
        select new Scenario(seed, policy, tlsa, before, servers, hidden, addresses, faults);

    [Fact]
    public void No_sender_is_ever_refused_and_every_roll_ends_well() =>
        Scenarios.Sample(
            scenario =>
            {
                var world = new World(scenario);
                world.Run(TimeSpan.FromDays(8));
                world.Calm();
                world.Run(TimeSpan.FromDays(2));

                // A renewal that began just before is under way then, and must end, too.
                for (int more = 0; more < 24 && world.Complaint() is not null; more++)
                    world.Run(TimeSpan.FromMinutes(30));
                if (world.Complaint() is { } complaint)
                {
                    throw new InvalidOperationException(
                        $"{scenario}: {complaint}\n{world.Holds}\n" + string.Join('\n', world.Journal.TakeLast(60)));
                }
            },
            iter: Runs,
            threads: 2);
}

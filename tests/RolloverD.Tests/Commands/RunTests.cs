using System.Collections.Concurrent;
using RolloverD.Commands;
using RolloverD.Core.Ports;
using RolloverD.Engine;
using RolloverD.Tests.Engine.Model;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Xunit;

namespace RolloverD.Tests.Commands;

/// <summary>How the daemon ends, by which systemd knows whether to start it again.</summary>
public sealed class RunTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Lines lines = new();

    [Fact]
    public async Task A_fault_of_its_own_ends_it_with_a_code_by_which_it_is_started_again()
    {
        int code = await RunAsync(Nothing with { Steady = new BrokenClock() }).WaitAsync(Patience);

        Assert.Equal(ExitCode.Fault, code);
        Assert.Contains(
            "the daemon ends because of a fault of its own: \"no such clock\"; "
            + "what was begun is taken up at the next start",
            lines.Said);
    }

    [Fact]
    public async Task Without_a_doorbell_it_works_until_it_is_told_to_stop()
    {
        using var stop = new CancellationTokenSource(Patience);
        lines.Saw = line =>
        {
            if (line.Contains("cannot be watched", StringComparison.Ordinal))
                stop.CancelAfter(TimeSpan.FromMilliseconds(200));
        };

        Assert.Equal(ExitCode.Good, await RunAsync(Nothing, stop.Token));
        Assert.Contains(lines.Said, l => l.Contains("\"/state\" cannot be watched", StringComparison.Ordinal));
        Assert.DoesNotContain(lines.Said, l => l.Contains("of its own", StringComparison.Ordinal));
    }

    // No certificates, and a state directory that is not there.
    private static World Nothing
    {
        get
        {
            World world = new EngineWorld().World;
            return world with
            {
                Time = TimeProvider.System,
                Steady = null,
                Desired = world.Desired with { Certificates = world.Desired.Certificates.Clear() },
            };
        }
    }

    private async Task<int> RunAsync(World world, CancellationToken cancellation = default)
    {
        await using Logger log = new LoggerConfiguration().WriteTo.Sink(lines).CreateLogger();
        return await RunCommand.RunAsync(world, log, null, cancellation);
    }

    private sealed class BrokenClock : ISteadyClock
    {
        public SteadyTime Now => throw new InvalidOperationException("no such clock");
    }

    private sealed class Lines : ILogEventSink
    {
        private readonly ConcurrentQueue<string> said = new();

        public IReadOnlyCollection<string> Said => said;

        public Action<string> Saw { get; set; } = _ => { };

        public void Emit(LogEvent logEvent)
        {
            string line = logEvent.RenderMessage(System.Globalization.CultureInfo.InvariantCulture);
            said.Enqueue(line);
            Saw(line);
        }
    }
}

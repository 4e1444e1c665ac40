using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Engine;

/// <summary>
/// SIGHUP, as <c>systemctl reload</c> sends it: somebody mended something and wants it to be met now. What rests after
/// a failure is tried at once, but for orders. The configuration is not read again.
/// </summary>
internal sealed class Summons : IDisposable
{
    private readonly World world;
    private readonly ILogger log;
    private readonly SemaphoreSlim called = new(0);
    private readonly PosixSignalRegistration registration;

    public Summons(World world, ILogger log)
    {
        (this.world, this.log) = (world, log);
        registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true; // which would end the program
            called.Release();
        });
    }

    /// <summary>Completes when somebody called since the last time, with nothing resting any more.</summary>
    public async Task CalledAsync(CancellationToken cancellation)
    {
        await called.WaitAsync(cancellation);
        log.Summoned();
        try
        {
            new FactsStore(world.Store, world.Time, world.Steady).Update(facts => (Hurry(facts), []));
        }
        catch (StoreException)
        {
            // The turn that follows meets the same and says so.
        }
    }

    public void Dispose()
    {
        registration.Dispose();
        called.Dispose();
    }

    private Facts Hurry(Facts facts)
    {
        DateTimeOffset now = world.Time.GetUtcNow();
        foreach (CertificateFacts known in facts.Certificates.Values)
        {
            if (known.Hurry(now) is var hurried && !ReferenceEquals(hurried, known))
                facts = facts.With(hurried);
        }

        return facts;
    }
}

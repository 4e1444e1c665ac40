using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Engine;

/// <summary>
/// Keeps an alarm for every certificate. Quartz is the alarm clock and nothing more: each turn says when it wants to be
/// woken; a lost or doubled alarm does no harm, because a turn decides from facts alone.
/// </summary>
internal sealed class RolloverService(
    World world, ISchedulerFactory schedulers, Heart heart, ILogger<RolloverService> log)
    : BackgroundService
{
    /// <summary>How long a clock that was set can go unnoticed.</summary>
    private static readonly TimeSpan ClockPoll = TimeSpan.FromSeconds(5);

    /// <summary>Whether a fault ended it, and not somebody's word.</summary>
    public bool HasFailed { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await WatchOverAsync(stoppingToken);
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            HasFailed = true;
            log.Failed(e.Message.TrimEnd('.'));
            throw; // the host tells where in the program, and ends
        }
    }

    private async Task WatchOverAsync(CancellationToken stoppingToken)
    {
        IScheduler scheduler = await schedulers.GetScheduler(stoppingToken);
        foreach (string name in world.Desired.Certificates.Keys)
        {
            IJobDetail job = JobBuilder.Create<TickJob>()
                .WithIdentity(name)
                .StoreDurably()
                .Build();
            await scheduler.ScheduleJob(
                job, TickJob.Alarm(name, world.Time.GetUtcNow(), world.Time), cancellationToken: stoppingToken);
        }

        log.Started(world.Desired.Certificates.Count, string.Join(", ", world.Desired.Certificates.Keys));
        TellLeftOvers();
        using Doorbell? doorbell = Doorbell.TryHang(world.Desired.StateDirectory, out string? why);
        if (doorbell is null)
            log.NoDoorbell(world.Desired.StateDirectory, why!);
        using var summons = new Summons(world, log);
        using CancellationTokenRegistration stopping = stoppingToken.Register(log.Stopping);
        heart.Begin(stoppingToken);

        // They end together: one that failed is not to be missed because the others go on.
        using var together = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        List<Task> wakers = [WakeAllAsync(scheduler, summons.CalledAsync, together.Token)];
        if (doorbell is not null)
            wakers.Add(WakeAllAsync(scheduler, doorbell.RungAsync, together.Token));
        if (world.Steady is not null)
            wakers.Add(WakeAllAsync(scheduler, ClockWasSetAsync, together.Token));
        await Task.WhenAny(wakers);
        await together.CancelAsync();
        await Task.WhenAll(wakers);
    }

    private async Task WakeAllAsync(
        IScheduler scheduler, Func<CancellationToken, Task> reason, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await reason(stopping);
            foreach (string name in world.Desired.Certificates.Keys)
                await scheduler.TriggerJob(new JobKey(name), cancellationToken: stopping);
        }
    }

    // Alarms stand at times of the wall clock: set back, it would reach them too late.
    private async Task ClockWasSetAsync(CancellationToken stopping)
    {
        ISteadyClock steady = world.Steady!;
        ClockReading before = Clocks.Read(world.Time, steady);
        do
            await Task.Delay(ClockPoll, world.Time, stopping);
        while (before.JumpTo(Clocks.Read(world.Time, steady)) is null);
    }

    private void TellLeftOvers()
    {
        try
        {
            foreach (CertificateFacts certificate in new FactsStore(world.Store).Load().Facts.Certificates.Values)
            {
                if (!world.Desired.Certificates.ContainsKey(certificate.Name) && IsKept(certificate))
                    log.LeftOver(certificate.Name, world.Desired.StateDirectory);
            }
        }
        catch (StoreException)
        {
            // The first turn meets the same and says so.
        }
    }

    private static bool IsKept(CertificateFacts certificate) =>
        certificate.Generations.Any(g => g.State is not GenerationState.Archived);
}

/// <summary>One turn for one certificate, and the next alarm.</summary>
[DisallowConcurrentExecution]
internal sealed class TickJob(World world, Turns turns) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        string name = context.JobDetail.Key.Name;
        DateTimeOffset wakeAt;
        try
        {
            wakeAt = await turns.TakeAsync(name, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return; // the intent is saved; the next start goes on from there
        }

        ITrigger alarm = Alarm(name, wakeAt, world.Time);
        if (await context.Scheduler.RescheduleJob(new TriggerKey(name), alarm, cancellationToken) is null)
            await context.Scheduler.ScheduleJob(alarm, cancellationToken: cancellationToken);
        Rest.Until(wakeAt - world.Time.GetUtcNow());
    }

    public static ITrigger Alarm(string name, DateTimeOffset at, TimeProvider time) =>
        TriggerBuilder.Create(time)
            .WithIdentity(name)
            .ForJob(name)
            .StartAt(at)
            .Build();
}

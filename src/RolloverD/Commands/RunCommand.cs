using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Quartz;
using RolloverD.Commands.Watching;
using RolloverD.Engine;
using RolloverD.Store;
using Serilog;
using Serilog.Core;

namespace RolloverD.Commands;

/// <summary><c>rolloverd run</c>: the daemon.</summary>
internal static class RunCommand
{
    /// <summary>So many lines of the terminal stay for the log.</summary>
    private const int LogLines = 4;

    public static Command Create(CommonOptions common)
    {
        var command = new Command(
            "run",
            """
            Runs as the daemon: looks after every configured certificate until it is stopped.
            Under systemd it reports readiness, status and the watchdog.
            It may be stopped or killed at any moment; the next start goes on where it stood.

            On a terminal it shows below its log what was done, what is waited for and who is to act, and what comes
            next. Elsewhere, and with TERM=dumb, it writes log lines alone; NO_COLOR takes the colours away.
            """);
        Lesson.Teach(command, new(
            [
                ("run", "The unit of systemd does this. By hand: end it with Ctrl-C; nothing is lost."),
            ],
            [
                (0, "it was told to stop"),
                (69, "another daemon, or a step by hand, is at work in the same state directory"),
                (70, "a fault of its own ended it; the log says which"),
                (78, "the configuration is wrong: every error is said"),
            ]));
        command.SetAction((parsed, cancellation) =>
            RunAsync(Composition.Open(parsed.GetValue(common.File)!), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(World world, CancellationToken cancellation)
    {
        using DaemonLock daemon = await Composition.LockAsync(
            world,
            $"another daemon works in {world.Desired.StateDirectory}",
            "stop it first, or use 'rolloverd status' to see it work",
            cancellation);
        if (!Terminal.IsLive)
            return await RunAsync(world, Logging.Create(), null, cancellation);

        var watch = new Watch(world, [.. world.Desired.Certificates.Keys]);
        var screen = new LiveScreen(world.Time);
        return await screen.ShowAsync(
            (width, height) => TimelineText.Of(watch.At(world.Time.GetUtcNow()), width, height - LogLines),
            () => RunAsync(world, Logging.Create(screen.PrintAbove), watch.Saw, cancellation));
    }

    /// <summary>Works until it is told to stop, or until a fault ends it.</summary>
    /// <returns>The exit code: by it systemd knows whether to start the daemon again.</returns>
    internal static async Task<int> RunAsync(
        World world, Logger log, Action<Sighting>? watcher, CancellationToken cancellation)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true });
        builder.Services.AddSerilog(log, dispose: true);
        builder.Services.AddSystemd();
        builder.Services.TryAddSingleton<ISystemdNotifier>(new SystemdNotifier()); // it stays silent without systemd
        builder.Services.AddSingleton(world);
        builder.Services.AddSingleton(world.Time);
        builder.Services.AddSingleton<Heart>();
        builder.Services.AddSingleton(services => new Tick(
            world, services.GetRequiredService<Microsoft.Extensions.Logging.ILogger<Tick>>(), watcher));
        builder.Services.AddSingleton(services => new Turns(
            world,
            services.GetRequiredService<Tick>(),
            services.GetRequiredService<Heart>(),
            services.GetRequiredService<Microsoft.Extensions.Logging.ILogger<Turns>>(),
            watcher));
        builder.Services.AddTransient<TickJob>();
        builder.Services.AddQuartz(quartz => quartz.UseTimeProvider(world.Time));
        builder.Services.AddQuartzHostedService(options => options.WaitForJobsToComplete = true);
        builder.Services.AddHostedService<RolloverService>();
        using IHost host = builder.Build();
        RolloverService service = host.Services.GetServices<IHostedService>().OfType<RolloverService>().Single();
        await host.RunAsync(cancellation); // which ends without a word of it when the service failed
        return service.HasFailed ? ExitCode.Fault : ExitCode.Good;
    }
}

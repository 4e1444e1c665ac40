using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Quartz;
using RolloverD.Engine;
using RolloverD.Store;
using Serilog;
using Serilog.Core;

namespace RolloverD.Commands;

/// <summary><c>rolloverd run</c>: the daemon.</summary>
internal static class RunCommand
{
    public static Command Create(CommonOptions common)
    {
        var command = new Command(
            "run",
            """
            Runs as the daemon: looks after every configured certificate until it is stopped. Under systemd it reports readiness,
            status and the watchdog. It may be stopped or killed at any moment; the next start goes on where it stood.
            """);
        command.SetAction((parsed, cancellation) => RunAsync(Composition.Open(parsed.GetValue(common.File)!), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(World world, CancellationToken cancellation)
    {
        using DaemonLock daemon = await Composition.LockAsync(
            world,
            $"rolloverd: another daemon works in {world.Desired.StateDirectory}; stop it first, or use 'rolloverd status' to see it work",
            cancellation);

        Logger log = Logging.Create();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true });
        builder.Services.AddSerilog(log, dispose: true);
        builder.Services.AddSystemd();
        builder.Services.TryAddSingleton<ISystemdNotifier>(new SystemdNotifier()); // it stays silent without systemd
        builder.Services.AddSingleton(world);
        builder.Services.AddSingleton(world.Time);
        builder.Services.AddSingleton<Heart>();
        builder.Services.AddSingleton(services => new Tick(
            world, services.GetRequiredService<Microsoft.Extensions.Logging.ILogger<Tick>>()));
        builder.Services.AddTransient<TickJob>();
        builder.Services.AddQuartz(quartz => quartz.UseTimeProvider(world.Time));
        builder.Services.AddQuartzHostedService(options => options.WaitForJobsToComplete = true);
        builder.Services.AddHostedService<RolloverService>();
        using IHost host = builder.Build();
        await host.RunAsync(cancellation);
        return ExitCode.Good;
    }
}

using System.Diagnostics;
using System.Text;
using Xunit;

namespace RolloverD.Tests.Dns;

/// <summary>A server program in the foreground, a child of the tests that ends with them.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private readonly Process process;
    private Task drained = Task.CompletedTask;

    private Daemon(Process process) => this.process = process;

    /// <summary>Starts the program and waits until it logs that it is ready.</summary>
    public static async Task<Daemon> StartAsync(string program, string readyWhen, params string[] arguments)
    {
        Assert.True(File.Exists(program), $"{program} is missing: apt-get install bind9 bind9-utils unbound");
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        var daemon = new Daemon(Process.Start(start)!);
        var log = new StringBuilder();
        using var limit = new CancellationTokenSource(StartLimit);
        try
        {
            while (await daemon.process.StandardError.ReadLineAsync(limit.Token) is { } line)
            {
                log.AppendLine(line);
                if (!line.Contains(readyWhen, StringComparison.Ordinal))
                    continue;
                daemon.drained = daemon.process.StandardError.ReadToEndAsync(CancellationToken.None);
                return daemon;
            }
        }
        catch (OperationCanceledException)
        {
            log.AppendLine($"(nothing more within {StartLimit.TotalSeconds} s)");
        }

        await daemon.DisposeAsync();
        throw new InvalidOperationException($"{program} did not start:\n{log}");
    }

    /// <summary>Runs a program to its end; the text that it prints.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {output}{await errors}");
        return output;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        await drained;
        process.Dispose();
    }
}

using System.Diagnostics;
using System.Text;

namespace RolloverD.Providers.MailServers;

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Its exit code; -1 when it could not be started or was given up on.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Error">What it wrote to standard error, or why it could not be started.</param>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public bool Started => ExitCode >= 0;

    /// <summary>The last words of it, for an error message.</summary>
    public string LastWords =>
        (Error.Trim() + "\n" + Output.Trim()).Trim().Split('\n').LastOrDefault(l => l.Length > 0)?.Trim() ?? $"exit code {ExitCode}";
}

/// <summary>Runs a mail server's own tools: arguments as a list, no shell, English messages, bounded time and output.</summary>
internal sealed class CommandRunner(TimeProvider time, TimeSpan patience)
{
    private const int MostOutput = 256 * 1024;

    public async Task<CommandResult> RunAsync(string file, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("MAIL_CONFIG");
        using Process process = new() { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            return new(-1, "", $"{file} cannot be run: {e.Message}");
        }

        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        process.StandardInput.Close();
        Task<string> output = ReadAsync(process.StandardOutput, either.Token);
        Task<string> error = ReadAsync(process.StandardError, either.Token);
        try
        {
            await process.WaitForExitAsync(either.Token);
            return new(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            return new(-1, "", $"{file} did not end within {patience.TotalSeconds:0} s");
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        char[] buffer = new char[4096];
        while (await reader.ReadAsync(buffer, cancellation) is > 0 and var count)
        {
            if (text.Length < MostOutput)
                text.Append(buffer, 0, count);
        }

        return text.ToString();
    }
}

using System.Diagnostics;
using System.Text;

namespace RolloverD.Providers.MailServers;

/// <summary>
/// Runs a program of a mail server: arguments as a list, no shell, the C locale, no input, a limit on time and on what
/// it may print.
/// </summary>
internal sealed class Tool(string program, TimeSpan timeout, TimeProvider time)
{
    private const int MostCharacters = 64 * 1024;

    // A child that a tool leaves behind, as `postfix reload` does, may keep the pipes open.
    private static readonly TimeSpan OutputAfterEnd = TimeSpan.FromSeconds(1);

    public string Program => program;

    /// <summary>Runs it to its end. What goes wrong is in the outcome.</summary>
    public async Task<ToolOutcome> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        string commandLine = string.Join(' ', arguments.Prepend(program));
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
            StandardErrorEncoding = Encoding.Latin1,
            WorkingDirectory = "/",
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("MAIL_CONFIG"); // of Postfix: would be another directory than -c names
        start.Environment.Remove("MAIL_VERBOSE");

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            return new ToolOutcome.CannotRun(commandLine, e.Message);
        }

        using (process)
        using (var limit = new CancellationTokenSource(timeout, time))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token))
        using (var outputEnd = new CancellationTokenSource())
        {
            process.StandardInput.Close();
            Task<string> output = ReadAsync(process.StandardOutput, outputEnd.Token);
            Task<string> errors = ReadAsync(process.StandardError, outputEnd.Token);
            try
            {
                await process.WaitForExitAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                await outputEnd.CancelAsync();
                await Task.WhenAll(output, errors);
                cancellation.ThrowIfCancellationRequested();
                return new ToolOutcome.CannotRun(commandLine, $"it did not end within {timeout.TotalSeconds:0} s");
            }

            outputEnd.CancelAfter(OutputAfterEnd);
            return new ToolOutcome.Ended(commandLine, process.ExitCode, await output, await errors);
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken end)
    {
        var text = new StringBuilder();
        char[] buffer = new char[4096];
        try
        {
            while (await reader.ReadAsync(buffer, end) is > 0 and int read)
                text.Append(buffer, 0, Math.Min(read, MostCharacters - text.Length)); // the rest is read and forgotten
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // What came until now is what there is.
        }

        return text.ToString();
    }
}

/// <summary>What came of running a program.</summary>
internal abstract record ToolOutcome(string CommandLine)
{
    /// <summary>It ended by itself.</summary>
    public sealed record Ended(string CommandLine, int ExitCode, string Output, string Errors)
        : ToolOutcome(CommandLine)
    {
        /// <summary>What it printed to explain itself, on one line, or the empty text.</summary>
        public string Text => string.Join("; ", $"{Errors}\n{Output}".Split(
            '\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    /// <summary>It could not be started, or had to be ended.</summary>
    public sealed record CannotRun(string CommandLine, string Reason) : ToolOutcome(CommandLine);
}

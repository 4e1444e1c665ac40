using System.Text;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>
/// What Postfix writes into its own log file (maillog_file) from now on. Its commands explain themselves there when
/// they run without a terminal. Without such a file, or without the right to read it, there is nothing to tell.
/// </summary>
internal sealed class NewLogLines
{
    private const int MostBytes = 64 * 1024;
    private static readonly string[] Telling = ["fatal: ", "error: ", "warning: ", "panic: "];

    private readonly string _file;
    private readonly long _from;

    public NewLogLines(string file)
    {
        _file = file;
        try
        {
            _from = file.StartsWith("/dev/", StringComparison.Ordinal) || !File.Exists(file)
                ? -1
                : new FileInfo(file).Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _from = -1;
        }
    }

    /// <summary>The new lines that tell of trouble, on one line, or the empty text.</summary>
    public string Read()
    {
        if (_from < 0)
            return "";

        try
        {
            using var stream = new FileStream(
                _file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Position = Math.Min(_from, stream.Length);
            byte[] bytes = new byte[MostBytes];
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return string.Join("; ", Encoding.Latin1.GetString(bytes, 0, length)
                .Split('\n')
                .Select(line => Telling.Select(word => line.IndexOf(word, StringComparison.Ordinal))
                    .Where(at => at >= 0)
                    .Select(at => line[at..])
                    .FirstOrDefault())
                .OfType<string>()
                .Distinct());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

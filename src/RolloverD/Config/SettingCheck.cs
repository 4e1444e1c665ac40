using System.Buffers;
using System.Globalization;
using System.Net;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>Whether a text is what a setting asks for; the one place that knows each kind of setting.</summary>
internal static class SettingCheck
{
    private static readonly SearchValues<char> NeverInMailbox = SearchValues.Create(" \t:<>,\"");

    /// <summary>What is wrong with the text and what to do, or null.</summary>
    public static (string Message, string Remedy)? Flaw(SettingDefinition setting, string text) => setting.Kind switch
    {
        _ when text.Length == 0 => ("is empty", $"give {Expected(setting)}"),
        SettingKind.File => FileFlaw(text, setting.Secret),
        SettingKind.Directory => DirectoryFlaw(text),
        SettingKind.Url => UrlFlaw(text),
        SettingKind.SocketAddress => SocketAddressFlaw(text),
        SettingKind.MailAddress => MailAddressFlaw(text),
        SettingKind.Choice when !setting.Choices.Contains(text) =>
            ($"'{text}' is not one of {string.Join(", ", setting.Choices)}", NearestWord.Choose(text, setting.Choices)),
        SettingKind.Duration when !DurationText.TryParse(text, out _) =>
            ($"'{text}' is not a length of time", "write it like 90s, 5m, 1h30m or 2d"),
        _ => null,
    };

    /// <summary>What a setting takes, in words, also for config/README.md.</summary>
    public static string Expected(SettingDefinition setting) => setting.Kind switch
    {
        SettingKind.File => "absolute path of a file",
        SettingKind.Directory => "absolute path of a directory",
        SettingKind.Url => "http or https address",
        SettingKind.SocketAddress => "`address:port`, IPv6 in brackets",
        SettingKind.MailAddress => "mail address",
        SettingKind.Choice when setting.Choices.Length == 1 => $"`{setting.Choices[0]}`",
        SettingKind.Choice => $"one of {string.Join(", ", setting.Choices.Select(c => $"`{c}`"))}",
        SettingKind.Duration => "length of time",
        _ => "text",
    };

    /// <summary>A file that can be read now, named by an absolute path.</summary>
    public static (string Message, string Remedy)? FileFlaw(string path, bool secret)
    {
        if (!Path.IsPathRooted(path))
        {
            // Somebody may have put the secret itself here: it is not repeated.
            return (secret ? "is not the absolute path of a file" : $"'{path}' is not an absolute path",
                "write the whole path, beginning with /");
        }

        try
        {
            using FileStream stream = File.OpenRead(path);
            return null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return ($"the file {path} does not exist", "create it, or correct the path");
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(path))
        {
            return ($"{path} is a directory, not a file", "name the file");
        }
        catch (UnauthorizedAccessException)
        {
            return ($"the file {path} cannot be read: permission denied", "let the user that runs rolloverd read it");
        }
        catch (IOException e)
        {
            return ($"the file {path} cannot be read: {e.Message.TrimEnd('.')}", "see to it, or correct the path");
        }
    }

    /// <summary><c>address:port</c> with a port that is written out.</summary>
    public static (string Message, string Remedy)? SocketAddressFlaw(string text)
    {
        int colon = text.LastIndexOf(':');
        bool portGiven = colon > 0
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= 65535;
        string address = portGiven ? text[..colon] : text;
        bool bracketed = address.StartsWith('[') && address.EndsWith(']');
        string bare = bracketed ? address[1..^1] : address;
        if (portGiven && IsAddress(bare) && bracketed == bare.Contains(':', StringComparison.Ordinal))
            return null;

        if (IsAddress(text))
            return ($"'{text}' lacks the port", $"write {new IPEndPoint(IPAddress.Parse(text), 53)}");

        return ($"'{text}' is not an address and port", "write it like 192.0.2.53:53 or [2001:db8::53]:53");
    }

    // Written out: the platform's parser also takes 127.1, a number and an address in brackets.
    private static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out _)
        && !text.StartsWith('[')
        && (text.Contains(':', StringComparison.Ordinal) || text.Count(c => c == '.') == 3);

    private static (string Message, string Remedy)? DirectoryFlaw(string path) =>
        !Path.IsPathRooted(path) ? ($"'{path}' is not an absolute path", "write the whole path, beginning with /")
        : !Directory.Exists(path) ? ($"the directory {path} does not exist", "create it, or correct the path")
        : null;

    private static (string Message, string Remedy)? UrlFlaw(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
        && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
        && uri.Host.Length > 0
            ? null
            : ($"'{text}' is not an http or https address", "write it like https://acme.example.net/directory");

    private static (string Message, string Remedy)? MailAddressFlaw(string text)
    {
        int at = text.IndexOf('@', StringComparison.Ordinal);
        bool sound = at > 0
            && !text.AsSpan(0, at).ContainsAny(NeverInMailbox)
            && DnsName.TryNormalise(text[(at + 1)..], out string domain)
            && domain != ".";
        return sound
            ? null
            : ($"'{text}' is not a mail address", "write it like postmaster@example.net, without mailto:");
    }
}

using System.Collections.Immutable;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>What is missing for Postfix to serve a live file.</summary>
/// <param name="Reason">What is so instead.</param>
/// <param name="Lines">The lines that main.cf (or master.cf) needs.</param>
/// <param name="InMasterFile">Whether a service in master.cf overrides main.cf, which only a person can judge.</param>
internal sealed record MissingLines(string Reason, ImmutableArray<string> Lines, bool InMasterFile);

/// <summary>The TLS parameters of a Postfix instance. See postconf(5).</summary>
internal sealed record PostfixParameters(
    ImmutableDictionary<string, string> Main, ImmutableArray<(string Service, string Name, string Value)> Master)
{
    private const string ChainFiles = "smtpd_tls_chain_files";

    public static readonly ImmutableArray<string> Names =
    [
        "mail_version", ChainFiles, "smtpd_tls_security_level", "smtpd_use_tls", "smtpd_enforce_tls",
    ];

    private static readonly ImmutableArray<string> Overrides =
    [
        ChainFiles, "smtpd_tls_cert_file", "smtpd_tls_eccert_file", "smtpd_tls_dcert_file",
    ];

    /// <summary>Null when Postfix does not say.</summary>
    public Version? Version =>
        Version.TryParse(Value("mail_version").Split('-', '+')[0], out Version? version) ? version : null;

    /// <summary>Reads what <c>postconf NAMES</c> and <c>postconf -P</c> print.</summary>
    public static PostfixParameters Parse(string main, string master) => new(
        Lines(main).Select(l => l.Split('=', 2))
            .Where(p => p.Length == 2)
            .ToImmutableDictionary(p => p[0].Trim(), p => p[1].Trim()),
        [
            .. Lines(master).Select(l => l.Split('=', 2))
                .Where(p => p.Length == 2 && p[0].Contains('/', StringComparison.Ordinal))
                .Select(p => (
                    Service: p[0][..p[0].LastIndexOf('/')].Trim(),
                    Name: p[0][(p[0].LastIndexOf('/') + 1)..].Trim(),
                    Value: p[1].Trim())),
        ]);

    /// <summary>What Postfix lacks to serve the live files; null when nothing.</summary>
    public MissingLines? Missing(LiveFiles live)
    {
        foreach ((string service, string name, string value) in Master)
        {
            if (Overrides.Contains(name) && !(name == ChainFiles && Files(value).Contains(live.Combined)))
            {
                return new(
                    $"service {service} in master.cf has its own {name} = {value}",
                    [$"{ChainFiles} = {live.Combined} at {service} in master.cf, or no -o {name} there"],
                    InMasterFile: true);
            }
        }

        var lines = ImmutableArray.CreateBuilder<string>();
        string reason = "";
        string[] files = Files(Value(ChainFiles));
        if (!files.Contains(live.Combined))
        {
            // Other live files stay: an RSA and an ECDSA certificate stand side by side in this list.
            string state = Path.GetDirectoryName(Path.GetDirectoryName(live.Combined)) ?? "";
            string[] kept = [.. files.Where(f => f.StartsWith(state + "/", StringComparison.Ordinal))];
            reason = files.Length == 0 ? $"{ChainFiles} is empty" : $"{ChainFiles} = {string.Join(", ", files)}";
            lines.Add($"{ChainFiles} = {string.Join(", ", (string[])[.. kept, live.Combined])}");
        }

        bool on = Value("smtpd_tls_security_level") is "may" or "encrypt"
            || Value("smtpd_use_tls") == "yes" || Value("smtpd_enforce_tls") == "yes";
        if (!on)
        {
            reason += (reason.Length > 0 ? ", " : "") + "TLS is off for receiving";
            lines.Add("smtpd_tls_security_level = may");
        }

        return lines.Count == 0 ? null : new(reason, lines.ToImmutable(), InMasterFile: false);
    }

    private string Value(string name) => Main.GetValueOrDefault(name, "");

    private static string[] Files(string value) =>
        value.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private static string[] Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

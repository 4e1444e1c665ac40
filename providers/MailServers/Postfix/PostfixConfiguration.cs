using System.Collections.Immutable;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>What <c>postconf</c> tells of an instance: the parameters asked for, and master.cf's services.</summary>
/// <param name="Raw">Parameters as main.cf or the default has them.</param>
/// <param name="Expanded">The same with <c>$name</c> replaced.</param>
/// <param name="SetInMainCf">Those that main.cf sets itself.</param>
/// <param name="Services">The smtpd services, in the order of master.cf.</param>
internal sealed record PostfixConfiguration(
    ImmutableDictionary<string, string> Raw,
    ImmutableDictionary<string, string> Expanded,
    ImmutableHashSet<string> SetInMainCf,
    ImmutableArray<SmtpdService> Services)
{
    public const string ChainFiles = "smtpd_tls_chain_files";
    public const string SecurityLevel = "smtpd_tls_security_level";
    public const string WrapperMode = "smtpd_tls_wrappermode";
    public const string Version = "mail_version";
    public const string LogFile = "maillog_file";
    public const string SniMaps = "tls_server_sni_maps";

    /// <summary>What named keys and certificates before Postfix 3.4; chain files make it ignore them.</summary>
    public static readonly ImmutableArray<string> LegacyFiles =
    [
        "smtpd_tls_cert_file", "smtpd_tls_key_file", "smtpd_tls_eccert_file", "smtpd_tls_eckey_file",
        "smtpd_tls_dcert_file", "smtpd_tls_dkey_file",
    ];

    public static readonly ImmutableArray<string> Asked =
    [
        Version, LogFile, SniMaps, ChainFiles, SecurityLevel, WrapperMode, "smtpd_use_tls", "smtpd_enforce_tls",
        .. LegacyFiles,
    ];

    /// <summary>The value of a parameter with <c>$name</c> replaced; empty when it is not set.</summary>
    public string this[string parameter] => Expanded.GetValueOrDefault(parameter, "");

    /// <summary>Whether a service offers TLS at all; null: one without settings of its own.</summary>
    public bool OffersTls(SmtpdService? service = null)
    {
        string Value(string parameter) => service?.Overrides.GetValueOrDefault(parameter) ?? this[parameter];

        if (IsYes(Value(WrapperMode)))
            return true;

        // The older parameters count only when the newer one is empty, as smtpd has it.
        string level = Value(SecurityLevel);
        return level.Length > 0 ? level != "none" : IsYes(Value("smtpd_use_tls")) || IsYes(Value("smtpd_enforce_tls"));
    }

    /// <summary>The chain files that a service reads; null: one without settings of its own.</summary>
    public ImmutableArray<string> ChainFilesOf(SmtpdService? service = null) =>
        ListOf(service?.Overrides.GetValueOrDefault(ChainFiles) ?? this[ChainFiles]);

    /// <summary>Reads <c>name = value</c> lines.</summary>
    public static ImmutableDictionary<string, string> ParametersOf(string output) =>
        LinesOf(output)
            .Select(line => line.Split('=', 2))
            .Where(parts => parts.Length == 2)
            .GroupBy(parts => parts[0].Trim(), parts => parts[1].Trim())
            .ToImmutableDictionary(same => same.Key, same => same.Last());

    /// <summary>Reads the smtpd services out of what <c>postconf -M</c> and <c>postconf -xP</c> print.</summary>
    public static ImmutableArray<SmtpdService> ServicesOf(string services, string overrides)
    {
        // service/type/parameter = value
        ILookup<string, (string Parameter, string Value)> settings = ParametersOf(overrides)
            .Select(entry => (Parts: entry.Key.Split('/'), entry.Value))
            .Where(entry => entry.Parts.Length >= 3)
            .ToLookup(
                entry => string.Join('/', entry.Parts[..^1]),
                entry => (entry.Parts[^1], entry.Value));
        return
        [
            .. LinesOf(services)
                .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                .Where(fields => fields.Length >= 8 && fields[1] is "inet" or "pass" && fields[7] == "smtpd")
                .Select(fields => $"{fields[0]}/{fields[1]}")
                .Select(name => new SmtpdService(
                    name, settings[name].ToImmutableDictionary(s => s.Parameter, s => s.Value))),
        ];
    }

    public static ImmutableArray<string> ListOf(string value) =>
        [.. value.Split([',', ' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries)];

    private static string[] LinesOf(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsYes(string value) => value.Equals("yes", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A service of master.cf that receives mail.</summary>
/// <param name="Name">Name and type, as postconf writes it: <c>submission/inet</c>.</param>
/// <param name="Overrides">The parameters that it sets for itself with <c>-o</c>.</param>
internal sealed record SmtpdService(string Name, ImmutableDictionary<string, string> Overrides);

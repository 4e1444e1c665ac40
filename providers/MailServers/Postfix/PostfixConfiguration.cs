using System.Collections.Immutable;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>What <c>postconf</c> tells of an instance: the parameters asked for, and master.cf's services.</summary>
/// <param name="Raw">Parameters as main.cf or the default has them.</param>
/// <param name="Expanded">The same with <c>$name</c> replaced.</param>
/// <param name="SetInMainCf">Those that main.cf sets itself.</param>
/// <param name="AllServices">The services that may show a chain to who brings mail, in the order of master.cf.</param>
internal sealed record PostfixConfiguration(
    ImmutableDictionary<string, string> Raw,
    ImmutableDictionary<string, string> Expanded,
    ImmutableHashSet<string> SetInMainCf,
    ImmutableArray<PostfixService> AllServices)
{
    public const string ChainFiles = "smtpd_tls_chain_files";
    public const string SecurityLevel = "smtpd_tls_security_level";
    public const string WrapperMode = "smtpd_tls_wrappermode";
    public const string Version = "mail_version";
    public const string LogFile = "maillog_file";
    public const string SniMaps = "tls_server_sni_maps";
    public const string ProxyChainFiles = "tlsproxy_tls_chain_files";
    public const string ProxyName = "tlsproxy_service_name";

    private static readonly string[] LevelWords = ["tls_security_level", "use_tls", "enforce_tls"];

    /// <summary>What named keys and certificates before Postfix 3.4; chain files make it ignore them.</summary>
    public static readonly ImmutableArray<string> LegacyFiles =
    [
        "smtpd_tls_cert_file", "smtpd_tls_key_file", "smtpd_tls_eccert_file", "smtpd_tls_eckey_file",
        "smtpd_tls_dcert_file", "smtpd_tls_dkey_file",
    ];

    public static readonly ImmutableArray<string> Asked =
    [
        Version, LogFile, SniMaps, ChainFiles, WrapperMode, ProxyChainFiles, ProxyName,
        .. LevelWords.Select(word => $"smtpd_{word}"), .. LevelWords.Select(word => $"postscreen_{word}"),
        .. LegacyFiles,
    ];

    /// <summary>The smtpd services.</summary>
    public IEnumerable<PostfixService> Services =>
        AllServices.Where(s => s.Program == "smtpd" && s.Type is "inet" or "pass");

    /// <summary>
    /// The postscreen services that offer TLS, each with the tlsproxy that does it for them; null: master.cf has none.
    /// </summary>
    public IEnumerable<(PostfixService Screen, PostfixService? Proxy)> Screens =>
        from screen in AllServices
        where screen.Program == "postscreen" && IsLevelOn(screen, "postscreen_")
        let proxy = screen.Overrides.GetValueOrDefault(ProxyName) ?? this[ProxyName]
        select (screen, AllServices.FirstOrDefault(s => s.Program == "tlsproxy" && s.Name == $"{proxy}/unix"));

    /// <summary>The value of a parameter with <c>$name</c> replaced; empty when it is not set.</summary>
    public string this[string parameter] => Expanded.GetValueOrDefault(parameter, "");

    /// <summary>Whether a service offers TLS at all; null: one without settings of its own.</summary>
    public bool OffersTls(PostfixService? service = null) =>
        IsYes(ValueOf(WrapperMode, service)) || IsLevelOn(service, "smtpd_");

    /// <summary>The chain files that a service reads; null: one without settings of its own.</summary>
    public ImmutableArray<string> ChainFilesOf(PostfixService? service = null) => ListOf(ValueOf(ChainFiles, service));

    /// <summary>The chain files that a tlsproxy shows to who brings mail.</summary>
    public ImmutableArray<string> ProxyChainFilesOf(PostfixService proxy) => ListOf(ValueOf(ProxyChainFiles, proxy));

    /// <summary>Reads <c>name = value</c> lines.</summary>
    public static ImmutableDictionary<string, string> ParametersOf(string output) =>
        LinesOf(output)
            .Select(line => line.Split('=', 2))
            .Where(parts => parts.Length == 2)
            .GroupBy(parts => parts[0].Trim(), parts => parts[1].Trim())
            .ToImmutableDictionary(same => same.Key, same => same.Last());

    /// <summary>Reads the services out of what <c>postconf -M</c> and <c>postconf -xP</c> print.</summary>
    public static ImmutableArray<PostfixService> ServicesOf(string services, string overrides)
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
                .Where(fields => fields.Length >= 8 && fields[7] is "smtpd" or "postscreen" or "tlsproxy")
                .Select(fields => (Name: $"{fields[0]}/{fields[1]}", Type: fields[1], Program: fields[7]))
                .Select(s => new PostfixService(
                    s.Name, s.Type, s.Program,
                    settings[s.Name].ToImmutableDictionary(o => o.Parameter, o => o.Value))),
        ];
    }

    public static ImmutableArray<string> ListOf(string value) =>
        [.. value.Split([',', ' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries)];

    // A parameter of tlsproxy or postscreen is smtpd's unless it is set, which `-o` of the service changes, too.
    private string ValueOf(string parameter, PostfixService? service)
    {
        if (service?.Overrides.TryGetValue(parameter, out string? own) == true)
            return own;

        string raw = Raw.GetValueOrDefault(parameter, "");
        return service is not null && raw.StartsWith("$smtpd_", StringComparison.Ordinal)
            && service.Overrides.TryGetValue(raw[1..], out string? smtpds)
            ? smtpds
            : this[parameter];
    }

    // The older parameters count only when the newer one is empty, as smtpd and postscreen have it.
    private bool IsLevelOn(PostfixService? service, string prefix)
    {
        string[] values = [.. LevelWords.Select(word => ValueOf(prefix + word, service))];
        return values[0].Length > 0 ? values[0] != "none" : values[1..].Any(IsYes);
    }

    private static string[] LinesOf(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsYes(string value) => value.Equals("yes", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A service of master.cf that receives mail, or does so for one that does.</summary>
/// <param name="Name">Name and type, as postconf writes it: <c>submission/inet</c>.</param>
/// <param name="Type">The type alone.</param>
/// <param name="Program">What it runs: smtpd, postscreen or tlsproxy.</param>
/// <param name="Overrides">The parameters that it sets for itself with <c>-o</c>.</param>
internal sealed record PostfixService(
    string Name, string Type, string Program, ImmutableDictionary<string, string> Overrides);

using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>
/// Postfix 3.4 or later on this host: it reads <c>live/NAME/combined.pem</c> through <c>smtpd_tls_chain_files</c>, one
/// file with key and chain, so that the two never disagree.
/// </summary>
/// <remarks>
/// smtpd and tlsproxy load the chain when they start and keep it until they end. A reload lets each finish its
/// connection and starts new ones; even without a reload, new workers read the file as it then is. So from the swap of
/// the link on, both chains may be shown, until handshakes see only the new one. A Postfix that is stopped is never
/// started: somebody stopped it.
/// </remarks>
public sealed class PostfixServer : IMailServer
{
    public static readonly ProviderDescription Description = new(
        "postfix",
        "Postfix 3.4 or later on this host",
        [
            new("config-directory", SettingKind.Directory, Required: false,
                "the instance's configuration directory (/etc/postfix when left out)"),
            new("postfix", SettingKind.File, Required: false, "the postfix command (found by itself when left out)"),
            new("postconf", SettingKind.File, Required: false, "the postconf command (found by itself when left out)"),
            new("timeout", SettingKind.Duration, Required: false,
                "how long one of these commands may take (30s when left out)"),
        ]);

    private static readonly string[] UsualPlaces = ["/usr/sbin", "/usr/local/sbin", "/sbin", "/opt/postfix/sbin"];

    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(30);

    private readonly string _directory;
    private readonly PostfixInstance _instance;

    /// <param name="directory">The instance's configuration directory.</param>
    /// <param name="postfix">Path of the postfix command; null: where it usually is.</param>
    /// <param name="postconf">Path of the postconf command; null: where it usually is.</param>
    /// <param name="timeout">How long one command may take.</param>
    /// <param name="time">The clock.</param>
    public PostfixServer(string directory, string? postfix, string? postconf, TimeSpan timeout, TimeProvider time)
    {
        _directory = directory.Length > 1 ? directory.TrimEnd('/') : directory;
        _instance = new(
            _directory,
            new Tool(postfix ?? Find("postfix"), timeout, time),
            new Tool(postconf ?? Find("postconf"), timeout, time));
    }

    /// <summary>Makes one from its checked settings.</summary>
    public static PostfixServer Create(ProviderSettings settings, ProviderSurroundings surroundings) => new(
        settings.Find("config-directory") ?? "/etc/postfix",
        settings.Find("postfix"),
        settings.Find("postconf"),
        DurationText.TryParse(settings.Find("timeout") ?? "", out TimeSpan timeout) ? timeout : UsualTimeout,
        surroundings.Time);

    public async Task<MailServerOutcome> PrepareAsync(LiveFiles live, CancellationToken cancellation)
    {
        (PostfixConfiguration? configuration, MailServerOutcome? problem) = await ReadAsync(cancellation);
        if (configuration is null)
            return problem!;

        LiveReading reading = LiveReading.Of(configuration, live);
        if ((reading.Gap(configuration, live, _directory)
            ?? await _instance.CheckAsync(configuration, cancellation)
            ?? await _instance.FindRunningAsync(cancellation)) is { } obstacle)
        {
            return obstacle;
        }

        return new MailServerOutcome.Done(
            $"Postfix {configuration[PostfixConfiguration.Version]} in {_directory} runs and reads {live.Combined} "
            + $"({string.Join(", ", reading.Readers)}){Remarks(configuration, reading)}");
    }

    public async Task<MailServerOutcome> ReloadAsync(LiveFiles live, CancellationToken cancellation)
    {
        (PostfixConfiguration? configuration, MailServerOutcome? problem) = await ReadAsync(cancellation);
        if (configuration is null)
            return problem!;

        // New workers that find two keys of a kind, or none, offer no TLS: then the old ones had better stay.
        live = live with { Coming = null };
        if (LiveReading.Of(configuration, live).Gap(configuration, live, _directory) is { } gap)
            return gap;

        // It was checked when it was prepared, and a reload checks by itself; why it failed is asked for only then.
        return await _instance.ReloadAsync(configuration, cancellation) is { } failure
            ? await _instance.CheckAsync(configuration, cancellation)
                ?? await _instance.FindRunningAsync(cancellation)
                ?? failure
            : new MailServerOutcome.Done(
                $"Postfix in {_directory} was reloaded; workers that were busy show the old chain until they are done");
    }

    public async Task<MailServerOutcome> ConfigureAsync(LiveFiles live, CancellationToken cancellation)
    {
        (PostfixConfiguration? configuration, MailServerOutcome? problem) = await ReadAsync(cancellation);
        return configuration is null
            ? problem!
            : await new PostfixSetup(_directory, _instance).WriteAsync(configuration, live, cancellation);
    }

    private static string Find(string command) =>
        UsualPlaces.Select(place => Path.Combine(place, command)).FirstOrDefault(File.Exists) ?? command;

    private async Task<(PostfixConfiguration?, MailServerOutcome?)> ReadAsync(CancellationToken cancellation)
    {
        (PostfixConfiguration? configuration, MailServerOutcome? problem) = await _instance.ReadAsync(cancellation);
        return configuration is null || PostfixVersion.KnowsChainFiles(configuration[PostfixConfiguration.Version])
            ? (configuration, problem)
            : (null, new MailServerOutcome.Failed(
                $"Postfix in {_directory} is version {configuration[PostfixConfiguration.Version]}, "
                + $"which does not know {PostfixConfiguration.ChainFiles}",
                "upgrade to Postfix 3.4 or later"));
    }

    private static string Remarks(PostfixConfiguration configuration, LiveReading reading)
    {
        string others = reading.Others.IsEmpty
            ? ""
            : $"; master.cf gives other files to {string.Join(", ", reading.Others)}";
        return configuration[PostfixConfiguration.SniMaps].Length == 0
            ? others
            : others + $"; names listed in {PostfixConfiguration.SniMaps} show other chains";
    }
}

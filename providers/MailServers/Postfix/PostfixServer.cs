using System.Globalization;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>
/// Postfix 3.4 or later, which reads key and chain from one file (<c>smtpd_tls_chain_files</c>) so that they never
/// disagree. Its parameters are read and written with its own <c>postconf</c>.
/// </summary>
public sealed class PostfixServer : IMailServer
{
    /// <summary>The provider's word, settings and help.</summary>
    public static readonly ProviderDescription Description = new(
        "postfix",
        "Postfix 3.4 or later on this host",
        [
            new("config-directory", SettingKind.Directory, Required: false, "Directory of main.cf; /etc/postfix when left out."),
        ]);

    private readonly CommandRunner commands;
    private readonly string directory;

    public PostfixServer(ProviderSettings settings, ProviderSurroundings surroundings)
    {
        directory = settings.Find("config-directory") ?? "/etc/postfix";
        commands = new(surroundings.Time, TimeSpan.FromSeconds(30));
    }

    /// <inheritdoc/>
    public async Task<MailServerOutcome> PrepareAsync(LiveFiles live, CancellationToken cancellation)
    {
        (PostfixParameters? parameters, MailServerOutcome? problem) = await ReadAsync(cancellation);
        if (parameters is null)
            return problem!;

        if (await RunningAsync(cancellation) is { } stopped)
            return stopped;

        return parameters.Missing(live) is { } missing
            ? new MailServerOutcome.NotConfigured(
                $"Postfix ({directory}) does not serve {live.Combined}: {missing.Reason}",
                $"put into {directory}/main.cf and reload, or run 'rolloverd deploy --configure {live.Certificate}': "
                + string.Join(" and ", missing.Lines))
            : new MailServerOutcome.Done($"Postfix ({directory}) runs and reads {live.Combined}");
    }

    /// <inheritdoc/>
    public async Task<MailServerOutcome> ReloadAsync(LiveFiles live, CancellationToken cancellation)
    {
        MailServerOutcome ready = await PrepareAsync(live, cancellation);
        if (ready is not MailServerOutcome.Done)
            return ready;

        CommandResult check = await PostfixAsync("check", cancellation);
        if (check.ExitCode != 0)
        {
            return new MailServerOutcome.Failed(
                $"'postfix -c {directory} check' failed: {check.LastWords}", "repair Postfix's configuration");
        }

        CommandResult reload = await PostfixAsync("reload", cancellation);
        return reload.ExitCode == 0
            ? new MailServerOutcome.Done($"Postfix ({directory}) was reloaded")
            : new MailServerOutcome.Failed(
                $"'postfix -c {directory} reload' failed: {reload.LastWords}",
                "see Postfix's log; a reload needs root");
    }

    /// <inheritdoc/>
    public async Task<MailServerOutcome> ConfigureAsync(LiveFiles live, CancellationToken cancellation)
    {
        (PostfixParameters? parameters, MailServerOutcome? problem) = await ReadAsync(cancellation);
        if (parameters is null)
            return problem!;

        if (parameters.Missing(live) is not { } missing)
            return new MailServerOutcome.Done($"Postfix ({directory}) reads {live.Combined} already; nothing was written");

        if (missing.InMasterFile)
            return new MailServerOutcome.NotConfigured(missing.Reason, string.Join(" and ", missing.Lines));

        string main = Path.Combine(directory, "main.cf");
        string before = $"{main}.before-rolloverd";
        try
        {
            if (!File.Exists(before))
                File.Copy(main, before);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new MailServerOutcome.Failed($"{main} cannot be copied to {before}: {e.Message}", "run as root");
        }

        CommandResult written = await commands.RunAsync(
            "postconf", ["-c", directory, "-e", .. missing.Lines], cancellation);
        return written.ExitCode == 0
            ? new MailServerOutcome.Done(
                $"wrote into {main}: {string.Join(" and ", missing.Lines)} (the old file is {before})")
            : new MailServerOutcome.Failed(
                $"'postconf -c {directory} -e' failed: {written.LastWords}", $"write into {main}: {string.Join(" and ", missing.Lines)}");
    }

    private async Task<(PostfixParameters? Parameters, MailServerOutcome? Problem)> ReadAsync(CancellationToken cancellation)
    {
        CommandResult main = await commands.RunAsync(
            "postconf", ["-c", directory, .. PostfixParameters.Names], cancellation);
        CommandResult master = main.ExitCode == 0
            ? await commands.RunAsync("postconf", ["-c", directory, "-P"], cancellation)
            : main;
        if (master.ExitCode != 0)
        {
            string reason = $"Postfix's configuration in {directory} cannot be read: {master.LastWords}";
            return (null, master.Started
                ? new MailServerOutcome.Failed(reason, "repair main.cf and master.cf; 'postfix check' says more")
                : new MailServerOutcome.Unavailable(reason, "install Postfix, or take this deployment out of the configuration"));
        }

        var parameters = PostfixParameters.Parse(main.Output, master.Output);
        return parameters.Version is { } version && version < new Version(3, 4)
            ? (null, new MailServerOutcome.Failed(
                string.Create(CultureInfo.InvariantCulture, $"Postfix {version} cannot read key and chain from one file"),
                "upgrade to Postfix 3.4 or later"))
            : (parameters, null);
    }

    private async Task<MailServerOutcome?> RunningAsync(CancellationToken cancellation)
    {
        CommandResult status = await PostfixAsync("status", cancellation);
        return status.ExitCode == 0
            ? null
            : new MailServerOutcome.Unavailable(
                $"Postfix ({directory}) is not running, or its configuration does not let it say so: {status.LastWords}",
                $"start it: 'postfix -c {directory} start'; RolloverD never starts a stopped mail server");
    }

    private Task<CommandResult> PostfixAsync(string verb, CancellationToken cancellation) =>
        commands.RunAsync("postfix", ["-c", directory, verb], cancellation);
}

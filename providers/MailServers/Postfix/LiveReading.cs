using System.Collections.Immutable;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>Which services of an instance read a certificate's live file, and what is missing when none does.</summary>
/// <param name="Readers">Services that offer TLS with the live file.</param>
/// <param name="Others">Services that offer TLS with other files, which their own <c>-o</c> options name.</param>
/// <param name="IsListed">Whether main.cf lists the live file.</param>
/// <param name="IsTlsOn">Whether main.cf has TLS offered.</param>
/// <param name="Clash">Why Postfix would offer no TLS with the files that a reader is given, or null.</param>
/// <param name="Stray">
/// How postscreen, which meets new senders first, shows them other files than smtpd, or null. Handshakes from this
/// host need not meet it: who is trusted is led to smtpd at once.
/// </param>
internal sealed record LiveReading(
    ImmutableArray<string> Readers, ImmutableArray<string> Others, bool IsListed, bool IsTlsOn, string? Clash,
    string? Stray)
{
    public static LiveReading Of(PostfixConfiguration configuration, LiveFiles live)
    {
        bool Lists(PostfixService? service) =>
            configuration.ChainFilesOf(service).Any(file => IsSame(file, live.Combined));

        ILookup<bool, PostfixService> services = configuration.Services.Where(configuration.OffersTls).ToLookup(Lists);
        string? clash = services[true]
            .Select(service => ClashOf(configuration.ChainFilesOf(service), live) is { } found
                ? $"{service.Name} offers no TLS: {found}"
                : null)
            .FirstOrDefault(found => found is not null);
        return new(
            [.. services[true].Select(s => s.Name)], [.. services[false].Select(s => s.Name)],
            Lists(null), configuration.OffersTls(), clash, StrayOf(configuration, services[true]));
    }

    /// <summary>What is wrong and the exact lines that mend it, or null when a service reads the live file.</summary>
    public MailServerOutcome.NotConfigured? Gap(PostfixConfiguration configuration, LiveFiles live, string directory)
    {
        if (!Readers.IsEmpty)
        {
            return (Clash, Stray) switch
            {
                ({ } clash, _) => new(
                    $"Postfix in {directory}: {clash}",
                    $"list in {PostfixConfiguration.ChainFiles} only files that exist, and one key of each kind"),
                (null, { } stray) => new(
                    $"Postfix in {directory}: {stray}",
                    $"remove {PostfixConfiguration.ProxyChainFiles} from main.cf and from tlsproxy's options in "
                    + $"master.cf: then it is what {PostfixConfiguration.ChainFiles} is"),
                _ => null,
            };
        }

        WantedChainFiles wanted = WantedChainFiles.Of(configuration, live);
        List<string> lines = [];
        if (!IsListed)
            lines.Add($"{PostfixConfiguration.ChainFiles} = {wanted.Value}");
        if (!IsTlsOn)
            lines.Add($"{PostfixConfiguration.SecurityLevel} = may");

        string ownFiles = Others.IsEmpty || !IsListed
            ? ""
            : $"; in master.cf {string.Join(", ", Others)} name other files by -o {PostfixConfiguration.ChainFiles}";
        string reason = IsListed && !IsTlsOn
            ? $"Postfix in {directory} lists {live.Combined} but offers no TLS{ownFiles}"
            : $"Postfix in {directory} does not read {live.Combined}{ownFiles}";
        if (lines.Count == 0)
        {
            return new(reason, !configuration.Services.Any()
                ? $"add a service that runs smtpd to {directory}/master.cf"
                : $"remove that option in {directory}/master.cf, or add {live.Combined} to it");
        }

        return new(
            reason,
            $"put into {directory}/main.cf: {string.Join(" and ", lines)}; or let "
            + $"`rolloverd deploy --configure {live.Certificate}` do it");
    }

    public static bool IsSame(string file, string other) =>
        Path.IsPathRooted(file) && Path.GetFullPath(file) == Path.GetFullPath(other);

    // What no smtpd shows, no handshake may ever meet.
    private static string? StrayOf(PostfixConfiguration configuration, IEnumerable<PostfixService> readers)
    {
        ImmutableArray<string>[] right = [.. readers.Select(configuration.ChainFilesOf)];
        foreach ((PostfixService screen, PostfixService? proxy) in configuration.Screens)
        {
            if (proxy is not null && configuration.ProxyChainFilesOf(proxy) is var files
                && !right.Any(smtpds => HoldsSame(files, smtpds)))
            {
                string shown = files.IsEmpty ? "no chain file" : string.Join(", ", files);
                return $"{screen.Name} (postscreen) has {proxy.Name} shake hands with new senders, which "
                    + $"{PostfixConfiguration.ProxyChainFiles} gives {shown} and not what smtpd reads";
            }
        }

        return null;
    }

    private static bool HoldsSame(ImmutableArray<string> some, ImmutableArray<string> others) =>
        some.Length == others.Length && some.All(file => others.Any(other => file == other || IsSame(file, other)));

    // The live file itself may not be there yet, and what counts is what is about to be put there.
    private static string? ClashOf(ImmutableArray<string> files, LiveFiles live) => ChainFile.Clash(files
        .Select(file => IsSame(file, live.Combined) ? live.ComingCombined : file)
        .Where(file => file != live.ComingCombined || File.Exists(file))
        .Select(ChainFile.Read));
}

using System.Collections.Immutable;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>Which services of an instance read a certificate's live file, and what is missing when none does.</summary>
/// <param name="Readers">Services that offer TLS with the live file.</param>
/// <param name="Others">Services that offer TLS with other files, which their own <c>-o</c> options name.</param>
/// <param name="IsListed">Whether main.cf lists the live file.</param>
/// <param name="IsTlsOn">Whether main.cf has TLS offered.</param>
internal sealed record LiveReading(
    ImmutableArray<string> Readers, ImmutableArray<string> Others, bool IsListed, bool IsTlsOn)
{
    public static LiveReading Of(PostfixConfiguration configuration, LiveFiles live)
    {
        bool Lists(SmtpdService? service) =>
            configuration.ChainFilesOf(service).Any(file => IsSame(file, live.Combined));

        ILookup<bool, string> services = configuration.Services
            .Where(configuration.OffersTls)
            .ToLookup(Lists, service => service.Name);
        return new([.. services[true]], [.. services[false]], Lists(null), configuration.OffersTls());
    }

    /// <summary>What is wrong and the exact lines that mend it, or null when a service reads the live file.</summary>
    public MailServerOutcome.NotConfigured? Gap(PostfixConfiguration configuration, LiveFiles live, string directory)
    {
        if (!Readers.IsEmpty)
            return null;

        List<string> lines = [];
        if (!IsListed)
            lines.Add($"{PostfixConfiguration.ChainFiles} = {WantedChainFiles(configuration, live)}");
        if (!IsTlsOn)
            lines.Add($"{PostfixConfiguration.SecurityLevel} = may");

        string ownFiles = Others.IsEmpty || !IsListed
            ? ""
            : $"; in master.cf {string.Join(", ", Others)} name other files by -o {PostfixConfiguration.ChainFiles}";
        string reason = IsListed && !IsTlsOn
            ? $"Postfix in {directory} lists {live.Combined} but offers no TLS{ownFiles}"
            : $"Postfix in {directory} does not read {live.Combined}{ownFiles}";
        return lines.Count == 0
            ? new(reason, configuration.Services.IsEmpty
                ? $"add a service that runs smtpd to {directory}/master.cf"
                : $"remove that option in {directory}/master.cf, or add {live.Combined} to it")
            : new(reason, $"put into {directory}/main.cf: {string.Join(" and ", lines)}; or let "
                + $"`rolloverd deploy --configure {live.Certificate}` do it");
    }

    /// <summary>
    /// The live file, and of the files that are listed those with keys of another kind, so that RSA and ECDSA stand side
    /// by side. A second key of the same kind, or a file that cannot be read, would make Postfix turn TLS off.
    /// </summary>
    public static string WantedChainFiles(PostfixConfiguration configuration, LiveFiles live)
    {
        string? kind = KeyKind.Of(live.Combined);
        return string.Join(
            ", ",
            configuration.ChainFilesOf(null)
                .Where(file => !IsSame(file, live.Combined) && KeyKind.Of(file) is { } other && kind is not null && other != kind)
                .Append(live.Combined));
    }

    private static bool IsSame(string file, string other) =>
        Path.IsPathRooted(file) && Path.GetFullPath(file) == Path.GetFullPath(other);
}

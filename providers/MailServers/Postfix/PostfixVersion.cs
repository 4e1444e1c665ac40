using System.Globalization;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>A release of Postfix, as its <c>mail_version</c> has it: 3.7.11, or 3.10-20241126 for a snapshot.</summary>
internal static class PostfixVersion
{
    /// <summary>Whether it knows <c>smtpd_tls_chain_files</c>, which Postfix 3.4 brought.</summary>
    public static bool KnowsChainFiles(string mailVersion)
    {
        string[] parts = mailVersion.Split('.', '-');
        return parts.Length >= 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int major)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int minor)
            && (major, minor).CompareTo((3, 4)) >= 0;
    }
}

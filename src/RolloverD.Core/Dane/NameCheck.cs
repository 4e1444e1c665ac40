namespace RolloverD.Core.Dane;

/// <summary>
/// Whether a certificate is for one of the names that a sender asks about. It counts for usage 2 records only: usage 3
/// records bind the key to the host by themselves, whatever the certificate says.
/// </summary>
/// <remarks>RFC 7672 §3.1.1, §3.1.2.</remarks>
public static class NameCheck
{
    /// <summary>
    /// Whether the certificate has one of the reference identifiers: the names under which the sender knows the host,
    /// that is the TLSA base domain, the next-hop domain, and what they were before CNAMEs were followed.
    /// </summary>
    /// <remarks>RFC 7672 §3.2.2.</remarks>
    public static bool Names(this ChainCertificate certificate, IEnumerable<string> referenceNames) =>
        referenceNames.Any(reference => certificate.DnsNames.Any(name => Matches(reference, name)));

    /// <summary>Whether a presented name, perhaps a wildcard, stands for the reference identifier.</summary>
    /// <remarks>
    /// RFC 7672 §3.2.3: a wildcard is the whole leftmost label and stands for exactly one label. Like OpenSSL, which
    /// most senders use, it needs two labels after it, so that nobody is certified for a whole top-level domain.
    /// </remarks>
    public static bool Matches(string reference, string presented)
    {
        if (!IsHostName(reference) || reference.Contains('*', StringComparison.Ordinal))
            return false;

        string host = WithoutFinalDot(reference);
        string name = WithoutFinalDot(presented);
        if (!name.StartsWith("*.", StringComparison.Ordinal))
        {
            return !name.Contains('*', StringComparison.Ordinal)
                && host.Equals(name, StringComparison.OrdinalIgnoreCase);
        }

        string domain = name[2..];
        int dot = host.IndexOf('.', StringComparison.Ordinal);
        return dot > 0
            && IsHostName(domain)
            && domain.Contains('.', StringComparison.Ordinal)
            && !domain.Contains('*', StringComparison.Ordinal)
            && host.AsSpan(dot + 1).Equals(domain, StringComparison.OrdinalIgnoreCase);
    }

    // No certificate is for the root, for the empty name, or by a dNSName for an address (RFC 9525 §6.4).
    private static bool IsHostName(string name) =>
        DnsName.TryNormalise(name, out string kept)
        && kept != "."
        && !kept[(kept.LastIndexOf('.') + 1)..].All(char.IsAsciiDigit);

    private static string WithoutFinalDot(string name) => name.EndsWith('.') ? name[..^1] : name;
}

namespace RolloverD.Core.Dane;

/// <summary>Whether a certificate names a host.</summary>
public static class NameCheck
{
    /// <summary>
    /// Whether some name of the certificate is one of the reference names. A name may begin with <c>*</c> as its whole
    /// first label, which stands for exactly one label.
    /// </summary>
    /// <remarks>RFC 7672 §3.2.3.</remarks>
    public static bool Names(this ChainCertificate certificate, IEnumerable<string> referenceNames) =>
        referenceNames.Any(reference => certificate.DnsNames.Any(name => IsSame(name, reference)));

    private static bool IsSame(string presented, string reference)
    {
        ReadOnlySpan<char> name = presented.AsSpan().TrimEnd('.');
        ReadOnlySpan<char> host = reference.AsSpan().TrimEnd('.');
        if (name.Equals(host, StringComparison.OrdinalIgnoreCase))
            return true;

        int dot = host.IndexOf('.');
        return name.StartsWith("*.") && dot > 0 && host[dot..].Equals(name[1..], StringComparison.OrdinalIgnoreCase);
    }
}

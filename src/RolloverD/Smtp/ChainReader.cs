using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Security.Certificates;
using Org.BouncyCastle.X509;
using RolloverD.Core.Dane;

namespace RolloverD.Smtp;

/// <summary>Reads the certificates that a server sent, in whatever order, into a <see cref="Chain"/>.</summary>
/// <remarks>
/// Signatures are walked with BouncyCastle, which takes any pair of certificates and any kind of key; the base class
/// library's chain engine would build paths of its own.
/// </remarks>
internal static class ChainReader
{
    private const int LongestPath = 10;

    /// <summary>The chain of the first certificate.</summary>
    /// <param name="certificates">DER, the server's own first.</param>
    /// <exception cref="InvalidDataException">There is none, or one cannot be read.</exception>
    public static Chain Read(IReadOnlyList<byte[]> certificates)
    {
        if (certificates.Count == 0)
            throw new InvalidDataException("no certificate was given");

        (ChainCertificate Facts, Org.BouncyCastle.X509.X509Certificate Parsed)[] all =
            [.. certificates.Select((der, index) => Read(der, index))];
        var path = ImmutableArray.CreateBuilder<ChainCertificate>();
        var rest = all.Skip(1).DistinctBy(c => c.Facts.Sha256).Where(c => !c.Facts.Equals(all[0].Facts)).ToList();
        Org.BouncyCastle.X509.X509Certificate at = all[0].Parsed;
        while (path.Count < LongestPath && rest.FindIndex(c => Issued(c.Parsed, at)) is >= 0 and var index)
        {
            path.Add(rest[index].Facts);
            at = rest[index].Parsed;
            rest.RemoveAt(index);
        }

        return new(all[0].Facts, path.ToImmutable(), [.. rest.Select(c => c.Facts)]);
    }

    private static bool Issued(
        Org.BouncyCastle.X509.X509Certificate issuer, Org.BouncyCastle.X509.X509Certificate subject)
    {
        if (!subject.IssuerDN.Equivalent(issuer.SubjectDN))
            return false;

        try
        {
            subject.Verify(issuer.GetPublicKey());
            return true;
        }
        catch (Exception e) when (e is GeneralSecurityException or CertificateException or ArgumentException)
        {
            return false; // RFC 7671 §5.2: a name that fits without a signature leads nowhere
        }
    }

    private static (ChainCertificate Facts, Org.BouncyCastle.X509.X509Certificate Parsed) Read(byte[] der, int index)
    {
        try
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
            var facts = new ChainCertificate(
                [.. certificate.RawData],
                [.. certificate.PublicKey.ExportSubjectPublicKeyInfo()],
                certificate.Subject,
                DnsNames(certificate),
                new(certificate.NotBefore.ToUniversalTime()),
                new(certificate.NotAfter.ToUniversalTime()),
                certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(c => c.CertificateAuthority));
            return (facts, new X509CertificateParser().ReadCertificate(certificate.RawData));
        }
        catch (Exception e) when (e is CryptographicException or GeneralSecurityException or IOException or ArgumentException)
        {
            throw new InvalidDataException($"certificate {index + 1} cannot be read: {e.Message}", e);
        }
    }

    // RFC 6125 §6.4.4: the common name counts only when there is no subject alternative name.
    private static ImmutableArray<string> DnsNames(X509Certificate2 certificate)
    {
        X509SubjectAlternativeNameExtension? names =
            certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        if (names is not null)
            return [.. names.EnumerateDnsNames().Select(n => n.ToLowerInvariant())];

        string common = certificate.GetNameInfo(X509NameType.SimpleName, false);
        return common.Length == 0 ? [] : [common.ToLowerInvariant()];
    }
}

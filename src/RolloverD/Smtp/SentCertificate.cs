using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RolloverD.Core.Dane;
using X509Certificate = Org.BouncyCastle.X509.X509Certificate;

namespace RolloverD.Smtp;

/// <summary>One certificate of a chain: the fields that DANE compares, and the form that verifies signatures.</summary>
internal sealed record SentCertificate(ChainCertificate Fields, X509Certificate Signed)
{
    private const string CommonName = "2.5.4.3";

    /// <exception cref="InvalidDataException">The bytes are not one certificate.</exception>
    public static SentCertificate Read(byte[] der, int index, int count)
    {
        try
        {
            byte[] publicKey = PublicKeyOf(der);
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
            ChainCertificate fields = new(
                [.. der],
                [.. publicKey],
                certificate.Subject,
                NamesOf(certificate),
                certificate.NotBefore.ToUniversalTime(),
                certificate.NotAfter.ToUniversalTime(),
                MaySignCertificates(certificate));
            return new(fields, new X509Certificate(der));
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or ArgumentException
            or IOException or InvalidOperationException or Org.BouncyCastle.Security.Certificates.CertificateException)
        {
            throw new InvalidDataException(
                $"certificate {index + 1} of {count} in the chain cannot be read: {e.Message.TrimEnd('.')}", e);
        }
    }

    // The bytes as they stand in the certificate, since records hold digests of just these. RFC 5280 §4.1
    private static byte[] PublicKeyOf(byte[] der)
    {
        var outer = new AsnReader(der, AsnEncodingRules.BER);
        AsnReader certificate = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        AsnReader signed = certificate.ReadSequence();
        if (signed.PeekTag().HasSameClassAndValue(new Asn1Tag(TagClass.ContextSpecific, 0)))
            signed.ReadEncodedValue();  // version
        for (int field = 0; field < 5; field++)
            signed.ReadEncodedValue();  // serialNumber, signature, issuer, validity, subject
        return signed.ReadEncodedValue().ToArray();
    }

    // RFC 9525 §2: the common name only stands in for names that are not there at all.
    private static ImmutableArray<string> NamesOf(X509Certificate2 certificate)
    {
        ImmutableArray<string> alternatives =
        [
            .. certificate.Extensions
                .OfType<X509SubjectAlternativeNameExtension>()
                .SelectMany(extension => extension.EnumerateDnsNames()),
        ];
        IEnumerable<string> names = alternatives.IsEmpty ? CommonNamesOf(certificate).TakeLast(1) : alternatives;

        // What is no DNS name, such as one with a NUL inside, is for no host.
        return
        [
            .. names.Select(n => DnsName.TryNormalise(n, out string name) ? name : null).OfType<string>().Distinct(),
        ];
    }

    private static IEnumerable<string> CommonNamesOf(X509Certificate2 certificate) =>
        certificate.SubjectName
            .EnumerateRelativeDistinguishedNames(reversed: false)
            .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == CommonName)
            .Select(part => part.GetSingleElementValue())
            .OfType<string>();

    // RFC 5280 §4.2.1.9 and §4.2.1.3. As in OpenSSL, roots of version 1 pass too: they cannot say what they are.
    private static bool MaySignCertificates(X509Certificate2 certificate)
    {
        X509KeyUsageFlags? usage = certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault()?.KeyUsages;
        if (usage is { } flags && !flags.HasFlag(X509KeyUsageFlags.KeyCertSign))
            return false;

        return certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is { } constraints
            ? constraints.CertificateAuthority
            : usage is not null
                || (certificate.Version == 1
                    && certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData));
    }
}

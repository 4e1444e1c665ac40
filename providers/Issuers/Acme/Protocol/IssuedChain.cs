using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>A certificate and those above it, as the server hands them out. RFC 8555 §9.1.</summary>
/// <param name="Certificates">DER, the leaf first.</param>
internal sealed record IssuedChain(ImmutableArray<ImmutableArray<byte>> Certificates)
{
    public static Answer<IssuedChain> Read(Reply reply)
    {
        var certificates = ImmutableArray.CreateBuilder<ImmutableArray<byte>>();
        try
        {
            string text = Encoding.ASCII.GetString(reply.Body.Span);
            for (ReadOnlySpan<char> rest = text; PemEncoding.TryFind(rest, out PemFields fields);
                rest = rest[fields.Location.End..])
            {
                if (!rest[fields.Label].SequenceEqual("CERTIFICATE"))
                    return new Failure.Nonsense(reply.Url, "the chain holds something else than certificates");

                byte[] der = Convert.FromBase64String(rest[fields.Base64Data].ToString());
                using X509Certificate2 _ = X509CertificateLoader.LoadCertificate(der);
                certificates.Add([.. der]);
            }
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return new Failure.Nonsense(reply.Url, "a certificate of the chain cannot be read");
        }

        return certificates.Count > 0
            ? new IssuedChain(certificates.ToImmutable())
            : new Failure.Nonsense(reply.Url, "there is no certificate in it");
    }

    /// <summary>Whether some certificate of the chain was issued by a CA with this common name.</summary>
    public bool IsIssuedBy(string commonName) => Certificates.Any(der =>
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der.AsSpan());
        return certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: true) == commonName;
    });

    /// <summary>What is wrong with the leaf: another key, a missing name, no longer valid. Null: nothing.</summary>
    /// <param name="csr">PKCS #10, DER.</param>
    /// <param name="names">The names that were ordered, lower case.</param>
    /// <param name="now">The time.</param>
    public string? FaultFor(ImmutableArray<byte> csr, IEnumerable<string> names, DateTimeOffset now)
    {
        ImmutableArray<byte> leaf = Certificates[0];
        if (!KeyOfCertificate(leaf.AsMemory()).Span.SequenceEqual(KeyOfRequest(csr.AsMemory()).Span))
            return "it certifies another key than the one in the signing request";

        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(leaf.AsSpan());
        if (certificate.NotAfter.ToUniversalTime() <= now.UtcDateTime)
            return $"it is valid only until {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC";

        HashSet<string> certified =
        [
            .. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
                .SelectMany(e => e.EnumerateDnsNames()).Select(n => n.ToLowerInvariant()),
        ];
        return names.FirstOrDefault(name => !certified.Contains(name)) is { } missing
            ? $"it does not hold the name {missing}"
            : null;
    }

    // RFC 2986 §4.1: version, subject, subjectPKInfo
    private static ReadOnlyMemory<byte> KeyOfRequest(ReadOnlyMemory<byte> csr)
    {
        AsnReader info = new AsnReader(csr, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        info.ReadInteger();
        info.ReadEncodedValue();
        return info.ReadEncodedValue();
    }

    // RFC 5280 §4.1: version (tagged, may be left out), serial number, signature, issuer, validity, subject, key
    private static ReadOnlyMemory<byte> KeyOfCertificate(ReadOnlyMemory<byte> certificate)
    {
        AsnReader body = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        if (body.PeekTag().TagClass == TagClass.ContextSpecific)
            body.ReadEncodedValue();
        for (int i = 0; i < 5; i++)
            body.ReadEncodedValue();
        return body.ReadEncodedValue();
    }
}

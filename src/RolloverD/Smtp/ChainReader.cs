using System.Collections.Immutable;
using Org.BouncyCastle.Security;
using RolloverD.Core.Dane;
using X509Certificate = Org.BouncyCastle.X509.X509Certificate;

namespace RolloverD.Smtp;

/// <summary>
/// Reads certificates as a server sends them, the leaf first and the rest in any order, and finds which of them really
/// lead up from the leaf: the issuer's name is the subject of the next, which may sign certificates, and whose key
/// verifies the signature. No trust is involved: DANE decides what to trust.
/// </summary>
/// <remarks>RFC 7671 §5.2, RFC 5280 §6.1.</remarks>
public static class ChainReader
{
    /// <summary>More certificates than any server sends; a bound for the work that a hostile one can cause.</summary>
    public const int MostCertificates = 32;

    /// <summary>Reads a chain.</summary>
    /// <param name="der">The certificates as sent, DER, the leaf first.</param>
    /// <exception cref="InvalidDataException">None, too many, or one of them is no certificate.</exception>
    public static Chain Read(IReadOnlyList<byte[]> der)
    {
        if (der.Count is 0 or > MostCertificates)
        {
            throw new InvalidDataException(
                der.Count == 0
                    ? "the chain holds no certificate"
                    : $"the chain holds {der.Count} certificates, more than {MostCertificates}");
        }

        ImmutableArray<SentCertificate> sent = [.. der.Select((bytes, i) => SentCertificate.Read(bytes, i, der.Count))];
        List<SentCertificate> rest = [.. sent.Skip(1)];
        var ancestors = ImmutableArray.CreateBuilder<ChainCertificate>();

        // Each round takes one certificate out of the rest, so that cross-signed loops come to an end.
        for (SentCertificate top = sent[0]; !IsIssuedBy(top, top);)
        {
            if (rest.FirstOrDefault(candidate => candidate.Fields.IsCa && IsIssuedBy(top, candidate)) is not { } issuer)
                break;

            rest.Remove(issuer);
            ancestors.Add(issuer.Fields);
            top = issuer;
        }

        return new(sent[0].Fields, ancestors.DrainToImmutable(), [.. rest.Select(r => r.Fields)]);
    }

    // RFC 5280 §6.1.3 (a) (1) and (4): names chain, and the signature verifies with the issuer's key.
    private static bool IsIssuedBy(SentCertificate subject, SentCertificate issuer) =>
        NamesChain(subject.Signed, issuer.Signed) && Verifies(subject.Signed, issuer.Signed);

    private static bool NamesChain(X509Certificate subject, X509Certificate issuer) =>
        subject.IssuerDN.Equivalent(issuer.SubjectDN, inOrder: true);

    private static bool Verifies(X509Certificate subject, X509Certificate issuer)
    {
        try
        {
            return subject.IsSignatureValid(issuer.GetPublicKey());
        }
        catch (Exception e) when (e is GeneralSecurityException or ArgumentException or IOException
            or InvalidOperationException or NotSupportedException or ArithmeticException)
        {
            // A key or an algorithm that is not known, or a signature that is no signature: nothing is verified.
            return false;
        }
    }
}

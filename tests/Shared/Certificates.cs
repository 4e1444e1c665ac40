using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace RolloverD.Tests.Shared;

/// <summary>Kinds of keys that test certificates can have.</summary>
public enum TestKey
{
    Ecdsa,
    Rsa,
    Ed25519,
}

/// <summary>A certificate made for a test, with its key.</summary>
public sealed class TestCertificate
{
    private readonly X509Certificate2 _certificate;
    private readonly AsymmetricAlgorithm? _key;
    private readonly string _keyPem;

    private TestCertificate(X509Certificate2 certificate, AsymmetricAlgorithm? key, string keyPem) =>
        (_certificate, _key, _keyPem) = (certificate, key, keyPem);

    public byte[] Der => _certificate.RawData;

    /// <summary>Key first, then this certificate, then those given: what Postfix's chain files hold.</summary>
    public string CombinedPem(params TestCertificate[] chain) => string.Concat(
        _keyPem, "\n", string.Join('\n', chain.Prepend(this).Select(c => c._certificate.ExportCertificatePem())), "\n");

    /// <summary>The certificate with its key, for a test's TLS server.</summary>
    public X509Certificate2 WithKey() => X509Certificate2.CreateFromPem(_certificate.ExportCertificatePem(), _keyPem);

    /// <summary>A root, self-signed.</summary>
    public static TestCertificate Root(string name, TestKey kind = TestKey.Ecdsa) => Make($"CN={name}", kind, null, Ca);

    /// <summary>A CA certificate that this one signs.</summary>
    public TestCertificate SignCa(string name, TestKey kind = TestKey.Ecdsa) => Make($"CN={name}", kind, this, Ca);

    /// <summary>A host's certificate that this one signs.</summary>
    public TestCertificate SignHost(string host, TestKey kind = TestKey.Ecdsa, params string[] more) =>
        Make($"CN={host}", kind, this, request => Host(request, more.Prepend(host)));

    /// <summary>A certificate for this one's name and key, signed by another CA: a cross-signed one.</summary>
    public TestCertificate CrossSignedBy(TestCertificate other) =>
        Make(_certificate.Subject, TestKey.Ecdsa, other, Ca, this);

    /// <summary>A certificate without alternative names, or with whatever the test adds.</summary>
    public TestCertificate Sign(string subject, Action<CertificateRequest> extend, TestKey kind = TestKey.Ecdsa) =>
        Make(subject, kind, this, extend);

    /// <summary>A host's certificate that nobody else signs.</summary>
    public static TestCertificate SelfSigned(string host, TestKey kind = TestKey.Ecdsa) =>
        Make($"CN={host}", kind, null, request => Host(request, [host]));

    private static void Ca(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
    }

    private static void Host(CertificateRequest request, IEnumerable<string> names)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build());
    }

    private static TestCertificate Make(
        string subject, TestKey kind, TestCertificate? issuer, Action<CertificateRequest> extend,
        TestCertificate? sameKeyAs = null)
    {
        (AsymmetricAlgorithm? key, string keyPem, PublicKey publicKey) = sameKeyAs is null
            ? NewKey(kind)
            : (sameKeyAs._key, sameKeyAs._keyPem, sameKeyAs._certificate.PublicKey);
        var request = new CertificateRequest(new X500DistinguishedName(subject), publicKey, HashAlgorithmName.SHA256);
        extend(request);
        AsymmetricAlgorithm signer = issuer?._key ?? key
            ?? throw new NotSupportedException("an Ed25519 key signs nothing here");
        X509Certificate2 certificate = request.Create(
            issuer?._certificate.SubjectName ?? request.SubjectName,
            signer is RSA rsa
                ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
                : X509SignatureGenerator.CreateForECDsa((ECDsa)signer),
            DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow.AddDays(30),
            RandomNumberGenerator.GetBytes(12));
        return new(certificate, key, keyPem);
    }

    private static (AsymmetricAlgorithm? Key, string Pem, PublicKey Public) NewKey(TestKey kind)
    {
        if (kind == TestKey.Ed25519)
        {
            var secret = new Ed25519PrivateKeyParameters(new SecureRandom());
            byte[] spki = SubjectPublicKeyInfoFactory
                .CreateSubjectPublicKeyInfo(secret.GeneratePublicKey()).GetDerEncoded();

            // RFC 8410 §7, the short form: version, algorithm, key within two octet strings.
            byte[] head = Convert.FromHexString("302e020100300506032b657004220420");
            string pem = PemEncoding.WriteString("PRIVATE KEY", [.. head, .. secret.GetEncoded()]);
            return (null, pem, PublicKey.CreateFromSubjectPublicKeyInfo(spki, out _));
        }

        AsymmetricAlgorithm key = kind == TestKey.Rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return (key, key.ExportPkcs8PrivateKeyPem(),
            PublicKey.CreateFromSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo(), out _));
    }
}

using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using PublicKey = RolloverD.Core.Dane.PublicKey;

namespace RolloverD.Store;

/// <summary>A private key in memory: made, or read from its file, for as long as a request takes to sign.</summary>
internal abstract class GenerationKey : IDisposable
{
    private const string Label = "PRIVATE KEY";

    /// <summary>The kind of key, or null when it is of a kind or size that RolloverD does not make.</summary>
    public abstract KeyAlgorithm? Algorithm { get; }

    /// <summary>Its public half.</summary>
    public PublicKey Public => new([.. ExportSpki()]);

    /// <summary>The digest that its signatures are made over.</summary>
    protected virtual HashAlgorithmName Hash => HashAlgorithmName.SHA256;

    /// <summary>Makes a key.</summary>
    public static GenerationKey Create(KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.Rsa2048 => new RsaKey(RSA.Create(2048)),
        KeyAlgorithm.Rsa3072 => new RsaKey(RSA.Create(3072)),
        KeyAlgorithm.Rsa4096 => new RsaKey(RSA.Create(4096)),
        KeyAlgorithm.EcdsaP256 => new EcdsaKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)),
        KeyAlgorithm.EcdsaP384 => new EcdsaKey(ECDsa.Create(ECCurve.NamedCurves.nistP384)),
        KeyAlgorithm.Ed25519 => Ed25519Key.Create(),
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, null),
    };

    /// <summary>Reads a key from PKCS #8 PEM and proves by a signature that its halves belong together.</summary>
    /// <exception cref="CryptographicException">It is damaged, or of a kind that is not known.</exception>
    public static GenerationKey Read(ReadOnlySpan<byte> pem)
    {
        char[] text = new char[pem.Length];
        byte[] der = [];
        try
        {
            Encoding.Latin1.GetChars(pem, text);
            if (!PemEncoding.TryFind(text, out PemFields fields) || !text.AsSpan()[fields.Label].SequenceEqual(Label))
                throw new CryptographicException($"it does not hold a whole block of type {Label}");
            der = new byte[fields.DecodedDataLength];
            if (!Convert.TryFromBase64Chars(text.AsSpan()[fields.Base64Data], der, out _))
                throw new CryptographicException("its base64 is damaged");
            GenerationKey key = Decode(der);
            if (!key.ProvesItself())
            {
                key.Dispose();
                throw new CryptographicException("its private and public halves do not belong together");
            }

            return key;
        }
        catch (AsnContentException damaged)
        {
            throw new CryptographicException("its encoding is damaged", damaged);
        }
        finally
        {
            Array.Clear(text);
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>Reads a key file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pem">What it holds; empty when it is not there.</param>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="StoreException">It cannot be read, or holds no key that can be used.</exception>
    public static GenerationKey? ReadFile(string path, out byte[] pem)
    {
        pem = [];
        if (DurableFiles.Read(path) is not { } content)
            return null;
        pem = content;
        try
        {
            return Read(content);
        }
        catch (CryptographicException damaged)
        {
            throw new StoreException(
                $"The private key {path} cannot be used: {damaged.Message.TrimEnd('.')}",
                "Put the file back from a backup; or, if no mail server uses this generation, move it away. A new " +
                "key is never made in its place",
                damaged);
        }
    }

    /// <summary>The key as PKCS #8 PEM, as OpenSSL reads it.</summary>
    public byte[] ToPem()
    {
        byte[] der = ExportPkcs8();
        char[] text = PemEncoding.Write(Label, der);
        byte[] pem = [.. Encoding.ASCII.GetBytes(text), (byte)'\n'];
        CryptographicOperations.ZeroMemory(der);
        Array.Clear(text);
        return pem;
    }

    /// <summary>A PKCS #10 request for the names, DER.</summary>
    /// <remarks>RFC 2986 §4. The first name is the common name too, when it is not too long for one.</remarks>
    public byte[] Request(IEnumerable<string> names)
    {
        const int longestCommonName = 64;
        string[] all = [.. names];
        X500DistinguishedNameBuilder subject = new();
        bool hasSubject = all[0].Length <= longestCommonName;
        if (hasSubject)
            subject.AddCommonName(all[0]);

        SubjectAlternativeNameBuilder alternatives = new();
        foreach (string name in all)
            alternatives.AddDnsName(name);

        X509SignatureGenerator signer = Signer();
        CertificateRequest request = new(subject.Build(), signer.PublicKey, Hash);
        // RFC 5280 §4.2.1.6: where the subject is empty, the alternative names are critical.
        request.CertificateExtensions.Add(alternatives.Build(critical: !hasSubject));
        return request.CreateSigningRequest(signer);
    }

    public abstract void Dispose();

    protected abstract byte[] ExportPkcs8();

    protected abstract byte[] ExportSpki();

    protected abstract X509SignatureGenerator Signer();

    protected abstract bool ProvesItself();

    private static GenerationKey Decode(byte[] der)
    {
        AsnReader content = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        content.ReadInteger();
        AsnReader algorithm = content.ReadSequence();
        string kind = algorithm.ReadObjectIdentifier();
        switch (kind)
        {
            case RsaKey.ObjectIdentifier:
                RSA rsa = RSA.Create();
                rsa.ImportPkcs8PrivateKey(der, out _);
                return new RsaKey(rsa);
            case EcdsaKey.ObjectIdentifier:
                ECDsa ecdsa = ECDsa.Create();
                ecdsa.ImportPkcs8PrivateKey(der, out _);
                return new EcdsaKey(ecdsa);
            case Ed25519Key.ObjectIdentifier:
                return Ed25519Key.Decode(content.ReadOctetString());
            default:
                throw new CryptographicException($"its algorithm {kind} is not one that rolloverd knows");
        }
    }

    private sealed class RsaKey(RSA rsa) : GenerationKey
    {
        public const string ObjectIdentifier = "1.2.840.113549.1.1.1";

        public override KeyAlgorithm? Algorithm => rsa.KeySize switch
        {
            2048 => KeyAlgorithm.Rsa2048,
            3072 => KeyAlgorithm.Rsa3072,
            4096 => KeyAlgorithm.Rsa4096,
            _ => null,
        };

        public override void Dispose() => rsa.Dispose();

        protected override byte[] ExportPkcs8() => rsa.ExportPkcs8PrivateKey();

        protected override byte[] ExportSpki() => rsa.ExportSubjectPublicKeyInfo();

        protected override X509SignatureGenerator Signer() =>
            X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1);

        protected override bool ProvesItself()
        {
            byte[] probe = [1];
            byte[] signature = rsa.SignData(probe, Hash, RSASignaturePadding.Pkcs1);
            return rsa.VerifyData(probe, signature, Hash, RSASignaturePadding.Pkcs1);
        }
    }

    private sealed class EcdsaKey(ECDsa ecdsa) : GenerationKey
    {
        public const string ObjectIdentifier = "1.2.840.10045.2.1";

        public override KeyAlgorithm? Algorithm => ecdsa.ExportParameters(false).Curve.Oid.Value switch
        {
            "1.2.840.10045.3.1.7" => KeyAlgorithm.EcdsaP256,
            "1.3.132.0.34" => KeyAlgorithm.EcdsaP384,
            _ => null,
        };

        protected override HashAlgorithmName Hash =>
            ecdsa.KeySize > 256 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;

        public override void Dispose() => ecdsa.Dispose();

        protected override byte[] ExportPkcs8() => ecdsa.ExportPkcs8PrivateKey();

        protected override byte[] ExportSpki() => ecdsa.ExportSubjectPublicKeyInfo();

        protected override X509SignatureGenerator Signer() => X509SignatureGenerator.CreateForECDsa(ecdsa);

        protected override bool ProvesItself()
        {
            byte[] probe = [1];
            return ecdsa.VerifyData(probe, ecdsa.SignData(probe, Hash), Hash);
        }
    }
}

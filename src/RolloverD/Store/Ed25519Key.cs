using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;
using RolloverD.Core.Policy;

namespace RolloverD.Store;

/// <summary>An Ed25519 key, which the base class library cannot make or sign with.</summary>
/// <remarks>
/// Encoded by hand as RFC 8410 §7 has it in its first form, without the public half: older OpenSSL refuses the longer
/// form.
/// </remarks>
internal sealed class Ed25519Key : GenerationKey
{
    public const string ObjectIdentifier = "1.3.101.112";

    private readonly Ed25519PrivateKeyParameters _key;

    private Ed25519Key(Ed25519PrivateKeyParameters key) => _key = key;

    public override KeyAlgorithm? Algorithm => KeyAlgorithm.Ed25519;

    // The signature's own digest is part of the algorithm; the library asks for a name and it is not used.
    protected override HashAlgorithmName Hash => HashAlgorithmName.SHA512;

    public static Ed25519Key Create() => new(new Ed25519PrivateKeyParameters(new SecureRandom()));

    /// <summary>Reads the content of the PKCS #8 privateKey field: an octet string within the octet string.</summary>
    public static Ed25519Key Decode(byte[] privateKey)
    {
        byte[] seed = new AsnReader(privateKey, AsnEncodingRules.DER).ReadOctetString();
        if (seed.Length != Ed25519PrivateKeyParameters.KeySize)
            throw new CryptographicException($"an Ed25519 key has 32 bytes, this one {seed.Length}");
        Ed25519Key key = new(new Ed25519PrivateKeyParameters(seed));
        CryptographicOperations.ZeroMemory(seed);
        return key;
    }

    public override void Dispose()
    {
    }

    protected override byte[] ExportPkcs8()
    {
        AsnWriter inner = new(AsnEncodingRules.DER);
        inner.WriteOctetString(_key.GetEncoded());
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            WriteAlgorithm(writer);
            writer.WriteOctetString(inner.Encode());
        }

        return writer.Encode();
    }

    protected override byte[] ExportSpki()
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            WriteAlgorithm(writer);
            writer.WriteBitString(_key.GeneratePublicKey().GetEncoded());
        }

        return writer.Encode();
    }

    protected override X509SignatureGenerator Signer() => new Generator(this);

    // The public half is computed from the private one, so they always belong together.
    protected override bool ProvesItself() => true;

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(ObjectIdentifier);
    }

    private sealed class Generator(Ed25519Key key) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm)
        {
            AsnWriter writer = new(AsnEncodingRules.DER);
            WriteAlgorithm(writer);
            return writer.Encode();
        }

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm)
        {
            Ed25519Signer signer = new();
            signer.Init(forSigning: true, key._key);
            signer.BlockUpdate(data, 0, data.Length);
            return signer.GenerateSignature();
        }

        protected override PublicKey BuildPublicKey() =>
            PublicKey.CreateFromSubjectPublicKeyInfo(key.ExportSpki(), out _);
    }
}

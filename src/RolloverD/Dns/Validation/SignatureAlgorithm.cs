using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace RolloverD.Dns.Validation;

/// <summary>The signature algorithms of DNSSEC. A zone that is signed with none of them counts as not signed.</summary>
/// <remarks>RFC 8624 §3.1 for which a validator must know.</remarks>
internal static class SignatureAlgorithm
{
    public static bool IsSupported(byte algorithm) => algorithm is 5 or 7 or 8 or 10 or 13 or 14 or 15 or 16;

    /// <summary>Whether the key signed the data; false also when key or signature are malformed.</summary>
    public static bool Verify(DnsKey key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        byte[] bytes = [.. key.PublicKey];
        try
        {
            return key.Algorithm switch
            {
                5 or 7 => VerifyRsa(bytes, data, signature, HashAlgorithmName.SHA1),
                8 => VerifyRsa(bytes, data, signature, HashAlgorithmName.SHA256),
                10 => VerifyRsa(bytes, data, signature, HashAlgorithmName.SHA512),
                13 => VerifyEcdsa(bytes, data, signature, ECCurve.NamedCurves.nistP256, 32, HashAlgorithmName.SHA256),
                14 => VerifyEcdsa(bytes, data, signature, ECCurve.NamedCurves.nistP384, 48, HashAlgorithmName.SHA384),
                15 => bytes.Length == 32
                    && VerifyEdwards(new Ed25519Signer(), new Ed25519PublicKeyParameters(bytes), data, signature),
                16 => bytes.Length == 57
                    && VerifyEdwards(new Ed448Signer([]), new Ed448PublicKeyParameters(bytes), data, signature),
                _ => false,
            };
        }
        catch (Exception malformed) when (malformed is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    // RFC 3110 §2: the exponent's length in one byte, or in two after a zero byte; then exponent and modulus.
    private static bool VerifyRsa(
        byte[] key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, HashAlgorithmName hash)
    {
        bool isLong = key is [0, _, _, ..];
        int start = isLong ? 3 : 1;
        int length = key.Length == 0 ? 0 : isLong ? (key[1] << 8) | key[2] : key[0];
        if (length == 0 || start + length >= key.Length)
            return false;
        var parameters = new RSAParameters
        {
            Exponent = key[start..(start + length)],
            Modulus = [.. key.AsSpan(start + length).TrimStart((byte)0)],
        };
        using var rsa = RSA.Create(parameters);
        return rsa.VerifyData(data, signature, hash, RSASignaturePadding.Pkcs1);
    }

    // RFC 6605 §4: the key is x | y, the signature r | s.
    private static bool VerifyEcdsa(
        byte[] key,
        ReadOnlySpan<byte> data,
        ReadOnlySpan<byte> signature,
        ECCurve curve,
        int size,
        HashAlgorithmName hash)
    {
        if (key.Length != 2 * size || signature.Length != 2 * size)
            return false;
        var point = new ECPoint { X = key[..size], Y = key[size..] };
        using var ecdsa = ECDsa.Create(new ECParameters { Curve = curve, Q = point });
        return ecdsa.VerifyData(data, signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    // RFC 8080 §3 and §4.
    private static bool VerifyEdwards(
        ISigner signer, ICipherParameters key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        signer.Init(forSigning: false, key);
        signer.BlockUpdate(data);
        return signer.VerifySignature(signature.ToArray());
    }
}

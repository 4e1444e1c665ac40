using System.Collections.Immutable;
using System.Security.Cryptography;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Validation;

/// <summary>A zone's public key. RFC 4034 §2.1.</summary>
internal sealed record DnsKey(ushort Flags, byte Protocol, byte Algorithm, ImmutableArray<byte> PublicKey, ushort Tag)
{
    private const ushort ZoneKeyFlag = 0x0100;
    private const ushort RevokedFlag = 0x0080;

    /// <summary>Whether it may sign the zone: a zone key of DNSSEC that is not revoked (RFC 5011 §2.1).</summary>
    public bool MaySign => (Flags & ZoneKeyFlag) != 0 && (Flags & RevokedFlag) == 0 && Protocol == 3;

    public static DnsKey Read(ReadOnlySpan<byte> data)
    {
        var reader = new WireReader(data);
        return new(
            reader.ReadUInt16(), reader.ReadByte(), reader.ReadByte(), [.. reader.TakeRest()], TagOf(data));
    }

    // RFC 4034 appendix B.
    private static ushort TagOf(ReadOnlySpan<byte> data)
    {
        uint sum = 0;
        for (int i = 0; i < data.Length; i++)
            sum += (i & 1) == 0 ? (uint)data[i] << 8 : data[i];
        return (ushort)(sum + (sum >> 16));
    }
}

/// <summary>The parent's, or an anchor's, fingerprint of a key. RFC 4034 §5.1.</summary>
internal sealed record DelegationSigner(ushort Tag, byte Algorithm, byte DigestType, ImmutableArray<byte> Digest)
{
    private const byte Sha1 = 1;
    private const byte Sha256 = 2;
    private const byte Sha384 = 4;

    /// <summary>Whether this program can follow it: both the key's algorithm and the digest are known.</summary>
    public bool IsSupported => SignatureAlgorithm.IsSupported(Algorithm) && DigestType is Sha1 or Sha256 or Sha384;

    public static DelegationSigner Read(ReadOnlySpan<byte> data)
    {
        var reader = new WireReader(data);
        return new(reader.ReadUInt16(), reader.ReadByte(), reader.ReadByte(), [.. reader.TakeRest()]);
    }

    /// <summary>The ones to follow: supported, and not by SHA-1 when a better digest stands beside it.</summary>
    /// <remarks>RFC 4035 §5.2, RFC 4509 §3.</remarks>
    public static ImmutableArray<DelegationSigner> Usable(IEnumerable<DelegationSigner> signers)
    {
        ImmutableArray<DelegationSigner> supported = [.. signers.Where(s => s.IsSupported)];
        return supported.Any(s => s.DigestType != Sha1) ? [.. supported.Where(s => s.DigestType != Sha1)] : supported;
    }

    /// <summary>Whether it speaks of this key of this zone. RFC 4034 §5.1.4.</summary>
    public bool Matches(Name zone, DnsKey key, ReadOnlySpan<byte> keyData)
    {
        if (key.Tag != Tag || key.Algorithm != Algorithm || !key.MaySign)
            return false;
        byte[] hashed = [.. zone.Wire, .. keyData];
        byte[] digest = DigestType switch
        {
            Sha1 => HashOfOldDelegations(hashed),
            Sha256 => SHA256.HashData(hashed),
            Sha384 => SHA384.HashData(hashed),
            _ => [],
        };
        return digest.AsSpan().SequenceEqual(Digest.AsSpan());
    }

#pragma warning disable CA5350 // RFC 8624 §3.3: validators have to follow SHA-1 where nothing better is published.
    private static byte[] HashOfOldDelegations(byte[] hashed) => SHA1.HashData(hashed);
#pragma warning restore CA5350
}

/// <summary>The keys that a zone's signatures may be made with, trusted.</summary>
/// <param name="Zone">The zone.</param>
/// <param name="Keys">Its keys.</param>
/// <param name="Expires">When the first signature ends that the trust in them comes from, the root's included.</param>
internal sealed record ZoneKeys(Name Zone, ImmutableArray<DnsKey> Keys, DateTimeOffset Expires);

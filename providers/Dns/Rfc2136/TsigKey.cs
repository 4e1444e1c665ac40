using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using RolloverD.Providers.Dns.Rfc2136.Wire;

namespace RolloverD.Providers.Dns.Rfc2136;

/// <summary>The digests that are good enough. MD5 and SHA-1 are not (RFC 8945 §6).</summary>
internal enum TsigAlgorithm
{
    HmacSha256,
    HmacSha384,
    HmacSha512,
}

/// <summary>A secret shared with the server: signs what is sent and proves who answered.</summary>
/// <remarks>Not a record, so that no text of it ever holds the secret. RFC 8945 §8.</remarks>
internal sealed class TsigKey(string name, TsigAlgorithm algorithm, ImmutableArray<byte> secret)
{
    /// <summary>How far the two clocks may be apart, in seconds. RFC 8945 §10 recommends this.</summary>
    public const ushort FudgeSeconds = 300;

    public string Name { get; } = name;

    public string AlgorithmName { get; } = algorithm switch
    {
        TsigAlgorithm.HmacSha256 => "hmac-sha256",
        TsigAlgorithm.HmacSha384 => "hmac-sha384",
        _ => "hmac-sha512",
    };

    /// <summary>Signs a request without additional records; its digest is needed to verify the reply.</summary>
    /// <remarks>RFC 8945 §5.1.</remarks>
    public (byte[] Message, byte[] Mac) Sign(byte[] request, DateTimeOffset now)
    {
        long time = now.ToUnixTimeSeconds();
        byte[] mac = Digest([.. request, .. Variables(time, FudgeSeconds, Rcode.NoError, [])]);
        byte[] data = new MessageWriter()
            .Name(AlgorithmName).Number48(time).Number16(FudgeSeconds).Number16(mac.Length).Octets(mac)
            .Octets(request.AsSpan(0, 2)).Number16((int)Rcode.NoError).Number16(0).ToArray();
        byte[] signed = new MessageWriter()
            .Octets(request).Record(new(Name, WireType.Tsig, WireClass.Any, 0, [.. data])).ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(signed.AsSpan(10), 1);
        return (signed, mac);
    }

    /// <summary>Whether the reply was signed with this key as the answer to the request with that digest.</summary>
    /// <remarks>RFC 8945 §5.4. The time is not judged here.</remarks>
    public bool Verifies(Reply reply, byte[] requestMac)
    {
        if (reply.Signature is not { } signature || signature.KeyName != Name || signature.Algorithm != AlgorithmName)
            return false;

        byte[] unsigned = [.. reply.Octets.AsSpan(0, signature.Start)];
        BinaryPrimitives.WriteUInt16BigEndian(unsigned, signature.OriginalId);
        int additional = BinaryPrimitives.ReadUInt16BigEndian(unsigned.AsSpan(10));
        BinaryPrimitives.WriteUInt16BigEndian(unsigned.AsSpan(10), (ushort)(additional - 1));

        byte[] expected = Digest(
        [
            .. new MessageWriter().Number16(requestMac.Length).Octets(requestMac).ToArray(),
            .. unsigned,
            .. Variables(signature.TimeSigned, signature.FudgeSeconds, signature.Error, signature.Other),
        ]);

        // A shortened digest (RFC 8945 §5.2.2.1) has another length and does not pass.
        return CryptographicOperations.FixedTimeEquals(expected, signature.Mac.AsSpan());
    }

    // RFC 8945 §4.3.3
    private byte[] Variables(long time, ushort fudge, Rcode error, ImmutableArray<byte> other) =>
        new MessageWriter()
            .Name(Name).Number16(WireClass.Any).Number32(0).Name(AlgorithmName).Number48(time).Number16(fudge)
            .Number16((int)error).Number16(other.Length).Octets(other.AsSpan()).ToArray();

    private byte[] Digest(byte[] text) => algorithm switch
    {
        TsigAlgorithm.HmacSha256 => HMACSHA256.HashData(secret.AsSpan(), text),
        TsigAlgorithm.HmacSha384 => HMACSHA384.HashData(secret.AsSpan(), text),
        _ => HMACSHA512.HashData(secret.AsSpan(), text),
    };
}

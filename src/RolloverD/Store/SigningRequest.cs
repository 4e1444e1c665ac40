using System.Formats.Asn1;

namespace RolloverD.Store;

/// <summary>Signing requests as they lie beside their keys, DER.</summary>
internal static class SigningRequest
{
    /// <summary>
    /// Whether two requests ask for the same: all but their signatures is equal. Those differ each time that one is
    /// signed with an elliptic curve. Something that is no request asks for nothing.
    /// </summary>
    public static bool AskTheSame(byte[] one, byte[] other)
    {
        try
        {
            return Asked(one).Span.SequenceEqual(Asked(other).Span);
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    // RFC 2986 §4: certificationRequestInfo, signatureAlgorithm, signature
    private static ReadOnlyMemory<byte> Asked(byte[] request)
    {
        var reader = new AsnReader(request, AsnEncodingRules.DER);
        AsnReader parts = reader.ReadSequence();
        ReadOnlyMemory<byte> asked = parts.ReadEncodedValue();
        parts.ReadEncodedValue();
        parts.ReadBitString(out _);
        parts.ThrowIfNotEmpty();
        reader.ThrowIfNotEmpty();
        return asked;
    }
}

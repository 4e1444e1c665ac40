using System.Collections.Immutable;

namespace RolloverD.Providers.Dns.Rfc2136.Wire;

/// <summary>A resource record as it travels. RFC 1035 §4.1.3.</summary>
internal sealed record WireRecord(string Name, ushort Type, ushort Class, uint Ttl, ImmutableArray<byte> Data);

/// <summary>Record types and classes that are needed here.</summary>
internal static class WireType
{
    public const ushort Cname = 5;
    public const ushort Soa = 6;
    public const ushort Txt = 16;
    public const ushort Tlsa = 52;
    public const ushort Tsig = 250;
}

/// <summary>Classes; in updates NONE and ANY carry a meaning of their own (RFC 2136 §2.4 and §2.5).</summary>
internal static class WireClass
{
    public const ushort In = 1;
    public const ushort None = 254;
    public const ushort Any = 255;
}

/// <summary>Operation codes. RFC 1035 §4.1.1, RFC 2136 §1.3.</summary>
internal enum Opcode
{
    Query = 0,
    Update = 5,
}

/// <summary>Response codes, and the errors that only a TSIG record carries. RFC 2136 §2.2, RFC 8945 §3.</summary>
internal enum Rcode
{
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NxDomain = 3,
    NotImp = 4,
    Refused = 5,
    YxDomain = 6,
    YxRrset = 7,
    NxRrset = 8,
    NotAuth = 9,
    NotZone = 10,
    BadSig = 16,
    BadKey = 17,
    BadTime = 18,
    BadTrunc = 22,
}

namespace RolloverD.Dns.Messages;

/// <summary>The record types that RolloverD asks for or must understand; others keep their number.</summary>
public enum RecordType : ushort
{
    A = 1,
    Ns = 2,
    Cname = 5,
    Soa = 6,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Dname = 39,
    Opt = 41,
    Ds = 43,
    Rrsig = 46,
    Nsec = 47,
    Dnskey = 48,
    Nsec3 = 50,
    Tlsa = 52,

    /// <summary>Never a record: stands in an NSEC bitmap for "the name does not exist". RFC 9824 §2.</summary>
    Nxname = 128,
}

/// <summary>What a server says of a question as a whole: 12 bits with EDNS. RFC 1035 §4.1.1.</summary>
internal enum ResponseCode : ushort
{
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NxDomain = 3,
    NotImp = 4,
    Refused = 5,
    NotAuth = 9,
    BadVers = 16,
}

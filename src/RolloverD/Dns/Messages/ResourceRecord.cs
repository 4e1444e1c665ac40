namespace RolloverD.Dns.Messages;

/// <summary>
/// One record with its data in the canonical form that DNSSEC signs: names inside are uncompressed and, for the types
/// that say so, in lower case.
/// </summary>
/// <param name="Owner">The name that holds the record.</param>
/// <param name="Type">Its type.</param>
/// <param name="TtlSeconds">Its time to live as it came.</param>
/// <param name="Data">Its data in canonical form.</param>
/// <remarks>RFC 4034 §6.2.</remarks>
internal sealed record ResourceRecord(Name Owner, RecordType Type, uint TtlSeconds, byte[] Data)
{
    /// <summary>The name in the data of NS, CNAME, DNAME and MX.</summary>
    public Name Target => new WireReader(Data).ReadNameAt(Type == RecordType.Mx ? 2 : 0);
}

/// <summary>What is asked: always of class IN.</summary>
internal readonly record struct Question(Name Name, RecordType Type)
{
    public override string ToString() => $"{Name} {Type.ToString().ToUpperInvariant()}";
}

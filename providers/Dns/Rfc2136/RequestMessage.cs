using System.Collections.Immutable;
using RolloverD.Core.Ports;
using RolloverD.Providers.Dns.Rfc2136.Wire;

namespace RolloverD.Providers.Dns.Rfc2136;

/// <summary>Writes the messages that are sent, before they are signed.</summary>
internal static class RequestMessage
{
    /// <summary>A question for one record set, not to be recursed for. RFC 1035 §4.1.2.</summary>
    public static byte[] Question(ushort id, string owner, DnsRecordType type) =>
        new MessageWriter()
            .Number16(id).Number16((int)Opcode.Query << 11)
            .Number16(1).Number16(0).Number16(0).Number16(0)
            .Name(owner).Number16(RecordData.TypeOf(type)).Number16(WireClass.In).ToArray();

    /// <summary>
    /// An update that happens as a whole or not at all, and only while the set is what <paramref name="condition"/>
    /// says: compare-and-set in the server.
    /// </summary>
    /// <param name="id">The message's id.</param>
    /// <param name="zone">The zone that is updated.</param>
    /// <param name="change">What shall change.</param>
    /// <param name="held">What the server held when it was last asked.</param>
    /// <param name="condition">The values that the server must still hold; null makes no condition.</param>
    /// <remarks>RFC 2136 §2.</remarks>
    public static byte[] Update(
        ushort id, string zone, CanonicalChange change, HeldSet held, ImmutableArray<string>? condition)
    {
        ushort type = RecordData.TypeOf(change.Type);
        ImmutableArray<WireRecord> prerequisites = condition switch
        {
            null => [],

            // RFC 2136 §2.4.3: the RRset does not exist.
            { IsEmpty: true } => [new(change.Owner, type, WireClass.None, 0, [])],

            // RFC 2136 §2.4.2: the RRset exists with exactly these records.
            { } values => [.. values.SelectMany(v => held.DataOf(v))
                .Select(data => new WireRecord(change.Owner, type, WireClass.In, 0, data))],
        };

        // A set has one TTL (RFC 2181 §5.2): records that stay are written again with the new one.
        IEnumerable<string> written =
            change.ChangesTtl(held.Set) ? change.Add.Union(change.Staying(held.Set)) : change.Add;

        // RFC 2136 §2.5.1 adds to an RRset, RFC 2136 §2.5.4 deletes one record from it.
        ImmutableArray<WireRecord> updates =
        [
            .. written.SelectMany(v => held.DataOf(v))
                .Select(data => new WireRecord(change.Owner, type, WireClass.In, change.TtlSeconds, data)),
            .. change.Remove.SelectMany(v => held.DataOf(v))
                .Select(data => new WireRecord(change.Owner, type, WireClass.None, 0, data)),
        ];

        MessageWriter message = new MessageWriter()
            .Number16(id).Number16((int)Opcode.Update << 11)
            .Number16(1).Number16(prerequisites.Length).Number16(updates.Length).Number16(0)
            .Name(zone).Number16(WireType.Soa).Number16(WireClass.In);
        foreach (WireRecord record in prerequisites.Concat(updates))
            message.Record(record);
        return message.ToArray();
    }
}

using System.Collections.Immutable;
using System.Net;
using RolloverD.Core.Ports;
using RolloverD.Providers.Dns.Rfc2136.Wire;

namespace RolloverD.Providers.Dns.Rfc2136;

/// <summary>What the server showed of a record set.</summary>
internal abstract record Look
{
    private Look()
    {
    }

    public sealed record Found(HeldSet Held) : Look;

    public sealed record Refused(string Reason, string Remedy) : Look;

    public sealed record Unavailable(string Reason, string Remedy) : Look;

    /// <summary>Reads an authenticated reply to the question for one record set.</summary>
    public static Look At(Reply reply, IPEndPoint server, string zone, string owner, DnsRecordType type)
    {
        ushort wireType = RecordData.TypeOf(type);
        if (reply.Rcode is not (Rcode.NoError or Rcode.NxDomain))
        {
            (bool final, string reason, string remedy) = ServerErrors.OfQuestion(reply.Rcode, server, zone, owner);
            return final ? new Refused(reason, remedy) : new Unavailable(reason, remedy);
        }

        if (reply.Questions is not [var question] || question != (owner, wireType, WireClass.In) || reply.IsTruncated)
        {
            return new Unavailable(
                $"{server} answered another question than the one for {owner}", "see the server's log");
        }

        if (!reply.IsAuthoritative)
        {
            return new Refused(
                $"{server} is not authoritative for {owner}",
                $"name the primary server of {zone} as 'server'; "
                + $"if {owner} is delegated, configure the zone that holds it");
        }

        if (reply.Aliases.FirstOrDefault(a => a.From == owner) is { To: { } target })
        {
            return new Refused(
                $"{owner} is an alias (CNAME) of {target}, so it can hold no records of its own",
                $"let RolloverD manage {target}, or remove the CNAME");
        }

        WireRecord[] records =
            [.. reply.Answers.Where(r => r.Name == owner && r.Type == wireType && r.Class == WireClass.In)];
        var data = ImmutableDictionary.CreateBuilder<string, ImmutableArray<ImmutableArray<byte>>>();
        foreach (WireRecord record in records)
        {
            if (!RecordData.TryDecode(type, record.Data, out string value))
                return new Unavailable($"{server} sent a broken {type} record for {owner}", "see the server's log");
            data[value] = data.TryGetValue(value, out var others) ? others.Add(record.Data) : [record.Data];
        }

        TimeSpan ttl = TimeSpan.FromSeconds(records.Length == 0 ? 0 : records.Max(r => r.Ttl));
        return new Found(new(
            new(owner, type, ttl, [.. data.Keys.Order(StringComparer.Ordinal)]), data.ToImmutable()));
    }
}

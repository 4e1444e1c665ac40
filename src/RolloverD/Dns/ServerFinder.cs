using System.Collections.Immutable;
using System.Net;
using RolloverD.Core.Ports;
using RolloverD.Dns.Messages;
using RolloverD.Dns.Transport;

namespace RolloverD.Dns;

/// <summary>One address of one authoritative server; without address, what stands in for its answer.</summary>
/// <param name="Name">The server's name.</param>
/// <param name="Address">The address.</param>
/// <param name="Missing">What stands in for its answer.</param>
/// <param name="Ttl">How long a resolver may keep the address; zero where nobody told.</param>
/// <param name="IsListed">Whether the zone has it; false for a former one.</param>
internal sealed record AuthoritativeServer(
    Name Name, IPAddress? Address, AnswerContent? Missing, TimeSpan Ttl = default, bool IsListed = true)
{
    public static AuthoritativeServer Unreachable(Name name, string reason) =>
        new(name, null, new AnswerContent.Unreachable(reason));

    public static AuthoritativeServer Unasked(Name zone, Name server) =>
        new(zone, null, new AnswerContent.Failed($"servers that {zone} lists were not asked, such as {server}"));

    public string AddressText => Address?.ToString() ?? "";
}

/// <summary>The servers that a zone is delegated to, by the parent's word.</summary>
/// <param name="Servers">Their names; none where the parent could not be heard.</param>
/// <param name="Glue">The addresses that the parent hands out with the names. Nobody signs them.</param>
/// <param name="Problem">Why some server may be missing; empty when these are all.</param>
/// <param name="Ttl">The longest TTL of the delegation and its glue; zero where it could not be heard.</param>
internal sealed record Delegation(
    ImmutableArray<Name> Servers, ILookup<Name, IPAddress> Glue, string Problem, TimeSpan Ttl)
{
    public static Delegation Without(ImmutableArray<Name> servers, string problem) =>
        new(servers, Array.Empty<IPAddress>().ToLookup(_ => Name.Root), problem, TimeSpan.Zero);
}

/// <summary>Finds the zone that holds a name, and the servers that are responsible for the zone.</summary>
internal sealed class ServerFinder(Round round, int port)
{
    // A delegation is the same at all of a parent's servers but for moments; a few of them are enough.
    private const int ParentServersAsked = 4;

    /// <summary>
    /// Walks up from the name until a SOA record shows the zone's apex. What a forger could make of this is caught
    /// later: an answer must be signed by this very zone.
    /// </summary>
    public async Task<(Name? Zone, string Problem)> FindZoneAsync(Name name)
    {
        for (Name at = name; ; at = at.Parent)
        {
            Reply reply = await round.Resolver.AskAsync(at, RecordType.Soa);
            if (reply is Reply.Malformed && !at.IsRoot)
            {
                // An alias whose target is broken is answered with SERVFAIL; its own zone may be well all the same.
                continue;
            }

            if (reply is not Reply.Answered(var message))
                return (null, reply.Problem);
            bool isAlias = message.Answer.Any(r => r.Type == RecordType.Cname && r.Owner.Equals(at));
            Name? apex = message.Answer.Concat(isAlias ? [] : message.Authority)
                .Where(r => r.Type == RecordType.Soa && at.IsAtOrBelow(r.Owner))
                .Select(r => r.Owner)
                .MaxBy(n => n.LabelCount);
            if (apex is not null)
                return (apex, "");
            if (at.IsRoot)
                return (null, $"no SOA record is found at or above {name}");
        }
    }

    /// <summary>The servers that the zone is delegated to, asked from the parent's servers themselves.</summary>
    public async Task<Delegation> FindDelegationAsync(Name zone)
    {
        if (zone.IsRoot)
        {
            (ImmutableArray<Name> rootServers, string unlisted) = await FindListedAsync(zone);
            return Delegation.Without(rootServers, unlisted);
        }

        (Name? parent, string problem) = await FindZoneAsync(zone.Parent);
        if (parent is null)
            return Delegation.Without([], problem);
        (ImmutableArray<Name> parentServers, problem) = await FindListedAsync(parent);
        AuthoritativeServer[][] addresses = await Task.WhenAll(parentServers.Select(s => FindAddressesAsync(s, [])));
        // One address of each server first, so that the few that are asked are of different servers.
        IPEndPoint[] some =
        [
            .. addresses.SelectMany(a => a.Select((s, i) => (s.Address, Rank: i)))
                .Where(s => s.Address is not null)
                .OrderBy(s => s.Rank)
                .Take(ParentServersAsked)
                .Select(s => new IPEndPoint(s.Address!, port)),
        ];
        Reply[] replies = await Task.WhenAll(
            some.Select(s => round.Exchange.AskAsync(s, new(zone, RecordType.Ns), QueryKind.Authoritative)));
        Message[] messages = [.. replies.OfType<Reply.Answered>().Select(r => r.Message)];
        ResourceRecord[] delegating =
        [
            .. messages.SelectMany(m => m.Answer.Concat(m.Authority))
                .Where(r => r.Type == RecordType.Ns && r.Owner.Equals(zone)),
        ];
        if (delegating.Length > 0)
        {
            ImmutableArray<Name> names = [.. delegating.Select(r => r.Target).Distinct()];
            ResourceRecord[] glue = GlueOf(messages, names);
            return new(
                names, glue.ToLookup(r => r.Owner, r => new IPAddress(r.Data)), "",
                TimeSpan.FromSeconds(delegating.Concat(glue).Max(r => r.TtlSeconds)));
        }

        problem = replies.FirstOrDefault(r => r.Problem.Length > 0)?.Problem is { } seen ? $": {seen}" : problem;
        return Delegation.Without([], $"no server of {parent} tells the delegation of {zone}{problem}");
    }

    /// <summary>Every address of a server's name, IPv4 and IPv6; without any, one entry that says why.</summary>
    /// <param name="server">The server's name.</param>
    /// <param name="glue">
    /// The addresses that the parent tells: a resolver goes there first, also when the zone has others by now. They can
    /// only add a server that must be heard.
    /// </param>
    public async Task<AuthoritativeServer[]> FindAddressesAsync(Name server, IEnumerable<IPAddress> glue)
    {
        LookupAnswer[] answers = await Task.WhenAll(
            ValidatingResolver.LookupAsync(round, server.ToString(), RecordType.A),
            ValidatingResolver.LookupAsync(round, server.ToString(), RecordType.Aaaa));
        TimeSpan ttl = answers.Max(a => (a.Content as LookupContent.Found)?.Ttl) ?? TimeSpan.Zero;
        IEnumerable<AuthoritativeServer> found = answers.SelectMany(a => a.Values)
            .Select(IPAddress.Parse)
            .Union(glue)
            .Select(a => new AuthoritativeServer(server, a, null, ttl));
        // An address family that cannot be looked up may hide an address: it is an answer that is missing.
        IEnumerable<AuthoritativeServer> failed = answers
            .Select(a => a.Content switch
            {
                LookupContent.Failed f => Unlisted(server, f.Reason),
                LookupContent.Bogus b =>
                    new(server, null, new AnswerContent.Bogus($"its address is bogus: {b.Reason}")),
                _ => null,
            })
            .OfType<AuthoritativeServer>()
            .Take(1);
        AuthoritativeServer[] all = [.. found, .. failed];
        return all.Length > 0 ? all : [AuthoritativeServer.Unreachable(server, "its name has no address")];
    }

    // Whatever else a parent's server adds is not asked for.
    private static ResourceRecord[] GlueOf(Message[] messages, ImmutableArray<Name> servers) =>
    [
        .. messages.SelectMany(m => m.Additional)
            .Where(r => servers.Contains(r.Owner))
            .Where(r => (r.Type, r.Data.Length) is (RecordType.A, 4) or (RecordType.Aaaa, 16)),
    ];

    private static AuthoritativeServer Unlisted(Name server, string reason) =>
        AuthoritativeServer.Unreachable(server, $"its addresses cannot be looked up: {reason}");

    private async Task<(ImmutableArray<Name> Servers, string Problem)> FindListedAsync(Name zone)
    {
        Reply reply = await round.Resolver.AskAsync(zone, RecordType.Ns);
        if (reply is not Reply.Answered(var message))
            return ([], reply.Problem);
        IEnumerable<ResourceRecord> listed = message.Answer.Where(r => r.Type == RecordType.Ns && r.Owner.Equals(zone));
        return ([.. listed.Select(r => r.Target)], "");
    }
}

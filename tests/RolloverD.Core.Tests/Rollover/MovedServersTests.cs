using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>Which name servers a zone has, or had, where its names lead.</summary>
public class MovedServersTests
{
    private const string Before = "_dane.one.example.net", After = "_dane.two.example.net";
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly TimeSpan Days = TimeSpan.FromDays(2), Margin = TimeSpan.FromMinutes(5);
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Chain = Some.Chain(Key), NextChain = Some.Chain(NextKey);
    private static readonly TlsaRecord Ours = Some.Record("3 1 1", Key), Next = Some.Record("3 1 1", NextKey);

    private static readonly DesiredCertificate Mx1 = Some.Certificate;

    // _25._tcp.mx1.example.net (zone example.net, ns1 and ns2) CNAME _dane.provider.test (zone provider.test, ns3).
    // Authority puts a server of the alias's zone that did not say where it leads among the answers, as listed.
    [Fact]
    public void A_server_of_the_aliass_zone_that_was_silent_once_is_no_server_that_the_owners_zone_lost()
    {
        const string owner = "_dane.provider.test";
        RecordSet old = Some.Set(Ours), both = Some.Set(Ours, Next);
        var silent = new ServerAnswer(
            "ns2.example.net", "192.0.2.2", new AnswerContent.Unreachable("timed out"), IsOfZone: false);
        Facts facts = Given.Steady(Mx1, Key, Given.In(2, NextKey, new GenerationState.Issued(NextChain, Now)));
        facts = facts with { Owners = facts.Owners.Clear() };
        facts = Observe(Now, old);
        facts = Observe(Now.AddMinutes(1), old, silent);
        facts = Observe(Now.AddMinutes(2), old);
        Assert.True(facts.Owner(owner).IsSettled);

        // The usual: published, seen everywhere, out of caches.
        DateTimeOffset later = Now.AddHours(1);
        OwnerLedger ledger = facts.Owner(owner);
        facts = facts.With(ledger.Intend(both, [Next], later).Applied(both, later));
        facts = Observe(later.AddMinutes(1), both);
        facts = Observe(later.AddHours(4), both);
        Assert.Empty(facts.Owner(owner).FormerServers);
        Assert.Equal([both], facts.Owner(owner).VisibleSetsAt(later.AddHours(4), Margin));
        Assert.IsType<Step.Deploy>(Planner.Next(
            Some.Desired(Mx1), facts, Seen(later.AddHours(4), both), "mx1", later.AddHours(4)).Next);

        Facts Observe(DateTimeOffset at, RecordSet set, params ImmutableArray<ServerAnswer> more) =>
            facts.Observe(Mx1, Seen(at, set, more));

        Observation Seen(DateTimeOffset at, RecordSet set, params ImmutableArray<ServerAnswer> more) => new(
            ImmutableDictionary<string, OwnerObservation>.Empty.Add(Some.Owner, Look.At(at) with
            {
                Owner = owner,
                Zone = "provider.test",
                Aliases = [new(Some.Owner, owner, Some.Ttl)],
                ServersTtl = Days,
                Servers = [new("ns3.provider.test", "192.0.2.3", Look.Serves(set)), .. more],
            }),
            ImmutableDictionary<Endpoint, EndpointObservation>.Empty.Add(Some.Mx, Look.Shows(Some.Mx, at, Chain)),
            [], 1);
    }

    // The zone moves to other servers, and there the name's CNAME leads elsewhere. Resolvers go on asking the old
    // servers for two days, which lead them to the owner before, and give out what it held.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_alias_that_moves_with_the_servers_leads_to_the_owner_before_while_the_old_ones_are_asked(
        bool serversFirst)
    {
        RecordSet old = Some.Set(Ours), both = Some.Set(Ours, Next);
        Facts facts = Given.Steady(Mx1, Key, Given.In(2, NextKey, new GenerationState.Issued(NextChain, Now)));
        facts = facts with { Owners = facts.Owners.Clear().Add(Before, Given.Ledger(old, Before)) };
        facts = facts.Observe(Mx1, Seen(Now, Before, old, 1));

        // As a control: the servers change a minute earlier than the alias.
        if (serversFirst)
            facts = facts.Observe(Mx1, Seen(Now.AddMinutes(1), Before, old, 3));
        DateTimeOffset moved = Now.AddMinutes(2);
        facts = facts.Observe(Mx1, Seen(moved, After, both, 3));

        // The owner before is an orphan, and looked at: the old servers are asked, and go on giving out its records.
        facts = facts.Observe(Mx1, Orphan(moved.AddMinutes(1)));
        facts = facts.Observe(Mx1, Orphan(moved.AddMinutes(2)));
        Assert.Contains(
            facts.Owner(Before).Sets, s => s.Records.Equals(old) && s.State is SetState.Seen { Elsewhere: true });

        DateTimeOffset day = moved.AddDays(1);
        Assert.True(day < facts.Owner(Before).FormerServers.Min(s => s.ForgottenAt));
        facts = facts.Observe(Mx1, Seen(day, After, both, 3)).Observe(Mx1, Orphan(day));
        Assert.IsNotType<Step.Deploy>(Planner.Next(
            Some.Zoned(Mx1), facts, Seen(day, After, both, 3), "mx1", day).Next);
        Assert.NotEmpty(Safety.OfPuttingIn(Some.Zoned(Mx1), facts, Mx1, NextChain, day));

        static Observation Seen(DateTimeOffset at, string owner, RecordSet set, int first) => new(
            ImmutableDictionary<string, OwnerObservation>.Empty.Add(Some.Owner, Look.At(at) with
            {
                Owner = owner,
                Aliases = [new(Some.Owner, owner, Some.Ttl)],
                ServersTtl = Days,
                Servers = [Server(first, set), Server(first + 1, set)],
            }),
            ImmutableDictionary<Endpoint, EndpointObservation>.Empty.Add(Some.Mx, Look.Shows(Some.Mx, at, Chain)),
            [], 1);

        Observation Orphan(DateTimeOffset at) => Look.Nothing with
        {
            Owners = Look.Nothing.Owners.Add(Before, Look.At(at) with
            {
                Name = Before,
                Owner = Before,
                ServersTtl = Days,
                Servers =
                [
                    Server(3, RecordSet.Absent), Server(4, RecordSet.Absent),
                    .. facts.Owner(Before).FormerServers.Select(
                        s => new ServerAnswer(s.Server, s.Address, Look.Serves(old), IsListed: false)),
                ],
            }),
        };

        static ServerAnswer Server(int number, RecordSet set) =>
            new($"ns{number}.example.net", $"192.0.2.{number}", Look.Serves(set));
    }
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// A name server that is taken out of the zone, most often because it stands still: resolvers that have cached where
/// the zone is go on asking it, for the TTL of the NS records, and keep what they get.
/// </summary>
public class KnownServerTests
{
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly RecordSet Old = Some.Set(Some.Record("3 1 1", Key));
    private static readonly RecordSet Both = Old.With([Some.Record("3 1 1", NextKey)]);
    private static readonly TimeSpan Known = TimeSpan.FromHours(48), Margin = Some.Desired().Timing.SafetyMargin;
    private static readonly DateTimeOffset T0 = Some.Start.AddDays(40), Forgotten = T0 + Known;

    // The second of two servers stands still and is taken out after the set was published.
    private static readonly OwnerLedger Left = Given.Ledger(Old)
        .Observe(Round(T0.AddHours(-1), Listed(1, Look.Serves(Old)), Listed(2, Look.Serves(Old))))
        .Intend(Both, [Some.Record("3 1 1", NextKey)], T0.AddMinutes(-9)).Applied(Both, T0.AddMinutes(-9))
        .Observe(Round(T0, Listed(1, Look.Serves(Both))));

    [Fact]
    public void What_it_gives_out_counts_until_no_resolver_asks_it_any_more_and_for_its_TTL_then()
    {
        Assert.Equal(T0, Assert.Single(Left.FormerServers).LeftAt);
        Assert.IsType<SetState.Seen>(StateOf(Left, Old)); // it was not asked yet
        OwnerLedger ledger = Left;
        foreach (DateTimeOffset at in (DateTimeOffset[])[T0.AddMinutes(1), Forgotten, Forgotten + (Margin / 2)])
        {
            ledger = ledger.Observe(Round(at, Listed(1, Look.Serves(Both)), Former(Look.Serves(Old))));
            Assert.Equal(new SetState.Seen(Elsewhere: true), StateOf(ledger, Old));
        }

        DateTimeOffset end = Forgotten + Margin;
        ledger = ledger.Observe(Round(end, Listed(1, Look.Serves(Both)), Former(Look.Serves(Old))));
        Assert.Empty(ledger.FormerServers);
        Assert.Contains(Old, ledger.VisibleSetsAt(end + Some.Ttl, Margin));
        Assert.DoesNotContain(Old, ledger.VisibleSetsAt(end + (2 * Some.Ttl), Margin));
    }

    [Fact]
    public void One_that_serves_what_all_serve_keeps_nothing_waiting()
    {
        OwnerLedger ledger = Left.Observe(
            Round(T0.AddMinutes(1), Listed(1, Look.Serves(Both)), Former(Look.Serves(Both))));
        Assert.True(ledger.IsSettled);
        Assert.Equal(new SetState.Gone(T0.AddMinutes(1), T0.AddMinutes(-9)), StateOf(ledger, Old));
    }

    public static TheoryData<string> NoAnswers => ["timed out", "answers REFUSED", "does not verify", "is not asked"];

    [Theory]
    [MemberData(nameof(NoAnswers))]
    public void One_that_is_not_heard_may_give_out_what_it_had(string how)
    {
        AnswerContent answer = how switch
        {
            "timed out" => new AnswerContent.Unreachable(how),
            "answers REFUSED" => new AnswerContent.Failed(how),
            _ => new AnswerContent.Bogus(how),
        };
        ServerAnswer[] former = how == "is not asked" ? [] : [Former(answer)];
        OwnerLedger ledger = Left.Observe(Round(T0.AddDays(1), [Listed(1, Look.Serves(Both)), .. former]));
        Assert.Equal(new SetState.Seen(Elsewhere: true), StateOf(ledger, Old));
        Assert.Equal(Both, ledger.BaseAt(T0.AddDays(1)));
        OwnerLedger later = ledger.Observe(Round(Forgotten + Margin, [Listed(1, Look.Serves(Both)), .. former]));
        Assert.IsType<SetState.Gone>(StateOf(later, Old));

        // One of the zone's own may give it out again.
        OwnerLedger again = ledger.Observe(
            Round(T0.AddDays(1), [Listed(1, Look.Serves(Both)), Listed(3, Look.Serves(Old)), .. former]));
        Assert.Equal(new SetState.Seen(), StateOf(again, Old));
        Assert.Equal(Both, again.BaseAt(T0.AddDays(1)));
        Assert.False(again.IsSettled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Records_are_withdrawn_without_waiting_for_it(bool answers)
    {
        // It gives out the set with both records for as long as it is asked; who serves a chain fits that set.
        AnswerContent former = answers ? Look.Serves(Both) : new AnswerContent.Unreachable("timed out");
        OwnerLedger ledger = Given.Ledger(Both)
            .Observe(Round(T0.AddHours(-1), Listed(1, Look.Serves(Both)), Listed(2, Look.Serves(Both))));
        RecordSet next = Some.Set(Some.Record("3 1 1", NextKey));
        ledger = ledger.Intend(next, [], T0.AddMinutes(-9)).Applied(next, T0.AddMinutes(-9));
        Assert.False(ledger.IsSettledAt(T0.AddMinutes(-9)));
        foreach (int minute in (int[])[0, 1])
            ledger = ledger.Observe(Round(T0.AddMinutes(minute), Listed(1, Look.Serves(next)), Former(former)));
        Assert.True(ledger.IsSettledAt(T0.AddMinutes(1)));
        Assert.Equal([Both, next], ledger.VisibleSetsAt(T0.AddHours(40), Margin));
        Assert.Same(ledger, ledger.Observe(Round(T0.AddMinutes(2), Listed(1, Look.Serves(next)), Former(former))));
    }

    [Fact]
    public void It_is_missed_only_where_every_other_server_was_heard_and_comes_back_at_any_time()
    {
        OwnerLedger two = Given.Ledger(Old)
            .Observe(Round(T0.AddHours(-1), Listed(1, Look.Serves(Old)), Listed(2, Look.Serves(Old))));
        OwnerLedger unheard = two.Observe(Round(T0, Listed(1, new AnswerContent.Unreachable("timed out"))));
        Assert.Empty(unheard.FormerServers);
        var unfound = new ServerAnswer("example.net", "", new AnswerContent.Failed("no server tells the delegation"));
        unheard = two.Observe(Round(T0, Listed(1, Look.Serves(Old)), unfound));
        Assert.Empty(unheard.FormerServers);

        ServerAnswer[] whole = [Listed(1, Look.Serves(Both)), Listed(2, Look.Serves(Both))];
        OwnerLedger back = Left.Observe(Round(T0.AddHours(1), whole));
        Assert.Equal(2, back.Servers.Length);
        Assert.Empty(back.FormerServers);
        Assert.Same(back, back.Observe(Round(T0.AddHours(2), whole)));
    }

    [Fact]
    public void The_longest_TTL_counts_and_none_for_longer_than_a_week()
    {
        OwnerLedger ledger = Given.Ledger(Old).Observe(Round(T0, Listed(1, Look.Serves(Old))));
        Assert.Equal(Known, Assert.Single(ledger.Servers).Ttl);
        ledger = ledger.Observe(Round(T0.AddHours(1), Listed(1, Look.Serves(Old))) with { ServersTtl = default });
        Assert.Equal(Known, Assert.Single(ledger.Servers).Ttl);
        ledger = ledger.Observe(
            Round(T0.AddHours(2), Listed(1, Look.Serves(Old))) with { ServersTtl = TimeSpan.FromDays(90) });
        Assert.Equal(TimeSpan.FromDays(7), Assert.Single(ledger.Servers).Ttl);
    }

    [Fact]
    public void The_servers_of_another_zone_to_which_the_name_leads_are_not_those_of_this_one()
    {
        OwnerObservation round =
            Round(T0.AddHours(1), new ServerAnswer("ns.other.example", "192.0.2.9", Look.Serves(Old)));
        Assert.Equal(Left.Servers, Left.Observe(round with { Owner = "_dane.other.example" }).Servers);
    }

    [Fact]
    public void No_change_starts_from_what_it_alone_gives_out()
    {
        // It got a set that the others lost, and then it was taken out.
        RecordSet alone = Both.With([Some.Record("3 1 1", Some.Key(3))]);
        OwnerLedger ledger = Given.Ledger(Old)
            .Observe(Round(T0.AddHours(-2), Listed(1, Look.Serves(Old)), Listed(2, Look.Serves(Old))))
            .Observe(Round(T0.AddHours(-1), Listed(1, Look.Serves(Old)), Listed(2, Look.Serves(alone))))
            .Observe(Round(T0, Listed(1, Look.Serves(Old))));
        ledger = ledger.Observe(Round(T0.AddMinutes(1), Listed(1, Look.Serves(Old)), Former(Look.Serves(alone))));
        Assert.Contains(alone, ledger.VisibleSetsAt(T0.AddMinutes(1), Margin));
        Assert.Equal(Old, ledger.BaseAt(T0.AddMinutes(1)));
        Assert.Equal(Old, ledger.Latest);

        // One that was never seen before.
        RecordSet edited = Old.With([Some.Record("3 1 1", Some.Key(4))]);
        ledger = ledger.Observe(Round(T0.AddMinutes(2), Listed(1, Look.Serves(Old)), Former(Look.Serves(edited))));
        Assert.Contains(edited, ledger.VisibleSetsAt(T0.AddMinutes(2), Margin));
        Assert.Equal(Old, ledger.BaseAt(T0.AddMinutes(2)));

        // While the zone's own servers are not heard, nothing says that they give out something else.
        OwnerLedger unheard = Given.Ledger(Old)
            .Observe(Round(T0.AddHours(-2), Listed(1, Look.Serves(Old)), Listed(2, Look.Serves(Old))))
            .Observe(Round(T0.AddHours(-1), Listed(1, Look.Serves(Old)))).Intend(Both, [], T0)
            .Observe(Round(T0, Listed(1, new AnswerContent.Unreachable("timed out")), Former(Look.Serves(Both))));
        Assert.Equal(new SetState.Seen(), StateOf(unheard, Old));

        // Nor does a change take it away: one has to be no worse than what the zone's own servers give.
        Assert.Equal([Old], ledger.GivenAt(T0.AddMinutes(2)));
        OwnerLedger doubted = ledger.Observe(Round(
            T0.AddMinutes(3), Listed(1, new AnswerContent.Unreachable("timed out")), Former(Look.Serves(edited))));
        Assert.Contains(edited, doubted.GivenAt(T0.AddMinutes(3)));
        OwnerLedger served = ledger.Observe(Round(
            T0.AddMinutes(3), Listed(1, Look.Serves(edited)), Former(Look.Serves(edited))));
        Assert.Equal([edited], served.GivenAt(T0.AddMinutes(3)));

        // What is on its way is not taken for arrived, nor for lost.
        OwnerLedger going = ledger.Intend(Both, [], T0.AddMinutes(3)).Applied(Both, T0.AddMinutes(3))
            .Observe(Round(T0.AddMinutes(4), Listed(1, Look.Serves(Old)), Former(Look.Serves(Both))));
        Assert.IsType<SetState.Intended>(StateOf(going, Both));
        Assert.Equal(Both, going.BaseAt(T0.AddMinutes(4)));
    }

    [Fact]
    public void The_hold_names_it_and_says_until_when_it_counts()
    {
        Facts facts = Given.Steady(
                Some.Certificate, Key, Given.In(2, NextKey, new GenerationState.Issued(Some.Chain(NextKey), T0)))
            .With(Left);
        DateTimeOffset now = T0.AddMinutes(1);
        Plan plan = Decide(Former(Look.Serves(Old)));
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds);
        Assert.Equal((Gate.Propagation, Forgotten + Margin), (hold.Gate, hold.Until));
        Assert.Contains(
            $"ns2.example.net (192.0.2.2), which was taken out of the zone and which resolvers may still ask until "
            + $"{Forgotten:u}, still serves [", hold.Reason, StringComparison.Ordinal);
        Assert.Equal(Actor.Nobody, hold.ActorAt(now.AddHours(1)));

        Hold unasked = Assert.Single(Decide().Holds);
        Assert.Contains("was not asked yet", unasked.Reason, StringComparison.Ordinal);

        // Its signatures are renewed by nobody, and it does not make the zone one of which something is heard.
        facts = facts.With(
            Left.Observe(Round(now, Listed(1, Look.Serves(Both)), Former(Look.Serves(Both)))));
        now = now.AddHours(3);
        Assert.IsType<Step.Deploy>(Decide(Former(Look.Serves(Both, now.AddMinutes(1)))).Next);
        Assert.False(Round(now, Former(Look.Serves(Both))).IsHeard());

        Plan Decide(params ServerAnswer[] former)
        {
            OwnerObservation round = Round(now, [Listed(1, Look.Serves(Both)), .. former]);
            Observation seen = Look.Well(facts, Some.Certificate, now, Some.Chain(Key)) with
            {
                Owners = ImmutableDictionary<string, OwnerObservation>.Empty.Add(Some.Owner, round),
            };
            return Planner.Next(
                Some.Desired(Some.Certificate), facts.Observe(Some.Certificate, seen), seen, "mx1", now);
        }
    }

    [Fact]
    public void An_owner_that_is_first_looked_at_later_takes_it_over_from_others_of_its_zone()
    {
        OwnerLedger other = Left with { Owner = "_25._tcp.mx2.example.net" };
        OwnerLedger first = Seen(T0.AddHours(1), OwnerLedger.New(Some.Owner), Old);
        KnownServer former = Assert.Single(first.FormerServers);
        Assert.Equal(Assert.Single(other.FormerServers), former);
        OwnerLedger next = Seen(T0.AddHours(2), first, Both);
        Assert.Equal(new SetState.Seen(Elsewhere: true), StateOf(next, Old));
        OwnerLedger later = Seen(Forgotten + Margin, next, Both);
        Assert.Empty(later.FormerServers);
        Assert.IsType<SetState.Gone>(StateOf(later, Old));

        other = other with { Zone = "net" };
        Assert.Empty(Seen(T0.AddHours(1), OwnerLedger.New(Some.Owner), Old).FormerServers);
        other = other with { Zone = null };
        Assert.Empty(Seen(T0.AddHours(1), OwnerLedger.New(Some.Owner), Old).FormerServers);

        OwnerLedger Seen(DateTimeOffset at, OwnerLedger ledger, RecordSet set) =>
            ledger.Observe(Round(at, Listed(1, Look.Serves(set))), Margin, [other, ledger]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_others_that_know_it_the_one_counts_that_knows_it_for_longest(bool lastFirst)
    {
        OwnerLedger early = Left with { Owner = "_25._tcp.mx2.example.net" };
        OwnerLedger late = early with
        {
            Owner = "_25._tcp.mx3.example.net",
            Servers = [.. early.Servers.Select(s => s with { LeftAt = s.LeftAt + TimeSpan.FromHours(1) })],
        };
        OwnerLedger seen = OwnerLedger.New(Some.Owner).Observe(
            Round(T0.AddHours(2), Listed(1, Look.Serves(Old))), Margin, lastFirst ? [late, early] : [early, late]);
        Assert.Equal(Assert.Single(late.FormerServers), Assert.Single(seen.FormerServers));
    }

    [Fact]
    public void One_that_was_listed_beside_the_look_that_counts_is_known_and_missed_by_the_next()
    {
        Observation beside = Look.Nothing with
        {
            Owners = Look.Nothing.Owners.Add(
                Some.Owner, Round(T0, Listed(1, Look.Serves(Old)), Listed(2, Look.Serves(Old)))),
        };
        Facts facts = Given.Facts([], [Given.Ledger(Old).Observe(Round(T0, Listed(1, Look.Serves(Old))))]);
        OwnerLedger met = facts.Meet(beside, T0).Owner(Some.Owner);
        Assert.Equal(2, met.Servers.Length);
        DateTimeOffset next = T0.AddMinutes(1);
        Assert.Equal(
            new("ns2.example.net", "192.0.2.2", Known, next),
            Assert.Single(met.Observe(Round(next, Listed(1, Look.Serves(Old)))).FormerServers));
    }

    [Fact]
    public void Its_time_moves_with_the_clock()
    {
        Facts facts = Given.Steady(Some.Certificate, Key).With(Left).Shift(TimeSpan.FromHours(3));
        Assert.Equal(T0.AddHours(3), Assert.Single(facts.Owner(Some.Owner).FormerServers).LeftAt);
    }

    private static OwnerObservation Round(DateTimeOffset at, params ServerAnswer[] answers) =>
        Look.At(at) with { Servers = [.. answers], ServersTtl = Known };

    private static ServerAnswer Listed(int number, AnswerContent content) =>
        new($"ns{number}.example.net", $"192.0.2.{number}", content);

    private static ServerAnswer Former(AnswerContent content) => Listed(2, content) with { IsListed = false };

    private static SetState StateOf(OwnerLedger ledger, RecordSet set) =>
        ledger.Sets.Last(s => s.Records.Equals(set)).State;
}

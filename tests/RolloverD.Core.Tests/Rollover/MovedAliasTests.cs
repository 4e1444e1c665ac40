using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// The CNAME of a TLSA name leads to another owner; caches that hold the old one go on to the owner before.
/// </summary>
public class MovedAliasTests
{
    private const string Before = "_dane.one.example", After = "_dane.two.example";
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly TimeSpan AliasTtl = TimeSpan.FromHours(5);
    private static readonly PublicKey Moved = Some.Key(1), Stays = Some.Key(2);
    private static readonly TlsaRecord OfMoved = Some.Record("3 1 1", Moved), OfStays = Some.Record("3 1 1", Stays);
    private static readonly Endpoint Other = new("mx2.example.net", 25);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly DesiredCertificate Mx2 = Mx1 with { Name = "mx2", Endpoints = [Other] };

    [Fact]
    public void Records_stay_where_another_host_is_still_led_as_long_as_caches_may_come_for_them()
    {
        DateTimeOffset until = Now + (2 * AliasTtl);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Moved)), Given.Certificate("mx2", Given.Live(1, Stays))],
            [Given.Ledger(Some.Set(OfMoved, OfStays), Before), Given.Ledger(Some.Set(OfMoved), After)],
            [
                Given.Seen(Some.Mx, Some.Chain(Moved)) with { TlsaOwner = After, Former = [new(Before, until)] },
                Given.Seen(Other, Some.Chain(Stays)) with { TlsaOwner = Before },
            ]);
        Plan early = Decide(until.AddSeconds(-1));
        Assert.Null(early.Next);
        Hold hold = Assert.Single(early.Holds, h => h.Gate == Gate.Safety);
        Assert.Equal((Before, until), (hold.Subject, hold.Until));
        Assert.Contains("cache still leads", hold.Reason, StringComparison.Ordinal);

        var withdraw = Assert.IsType<Step.Withdraw>(Decide(until).Next);
        Assert.Equal((Before, OfMoved), (withdraw.Owner, Assert.Single(withdraw.Removed)));

        Plan Decide(DateTimeOffset now) => Planner.Next(
            Some.Desired(Mx1, Mx2), facts, Look.Well(facts, Mx2, now, Some.Chain(Stays)), "mx2", now);
    }

    [Fact]
    public void While_a_server_does_not_say_where_the_name_leads_it_may_lead_to_the_owner_before()
    {
        Facts facts = Observe(Observe(Given.Steady(Mx1, Moved), Now, Before), Now, After);
        DateTimeOffset until = Now + (2 * AliasTtl);
        Assert.Equal([new(Before, until)], FormerOf(facts));

        DateTimeOffset later = Now.AddHours(3);
        Facts partial = Observe(facts, later, After, new AnswerContent.Unreachable("timed out"));
        Assert.Equal([new(Before, until.AddHours(3))], FormerOf(partial));
        Assert.Equal(FormerOf(partial), FormerOf(Observe(partial, later.AddHours(1), After)));
        Assert.Equal([new(Before, until)], FormerOf(Observe(facts, later, After)));

        // What is over is over: nobody comes back because a server is down for a while.
        Facts over = Observe(facts, until, After, new AnswerContent.Unreachable("timed out"));
        Assert.Equal([new(Before, until)], FormerOf(over));

        static ImmutableArray<FormerOwner> FormerOf(Facts facts) => facts.EndpointOf(Some.Mx).Former;
    }

    [Fact]
    public void Until_every_server_has_said_once_that_the_name_leads_elsewhere_it_may_lead_to_the_owner_before()
    {
        var silent = new AnswerContent.Unreachable("timed out");
        DateTimeOffset later = Now + (5 * AliasTtl);
        Facts moved = Observe(Observe(Given.Steady(Mx1, Moved), Now, Before), Now, After, silent);
        Facts facts = Observe(moved, later, After, silent);
        Assert.Equal([new(Before, later + (2 * AliasTtl), IsDoubted: true)], facts.EndpointOf(Some.Mx).Former);
        Assert.True(moved.EndpointOf(Some.Mx).IsLedTo(Before, later));

        // Until it was heard it may have led caches there.
        facts = Observe(moved, later, After);
        Assert.Equal([new(Before, later + (2 * AliasTtl))], facts.EndpointOf(Some.Mx).Former);
        Assert.True(facts.EndpointOf(Some.Mx).IsLedTo(Before, later.AddHours(9)));
        Assert.False(facts.EndpointOf(Some.Mx).IsLedTo(Before, later + (2 * AliasTtl)));

        // The same where the name held its records itself.
        facts = Given.Steady(Mx1, Moved);
        facts = facts.With(facts.EndpointOf(Some.Mx) with { TlsaOwner = Some.Owner });
        facts = Observe(facts, Now, After, silent);
        Assert.True(facts.EndpointOf(Some.Mx).IsLedTo(Some.Owner, later));
        facts = Observe(facts, later, After);
        Assert.False(facts.EndpointOf(Some.Mx).IsLedTo(Some.Owner, later + (2 * AliasTtl)));
    }

    [Fact]
    public void A_name_of_which_nothing_is_heard_leads_where_it_did_and_no_record_goes_there()
    {
        Facts facts = Observe(Given.Steady(Mx1, Moved), Now, Before);
        Assert.Equal(Before, facts.EndpointOf(Some.Mx).Owner);
        OwnerObservation silent = Look.At(Now, new AnswerContent.Unreachable("timed out"));
        Facts later = facts.Observe(Mx1, Look.Nothing with { Owners = Look.Nothing.Owners.Add(Some.Owner, silent) });
        Assert.Equal(Before, later.EndpointOf(Some.Mx).Owner);
        Assert.Empty(later.EndpointOf(Some.Mx).Former);

        // Heard again, it is no alias any more.
        OwnerObservation plain = Look.At(Now, Look.Serves(Some.Set(OfMoved)));
        later = facts.Observe(Mx1, Look.Nothing with { Owners = Look.Nothing.Owners.Add(Some.Owner, plain) });
        Assert.Equal(Some.Owner, later.EndpointOf(Some.Mx).Owner);
    }

    [Fact]
    public void While_nobody_says_where_a_name_leads_no_record_changes_and_no_try_is_made()
    {
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Moved))],
            [Given.Ledger(Some.Set(OfStays), Before)],
            [Given.Seen(Some.Mx, Some.Chain(Moved)) with { TlsaOwner = Before }]);
        Observation well = Look.Well(facts, Mx1, Now, Some.Chain(Moved));
        Assert.IsType<Step.Publish>(Planner.Next(Some.Desired(Mx1), facts, well, "mx1", Now).Next);

        OwnerObservation silent = Look.At(Now, new AnswerContent.Unreachable("timed out"));
        Assert.Equal(Some.Owner, silent.Owner);
        Plan plan = Planner.Next(
            Some.Desired(Mx1), facts, well with { Owners = well.Owners.SetItem(Some.Owner, silent) }, "mx1", Now);
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds, h => h.Gate == Gate.Propagation && h.Subject == Before);
        Assert.Contains("whether names still lead to", hold.Reason, StringComparison.Ordinal);
        Assert.Contains("timed out", hold.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void While_nobody_ever_said_where_the_name_of_another_host_leads_no_new_parameters_come()
    {
        DesiredCertificate more = Mx1 with { Tlsa = [.. Mx1.Tlsa, Some.Parameters("3 1 2")] };
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Moved))],
            [Given.Ledger(Some.Set(OfMoved), Before)],
            [Given.Seen(Some.Mx, Some.Chain(Moved)) with { TlsaOwner = Before }]);
        Plan plan = Decide(facts);
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds, h => h.Subject == Other.TlsaName);
        Assert.Equal(Gate.Propagation, hold.Gate);
        Assert.Contains($"leads to {Before}", hold.Reason, StringComparison.Ordinal);

        EndpointFacts heard = Given.Seen(Other, Some.Chain(Stays)) with { TlsaOwner = Other.TlsaName };
        Assert.IsType<Step.Publish>(Decide(facts.With(heard)).Next);

        Plan Decide(Facts known) => Planner.Next(
            Some.Desired(more, Mx2), known, Look.Well(known, more, Now, Some.Chain(Moved)), "mx1", Now);
    }

    [Fact]
    public void What_is_asked_of_the_names_of_others_before_a_change_is_taken_in()
    {
        Facts facts = Given.Facts([], [], [Given.Seen(Other) with { TlsaOwner = Before }]);
        OwnerObservation round = Look.At(Now, Look.Serves(Some.Set(OfStays))) with
        {
            Name = Other.TlsaName,
            Owner = After,
            Aliases = [new(Other.TlsaName, After, AliasTtl)],
        };
        Observation look = Look.Nothing with { Owners = Look.Nothing.Owners.Add(Other.TlsaName, round) };
        Assert.Equal(Before, facts.Observe(Mx1, look).EndpointOf(Other).Owner);

        Facts asked = facts.Observe(Mx1, look with { Others = [Other] });
        Assert.Equal(After, asked.EndpointOf(Other).Owner);
        Assert.Equal(Some.Set(OfStays), asked.Owner(After).Latest);
        facts = facts.ObserveOthers(look with { Others = [Other] }, Some.Desired(Mx1).Timing);
        Assert.Equal(After, facts.EndpointOf(Other).Owner);
    }

    [Fact]
    public void Parameters_that_two_hosts_at_one_owner_give_up_go_together()
    {
        TlsaRecord[] given = [Some.Record("3 1 2", Moved), Some.Record("3 1 2", Stays)];
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Moved)), Given.Certificate("mx2", Given.Live(1, Stays))],
            [Given.Ledger(Some.Set([OfMoved, OfStays, .. given]), Before)],
            [
                Given.Seen(Some.Mx, Some.Chain(Moved)) with { TlsaOwner = Before },
                Given.Seen(Other, Some.Chain(Stays)) with { TlsaOwner = Before },
            ]);
        Plan plan = Planner.Next(
            Some.Desired(Mx1, Mx2), facts, Look.Well(facts, Mx1, Now, Some.Chain(Moved)), "mx1", Now);
        Assert.Equal(given.Order(), Assert.IsType<Step.Withdraw>(plan.Next).Removed.Order());
    }

    [Fact]
    public void Where_the_name_was_seen_to_lead_beside_the_look_that_counts_caches_may_be_led()
    {
        // The clock was set while it was looked at, and when it was looked at anew no server was heard.
        Facts unheard = Given.Facts([Given.Certificate("mx1")], [], [EndpointFacts.Unseen(Some.Mx)]);
        Facts met = unheard.Meet(Seen(Now, Before), Now);
        Assert.Equal(Before, met.EndpointOf(Some.Mx).Owner);
        Assert.Equal(AliasTtl, met.Owner(Before).AliasTtl);
        Assert.Contains(Some.Set(OfMoved), met.Owner(Before).VisibleSetsAt(Now, TimeSpan.Zero));

        // When it was looked at anew it led elsewhere.
        Facts moved = Observe(unheard, Now, After).Meet(Seen(Now, Before), Now);
        Assert.Equal(After, moved.EndpointOf(Some.Mx).Owner);
        Assert.Equal(
            [new(Before, Now + (2 * AliasTtl), IsDoubted: true)], moved.EndpointOf(Some.Mx).Former);

        Facts heard = Observe(unheard, Now, After);
        Assert.Same(heard, heard.Meet(Seen(Now, After), Now));
    }

    private static Facts Observe(
        Facts facts, DateTimeOffset now, string owner, params ImmutableArray<AnswerContent> more) =>
        facts.Observe(Mx1, Seen(now, owner, more));

    private static Observation Seen(DateTimeOffset now, string owner, params ImmutableArray<AnswerContent> more) =>
        Look.Nothing with
        {
            Owners = Look.Nothing.Owners.Add(Some.Owner, Look.At(now, [Look.Serves(Some.Set(OfMoved)), .. more]) with
            {
                Owner = owner,
                Aliases = [new(Some.Owner, owner, AliasTtl)],
            }),
        };
}

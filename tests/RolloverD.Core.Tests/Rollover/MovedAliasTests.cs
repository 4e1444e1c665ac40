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

    private static Facts Observe(
        Facts facts, DateTimeOffset now, string owner, params ImmutableArray<AnswerContent> more) => facts.Observe(
        Mx1, Look.Nothing with
        {
            Owners = Look.Nothing.Owners.Add(Some.Owner, Look.At(now, [Look.Serves(Some.Set(OfMoved)), .. more]) with
            {
                Owner = owner,
                Aliases = [new(Some.Owner, owner, AliasTtl)],
            }),
        });
}

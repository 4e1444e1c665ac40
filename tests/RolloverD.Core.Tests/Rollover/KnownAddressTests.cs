using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// An address that is taken out of DNS: senders that have cached the addresses of the host go on using it, and its
/// machine most often shows what it showed.
/// </summary>
public class KnownAddressTests
{
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Chain = Some.Chain(Key), Next = Some.Chain(NextKey, from: Some.Start.AddDays(30));
    private static readonly TimeSpan Known = TimeSpan.FromHours(24), Margin = Some.Desired().Timing.SafetyMargin;
    private static readonly DateTimeOffset T0 = Some.Start.AddDays(40), Forgotten = T0 + Known;

    // Two addresses showed the chain; then the second one is taken out.
    private static readonly EndpointFacts Left = EndpointFacts.Unseen(Some.Mx)
        .Observe(Round(T0.AddHours(-1), [Here(Chain), There(Chain)]))
        .Observe(Round(T0, [Here(Chain)]));

    [Fact]
    public void What_it_shows_counts_until_no_sender_uses_it_any_more()
    {
        Assert.Equal(T0, Assert.Single(Left.FormerAddresses).LeftAt);
        EndpointFacts seen = Left;
        foreach (DateTimeOffset at in (DateTimeOffset[])[T0.AddHours(1), Forgotten, Forgotten + (Margin / 2)])
        {
            seen = seen.Observe(Round(at, [Here(Next)], There(Chain)));
            Assert.Equal([Next, Chain], seen.Seen);
            Assert.Empty(seen.Lingering);
        }

        seen = seen.Observe(Round(Forgotten + Margin, [Here(Next)], There(Chain)));
        Assert.Equal([Next], seen.Seen);
        Assert.Empty(seen.FormerAddresses);
        Assert.Equal(Chain, Assert.Single(seen.Lingering).Chain);
    }

    [Fact]
    public void Since_when_handshakes_fail_is_kept_until_one_succeeds_again()
    {
        string address = Here(Chain).Address;
        EndpointFacts seen = EndpointFacts.Unseen(Some.Mx).Observe(Round(T0, [Here(Chain)]));
        Assert.Null(After(0, new Presented.Shows(Chain, "TLSv1.3")));
        Assert.Equal(T0.AddMinutes(1), After(1, new Presented.HandshakeFailed("no usable key")));
        Assert.Equal(T0.AddMinutes(1), After(2, new Presented.NoStartTls("not offered")));
        Assert.Equal(T0.AddMinutes(1), After(3, new Presented.Unreachable("timed out")));
        Assert.Null(After(4, new Presented.Shows(Chain, "TLSv1.3")));
        Assert.Null(After(5, new Presented.Unreachable("timed out")));

        DateTimeOffset? After(int minutes, Presented presented)
        {
            seen = seen.Observe(Round(T0.AddMinutes(minutes), [new(address, [presented])]));
            return Assert.Single(seen.Addresses).BrokenSince;
        }
    }

    [Fact]
    public void An_endpoint_that_is_first_looked_at_later_takes_it_over_from_others_of_its_host()
    {
        var submission = new Endpoint(Some.Mx.Host, 465);
        EndpointFacts first = Seen(T0.AddHours(1), EndpointFacts.Unseen(submission), Left, []);
        KnownAddress former = Assert.Single(first.FormerAddresses);
        Assert.Equal((Left.FormerAddresses.Single().Address, T0), (former.Address, former.LeftAt));

        EndpointFacts met = Seen(T0.AddHours(2), first, Left, [There(Chain)]);
        Assert.Equal([Next, Chain], met.Seen);
        Assert.Equal([Next], Seen(Forgotten + Margin, met, Left, [There(Chain)]).Seen);

        EndpointFacts elsewhere = Left with { Endpoint = new("mx2.example.net", 25) };
        Assert.Empty(Seen(T0.AddHours(1), EndpointFacts.Unseen(submission), elsewhere, []).FormerAddresses);

        static EndpointFacts Seen(
            DateTimeOffset at, EndpointFacts seen, EndpointFacts other, AddressObservation[] former) =>
            seen.Observe(
                Round(at, [Here(Next)], former), [], Some.Desired().Timing.Drain, Margin, [other, seen]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_others_that_know_it_the_one_counts_that_knows_it_for_longest(bool lastFirst)
    {
        EndpointFacts late = Left with
        {
            Endpoint = new(Some.Mx.Host, 465),
            Addresses = [.. Left.Addresses.Select(a => a with { LeftAt = a.LeftAt + TimeSpan.FromHours(1) })],
        };
        EndpointFacts seen = EndpointFacts.Unseen(new(Some.Mx.Host, 587)).Observe(
            Round(T0.AddHours(2), [Here(Next)]), [], Some.Desired().Timing.Drain, Margin,
            lastFirst ? [late, Left] : [Left, late]);
        Assert.Equal(T0.AddHours(1), Assert.Single(seen.FormerAddresses).LeftAt);
    }

    [Fact]
    public void One_that_was_found_beside_the_look_that_counts_is_known_and_missed_by_the_next()
    {
        EndpointFacts met = EndpointFacts.Unseen(Some.Mx).Observe(Round(T0, [Here(Chain)]))
            .Meet(Round(T0, [Here(Chain), There(Chain)]), T0);
        Assert.Equal(2, met.Addresses.Length);
        KnownAddress former = Assert.Single(met.Observe(Round(T0.AddMinutes(1), [Here(Chain)])).FormerAddresses);
        Assert.Equal(("192.0.2.26", T0.AddMinutes(1)), (former.Address, former.LeftAt));
        Assert.True(former.MayShow(Chain));
    }

    [Fact]
    public void One_whose_machine_takes_on_what_all_show_keeps_nothing()
    {
        EndpointFacts seen = Left.Observe(Round(T0.AddHours(1), [Here(Next)], There(Next)));
        Assert.Equal([Next], seen.Seen);
    }

    [Fact]
    public void One_that_does_not_answer_may_show_whatever_was_shown()
    {
        AddressObservation silent = There() with { Presented = [new Presented.Unreachable("timed out")] };
        EndpointFacts seen = Left.Observe(Round(T0.AddHours(1), [Here(Next)], silent));
        Assert.Equal([Next, Chain], seen.Seen);
        seen = Left.Observe(Round(T0.AddHours(1), [Here(Next)])); // nor was it asked
        Assert.Equal([Next, Chain], seen.Seen);

        // It was out of reach before it was taken out: it may have taken on what came meanwhile, or not.
        Chain third = Some.Chain(Some.Key(3));
        seen = Left.Observe(Round(T0.AddHours(1), [Here(Next), silent]))
            .Observe(Round(T0.AddHours(2), [Here(third), silent]))
            .Observe(Round(T0.AddHours(3), [Here(third)]));
        Assert.Equal(new HashSet<Chain> { third, Next, Chain }, [.. seen.Seen]);
        Assert.Equal([third], seen.Observe(Round(T0.AddHours(4), [Here(third)], There(third))).Seen);
    }

    [Fact]
    public void It_is_missed_only_where_the_addresses_are_known_and_comes_back_at_any_time()
    {
        EndpointFacts two = EndpointFacts.Unseen(Some.Mx).Observe(Round(T0, [Here(Chain), There(Chain)]));
        EndpointFacts unknown = two.Observe(Round(T0.AddHours(1), []) with { AddressProblem = "SERVFAIL" });
        Assert.Empty(unknown.FormerAddresses);
        Assert.Equal(two.Addresses, unknown.Addresses);
        Assert.Empty(Left.Observe(Round(T0.AddHours(1), [Here(Chain), There(Chain)])).FormerAddresses);
    }

    [Fact]
    public void The_longest_TTL_counts_and_none_for_longer_than_a_week()
    {
        EndpointFacts seen = EndpointFacts.Unseen(Some.Mx).Observe(Round(T0, [Here(Chain)]))
            .Observe(Round(T0.AddHours(1), [Here(Chain)]) with { AddressesTtl = TimeSpan.Zero });
        Assert.Equal(Known, Assert.Single(seen.Addresses).Ttl);
        seen = seen.Observe(Round(T0.AddHours(2), [Here(Chain)]) with { AddressesTtl = TimeSpan.FromDays(90) });
        Assert.Equal(TimeSpan.FromDays(7), Assert.Single(seen.Addresses).Ttl);
    }

    [Fact]
    public void A_chain_of_another_host_does_not_become_one_of_this_host()
    {
        EndpointFacts seen = EndpointFacts.Unseen(Some.Mx)
            .Observe(Round(T0, [Here(Next) with { IsLocal = true }, There(Chain)]))
            .Observe(Round(T0.AddHours(1), [Here(Next) with { IsLocal = true }]));
        Assert.Equal([Next, Chain], seen.Seen);
        Assert.Equal([Next], seen.Local);
    }

    [Fact]
    public void The_record_of_what_it_shows_stays_and_the_hold_says_until_when()
    {
        DateTimeOffset now = T0.AddHours(9);
        Hold hold = Decide(now, There(Chain)).Holds[0];
        Assert.Equal((Gate.Safety, Forgotten + Margin), (hold.Gate, hold.Until));
        Assert.Contains("an address that was taken out of DNS", hold.Reason, StringComparison.Ordinal);
        Assert.IsType<Step.Withdraw>(Decide(Forgotten + Margin + TimeSpan.FromMinutes(5), There(Chain)).Next);
        Assert.IsType<Step.Withdraw>(Decide(now, There(Next)).Next);

        hold = Decide(now).Holds[0];
        Assert.Equal((Gate.Verification, Forgotten + Margin), (hold.Gate, hold.Until));
        Assert.Contains("192.0.2.26 was taken out of DNS", hold.Reason, StringComparison.Ordinal);

        static Plan Decide(DateTimeOffset now, params AddressObservation[] former)
        {
            Facts facts = Given.Facts(
                [
                    Given.Certificate(
                        "mx1",
                        Given.In(1, Key, new GenerationState.Superseded(Chain, T0.AddHours(1))),
                        Given.In(2, NextKey, new GenerationState.Live(Next, T0.AddHours(1)))),
                ],
                [Given.Ledger(Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", NextKey)))],
                [
                    Left.Observe(Round(T0.AddHours(2), [Here(Next)], There(Chain))) with
                    {
                        TlsaOwner = Some.Owner,
                        TakenOverAt = T0,
                    },
                ]);
            Observation seen = Observation.Nothing;
            foreach (DateTimeOffset at in (DateTimeOffset[])[now.AddMinutes(-5), now])
            {
                seen = Look.Well(facts, Mx1, at, Next);
                seen = seen with
                {
                    Endpoints = seen.Endpoints.SetItem(Some.Mx, Round(at, [Here(Next)], former)),
                };
                facts = facts.Observe(Mx1, seen);
            }

            return Planner.Next(Some.Desired(Mx1), facts, seen, "mx1", now);
        }
    }

    [Fact]
    public void Its_time_moves_with_the_clock_and_what_is_the_same_is_not_written_anew()
    {
        Facts facts = Given.Facts([Given.Certificate("mx1")], null, [Left]).Shift(TimeSpan.FromHours(3));
        Assert.Equal(T0.AddHours(3), Assert.Single(facts.EndpointOf(Some.Mx).FormerAddresses).LeftAt);
        Assert.True(Left.DiffersInLookOnly(Left.Observe(Round(T0.AddHours(1), [Here(Chain)], There(Chain)))));
        Assert.False(Left.DiffersInLookOnly(Left.Observe(Round(T0.AddHours(1), [Here(Chain), There(Chain)]))));
    }

    private static EndpointObservation Round(
        DateTimeOffset at, AddressObservation[] addresses, params AddressObservation[] former) =>
        new(Some.Mx, at, at, null, [.. addresses], [.. former], Known);

    private static AddressObservation Here(Chain chain) => new("192.0.2.25", [new Presented.Shows(chain, "TLSv1.3")]);

    private static AddressObservation There(params Chain[] chains) =>
        new("192.0.2.26", [.. chains.Select(c => new Presented.Shows(c, "TLSv1.3"))]);
}

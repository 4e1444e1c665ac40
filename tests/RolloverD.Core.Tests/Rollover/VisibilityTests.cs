using RolloverD.Core.Dane;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>When a set has left the caches, to the tick.</summary>
public class VisibilityTests
{
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly DateTimeOffset Changed = Some.Start;
    private static readonly TlsaRecord A = Some.Record("3 1 1", Some.Key(1));
    private static readonly TlsaRecord B = Some.Record("3 1 1", Some.Key(2));

    [Fact]
    public void A_set_stays_its_own_TTL_and_the_margin_after_the_last_server_let_go_of_it()
    {
        DateTimeOffset lastServed = Changed.AddHours(3);
        CheckBoundary(Ledger(TimeSpan.FromHours(1), TimeSpan.FromHours(9), lastServed),
            lastServed.AddHours(1) + Margin);
    }

    [Fact]
    public void The_new_TTL_does_not_shorten_the_wait()
    {
        DateTimeOffset lastServed = Changed.AddDays(3);
        CheckBoundary(Ledger(TimeSpan.FromDays(1), TimeSpan.FromSeconds(1), lastServed),
            lastServed.AddDays(1) + Margin);
    }

    [Fact]
    public void A_longer_TTL_of_an_alias_counts()
    {
        DateTimeOffset lastServed = Changed.AddDays(3);
        OwnerLedger ledger = Ledger(TimeSpan.FromHours(1), TimeSpan.FromHours(1), lastServed) with
        {
            AliasTtl = TimeSpan.FromHours(6),
        };
        CheckBoundary(ledger, lastServed.AddHours(6) + Margin);
    }

    [Fact]
    public void Never_less_than_twice_the_TTL_after_the_new_set_was_published() =>
        CheckBoundary(Ledger(TimeSpan.FromHours(1), TimeSpan.FromHours(9), Changed.AddSeconds(2)), Changed.AddHours(2));

    [Fact]
    public void A_set_that_some_server_may_serve_has_no_end()
    {
        OwnerLedger ledger = Given.Ledger(Some.Set(A)).Intend(Some.Set(A, B), [], Changed);
        Assert.All(ledger.Sets, s => Assert.Null(ledger.VisibleUntil(s, Margin)));
        Assert.Equal(2, ledger.VisibleAt(Changed.AddYears(9), Margin).Count());
    }

    // The provider confirmed the set with an hour; before the next look somebody lowered its TTL.
    [Fact]
    public void A_set_that_was_confirmed_with_a_longer_TTL_than_servers_show_may_be_held_that_long()
    {
        RecordSet first = Some.Set(A);
        var lowered = new RecordSet(first.Records, TimeSpan.FromMinutes(1));
        var both = new RecordSet([A, B], TimeSpan.FromMinutes(1));
        OwnerLedger ledger = OwnerLedger.New(Some.Owner)
            .Observe(Look.At(Changed, Look.Serves(RecordSet.Absent)))
            .Intend(first, [A], Changed).Applied(first, Changed)
            .Observe(Look.At(Changed.AddMinutes(1), Look.Serves(lowered)));
        DateTimeOffset roll = Changed.AddMinutes(2);
        ledger = ledger.Intend(both, [B], roll).Applied(both, roll)
            .Observe(Look.At(roll.AddMinutes(1), Look.Serves(both)));
        Assert.Contains(first, ledger.VisibleSetsAt(Changed.AddMinutes(50), Margin));
    }

    // The provider gave the set an hour, no server shows it yet; sent again, it has less.
    [Fact]
    public void A_set_that_the_provider_confirmed_with_a_longer_TTL_before_may_be_held_that_long()
    {
        RecordSet first = Some.Set(A);
        var lowered = new RecordSet(first.Records, TimeSpan.FromMinutes(1));
        DateTimeOffset again = Changed.AddHours(2);
        OwnerLedger ledger = OwnerLedger.New(Some.Owner)
            .Observe(Look.At(Changed, Look.Serves(RecordSet.Absent)))
            .Intend(first, [A], Changed).Applied(first, Changed)
            .Observe(Look.At(again, Look.Serves(RecordSet.Absent)));
        Assert.Equal(RecordSet.Absent, ledger.BaseAt(again));
        ledger = ledger.Intend(first, [A], again).Applied(lowered, again);
        Assert.Contains(first, ledger.VisibleSetsAt(again, Margin));
    }

    private static OwnerLedger Ledger(TimeSpan oldTtl, TimeSpan newTtl, DateTimeOffset lastServed) =>
        OwnerLedger.New(Some.Owner) with
        {
            Sets =
            [
                new(new([A], oldTtl), Changed.AddDays(-1), new SetState.Gone(lastServed, Changed)),
                new(new([A, B], newTtl), Changed, new SetState.Seen()),
            ],
        };

    private static void CheckBoundary(OwnerLedger ledger, DateTimeOffset end)
    {
        Assert.Equal(end, ledger.VisibleUntil(ledger.Sets[0], Margin));
        Assert.Equal(2, ledger.VisibleSetsAt(end - Tick, Margin).Length);
        Assert.Single(ledger.VisibleSetsAt(end, Margin));
    }
}

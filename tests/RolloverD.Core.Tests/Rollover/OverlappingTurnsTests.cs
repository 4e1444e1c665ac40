using RolloverD.Core.Dane;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>Two certificates share an owner, and their turns overlap.</summary>
public class OverlappingTurnsTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly TlsaRecord A = Some.Record("3 1 1", Some.Key(1)), B = Some.Record("3 1 1", Some.Key(2));
    private static readonly TlsaRecord C = Some.Record("3 1 1", Some.Key(3));
    private static readonly RecordSet First = Some.Set(A), Second = Some.Set(A, B), Third = Some.Set(A, B, C);
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    [Fact]
    public void A_confirmation_that_comes_after_the_next_change_is_not_the_last_publication()
    {
        OwnerLedger ledger = LateConfirmation();
        Assert.Equal(Third, ledger.Latest);
        Assert.Equal(Third, ledger.BaseAt(Now.AddSeconds(31)));
    }

    [Fact]
    public void A_set_that_was_confirmed_late_is_gone_when_every_server_shows_the_next_one()
    {
        OwnerLedger ledger = LateConfirmation();
        for (int minutes = 1; minutes < 60 * 6; minutes++)
        {
            ledger = ledger.Observe(
                Look.At(Now.AddMinutes(minutes), Look.Serves(Third), Look.Serves(Third)));
        }

        Assert.Equal([Third], ledger.VisibleSetsAt(Now.AddHours(6), Margin)); // TTL is an hour
    }

    [Fact]
    public void A_round_that_began_before_a_newer_one_ended_does_not_end_what_that_one_saw()
    {
        OwnerLedger ledger = Given.Ledger(First).Intend(Second, [B], Now).Applied(Second, Now.AddSeconds(1));
        ledger = ledger.Observe(Look.At(Now.AddSeconds(10), Look.Serves(Second), Look.Serves(Second)));
        Assert.Equal(Second, ledger.Latest);

        // The other certificate asked before the change, and its handshakes took until now.
        ledger = ledger.Observe(Look.At(Now.AddSeconds(-1), Look.Serves(First), Look.Serves(First)));
        Assert.Equal(Second, ledger.Latest);
        Assert.DoesNotContain(ledger.Sets, s => s.State is SetState.Gone && s.Records.Equals(Second));
    }

    // The provider's answer took long: meanwhile the other certificate saw the change and published the next one.
    private static OwnerLedger LateConfirmation()
    {
        OwnerLedger ledger = Given.Ledger(First).Intend(Second, [B], Now);
        ledger = ledger.Observe(Look.At(Now.AddSeconds(10), Look.Serves(Second), Look.Serves(Second)));
        ledger = ledger.Intend(Third, [C], Now.AddSeconds(12)).Applied(Third, Now.AddSeconds(13));
        return ledger.Applied(Second, Now.AddSeconds(30));
    }
}

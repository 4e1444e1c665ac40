using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// What was sent to a provider and nobody saw counts for as long as caches may hold it, and is over only when every
/// server shows what came after it.
/// </summary>
public class ProvenGoneTests
{
    private static readonly DateTimeOffset T0 = Some.Start.AddDays(1), Roll = T0.AddHours(3);
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly TlsaRecord K1 = Some.Record("3 1 1", Key), K2 = Some.Record("3 1 1", NextKey);
    private static readonly TlsaRecord K3 = Some.Record("3 1 1", Some.Key(3));
    private static readonly TlsaRecord C1 = Some.Record("3 0 1", Some.Chain(Key));
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5), Forced = TimeSpan.FromHours(8);
    private static readonly RecordSet S0 = Some.Set(K1), S1 = Some.Set(K1, K2), S2 = Some.Set(K1, K2, K3);

    [Fact]
    public void The_TTL_that_servers_show_of_a_whole_change_counts_for_an_earlier_one_that_nobody_saw()
    {
        RecordSet replaced = Some.Set(K1, K3), target = replaced.With([K2]);
        OwnerLedger ledger = Given.Ledger(S0).Intend(Some.Set(K1, C1), [C1], T0)
            .Observe(Look.At(T0.AddMinutes(20), Look.Serves(replaced)))
            .Intend(target, [K2], T0.AddMinutes(21))
            .Observe(Look.At(T0.AddMinutes(22), Look.Serves(new RecordSet(target.Records, Forced))));
        Assert.NotEmpty(ByPuttingIn(NextKey, ledger, served: Key));
    }

    [Fact]
    public void What_the_provider_made_of_the_set_before_it_made_of_a_change_that_nobody_saw()
    {
        var both = new RecordSet([K1, K2], Forced);
        OwnerLedger ledger = (Given.Ledger(both) with { AskedTtl = Some.Ttl }).Intend(Some.Set(K2), [], T0)
            .Observe(Look.At(T0.AddMinutes(20), Look.Serves(both)));
        Assert.NotEmpty(ByPuttingIn(Key, ledger, served: NextKey));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_longer_TTL_that_was_asked_for_counts_though_servers_show_a_shorter_one_since(bool wasConfirmed)
    {
        var longer = new RecordSet([K1], Forced);
        TimeSpan minute = TimeSpan.FromMinutes(1);
        OwnerLedger ledger = Given.Ledger(S0).Intend(longer, [], T0);
        ledger = wasConfirmed ? ledger.Applied(longer, T0) : ledger;
        var next = new RecordSet([K1, K2], minute);
        ledger = ledger.Observe(Look.At(T0.AddMinutes(5), Look.Serves(new RecordSet([K1], minute))))
            .Intend(next, [K2], T0.AddMinutes(6)).Applied(next, T0.AddMinutes(6))
            .Observe(Look.At(T0.AddMinutes(7), Look.Serves(next)));
        Assert.Contains(longer, ledger.VisibleSetsAt(Roll, Margin));
        Assert.NotEmpty(ByPuttingIn(NextKey, ledger, served: Key));
    }

    // RFC 7671 §8.1: an instance behind one address may lag by up to a TTL.
    [Fact]
    public void Twice_the_TTL_counts_from_when_servers_came_back_to_what_one_of_them_served_all_the_time()
    {
        DateTimeOffset back = T0.AddHours(10);
        OwnerLedger ledger = Given.Ledger(S0).Intend(S1, [K2], T0).Applied(S1, T0)
            .Observe(Look.At(T0.AddMinutes(1), Look.Serves(S1), Look.Serves(S0)))
            .Observe(Look.At(back.AddSeconds(-30), Look.Serves(S1), Look.Serves(S0)))
            .Observe(Look.At(back.AddSeconds(30), Look.Serves(S0), Look.Serves(S0)));
        PublishedSet gone = Assert.Single(ledger.Sets, s => s.Records.Equals(S1));
        Assert.True(ledger.VisibleUntil(gone, Margin) >= back + (2 * Some.Ttl));
    }

    [Fact]
    public void What_was_confirmed_is_not_over_while_a_server_serves_what_was_before_it()
    {
        OwnerLedger ledger = Given.Ledger(S0)
            .Intend(S1, [K2], T0).Applied(S1, T0)
            .Intend(S2, [K3], T0.AddSeconds(5)).Applied(S2, T0.AddSeconds(5));
        OwnerLedger half = ledger.Observe(Look.At(T0.AddMinutes(1), Look.Serves(S2), Look.Serves(S0)));
        Assert.IsType<SetState.Intended>(Assert.Single(half.Sets, s => s.Records.Equals(S1)).State);
        OwnerLedger all = half.Observe(Look.At(T0.AddMinutes(2), Look.Serves(S2), Look.Serves(S2)));
        Assert.IsType<SetState.Gone>(Assert.Single(all.Sets, s => s.Records.Equals(S1)).State);
    }

    private static ImmutableArray<Violation> ByPuttingIn(PublicKey key, OwnerLedger ledger, PublicKey served)
    {
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, served))], [ledger], [Given.Seen(Some.Mx, Some.Chain(served))]);
        return Safety.OfPuttingIn(Some.Desired(Some.Certificate), facts, Some.Certificate, Some.Chain(key), Roll);
    }
}

using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// One of two hosts is dead, broken or stands still for months: no reason to let the certificate end on the other.
/// </summary>
public class DeadHostTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(61);
    private static readonly DateTimeOffset Early = Some.Start.AddDays(10);
    private static readonly PublicKey Key = Some.Key(1);
    private static readonly PublicKey NextKey = Some.Key(2);
    private static readonly Chain Old = Some.Chain(Key);
    private static readonly Chain New = Some.Chain(NextKey, from: Now);
    private static readonly Chain Renewed = Some.Chain(Key, from: Now);
    private static readonly Presented NoTls = new Presented.NoStartTls("not offered");
    private static readonly StepOutcome Failing = new StepOutcome.Unknown("no route to host", "see to it");
    private static readonly DesiredCertificate Reuse = TwoHosts.Both with { KeyPolicy = KeyPolicy.Reuse };

    [Theory]
    [InlineData(0)]
    [InlineData(35)] // broken since before that was written down
    public void One_that_comes_back_without_TLS_stops_no_renewal(int days)
    {
        TwoHosts hosts = Renewing(Reuse, Now.AddMinutes(5).AddDays(days));
        hosts.Run(Now.AddDays(35), TimeSpan.FromHours(1));
        hosts.AtMx2 = _ => NoTls;
        hosts.NeverEnds(265);
    }

    [Fact]
    public void One_that_does_not_answer_for_months_stops_none()
    {
        TwoHosts hosts = Renewing(Reuse, Now.AddMinutes(5));
        hosts.NeverEnds(90, TimeSpan.FromHours(6));
        Assert.Equal(3, hosts.Live);
        Assert.Equal(["live", "live", "deploying"], hosts.Known.Generations.Select(g => g.State.Word));
    }

    [Theory]
    [InlineData("3 1 1", true)]
    [InlineData("2 1 1", true)]
    [InlineData("2 1 1", false)]
    public void A_port_that_works_with_no_chain_stops_none(string tlsa, bool reloads)
    {
        TwoHosts hosts = TwoHosts.Of(
            TwoHosts.Both with { Tlsa = [Some.Parameters(tlsa)] }, Now.AddMinutes(3), 2, Old,
            Given.Live(1, Key, Old),
            Given.In(2, NextKey, new GenerationState.Deploying(New, Now, reloads ? Now : null, 0)));
        hosts.AtMx2 = _ => NoTls;
        hosts.Reload = reloads ? hosts.Reload : Failing;
        hosts.Run(Now.AddHours(3), TimeSpan.FromSeconds(20));
        hosts.NeverEnds(300);
    }

    [Fact]
    public void A_port_that_never_worked_stops_none_of_the_first_generation()
    {
        var hosts = new TwoHosts(TwoHosts.Both, Now, 0, Given.Facts(
            [], [Given.Ledger(RecordSet.Absent), Given.Ledger(RecordSet.Absent, TwoHosts.Mx2.TlsaName)]))
        {
            AtMx2 = _ => NoTls,
            AtMx1 = h => h.Live == 0 ? NoTls : TwoHosts.Shows(h.ChainOf(h.Live)),
        };
        hosts.Run(Now.AddDays(1), TimeSpan.FromSeconds(20));
        hosts.NeverEnds(300);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void One_that_comes_back_with_a_chain_that_ended_and_keeps_it_stops_none(int generation)
    {
        TwoHosts hosts = Renewing(Reuse, Now.AddMinutes(5));
        hosts.Run(Now.AddDays(generation == 2 ? 35 : 80), TimeSpan.FromHours(1), h => h.Live == 3);
        Assert.Equal(generation, hosts.Live);
        Assert.True(Old.NotAfter < hosts.Time);

        hosts.AtMx2 = _ => TwoHosts.Shows(Old);
        hosts.Steps.Clear();
        hosts.NeverEnds(220);
        Assert.DoesNotContain(hosts.Steps, s => s.Contains(" back: ", StringComparison.Ordinal)); // it mends nothing
    }

    [Fact]
    public void By_usage_2_it_lets_no_sender_refuse_the_other()
    {
        DesiredCertificate authority = Reuse with { Tlsa = [Some.Parameters("2 1 1")] };
        TwoHosts hosts = Renewing(authority, Now.AddMinutes(5));
        hosts.Run(Now.AddDays(35), TimeSpan.FromHours(1));
        hosts.AtMx2 = _ => TwoHosts.Shows(Old);
        hosts.Run(Now.AddDays(100), TimeSpan.FromHours(1));
        RecordSet held = hosts.Facts.Owner(Some.Owner).Latest!;
        Assert.True(held.Covers(hosts.ChainOf(hosts.Live), new(Some.Mx.Host, hosts.Time)), hosts.Story);
    }

    [Fact]
    public void One_that_takes_nothing_on_though_its_reload_reports_success_stops_none()
    {
        TwoHosts hosts = Issued(Reuse);
        hosts.AtMx2 = _ => TwoHosts.Shows(Old);
        hosts.Run(Now.AddDays(1), TimeSpan.FromSeconds(20));
        hosts.NeverEnds(270);
    }

    [Fact]
    public void What_was_put_back_for_it_does_not_end_while_the_next_try_rests()
    {
        TwoHosts hosts = Issued(Reuse);
        hosts.AtMx2 = _ => TwoHosts.Shows(Old);
        hosts.Run(Old.NotAfter.AddDays(-1), TimeSpan.FromMinutes(10));
        hosts.NeverEnds(2, TimeSpan.FromMinutes(1));
        Assert.Equal(2, hosts.Live);
    }

    [Fact]
    public void What_is_put_back_for_it_every_hour_is_ordered_anew_when_it_has_ended()
    {
        TwoHosts hosts = ShortLived();
        hosts.Run(Early.AddDays(44), TimeSpan.FromMinutes(30));
        hosts.NeverEnds(34, TimeSpan.FromMinutes(5));
        Assert.True(hosts.Known.Next!.Chain!.NotAfter > hosts.Time, hosts.Story);
    }

    [Fact]
    public void One_whose_reload_fails_and_that_shows_a_longer_lived_one_stops_none()
    {
        TwoHosts hosts = ShortLived();
        hosts.Reload = Failing;
        hosts.Run(Early.AddDays(1), TimeSpan.FromMinutes(5));
        Assert.Equal(2, hosts.Live);
        hosts.NeverEnds(70);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_roll_is_taken_beside_one_whose_reload_fails_too(bool emergency)
    {
        TwoHosts hosts = TwoHosts.Of(Reuse, Early, 1, Old, Given.Live(1, Key, Old));
        hosts.Reload = Failing;
        hosts.Ask(newKey: true, emergency);
        hosts.Run(Early.AddDays(5), TimeSpan.FromMinutes(5));
        Assert.Equal(2, hosts.Live);
        Assert.Null(hosts.Known.WaitsFor(emergency, hosts.Desired.Timing.VerificationPatience, hosts.Time));
    }

    [Fact]
    public void An_emergency_reaches_the_other_soon_beside_one_whose_reload_failed_for_days()
    {
        TwoHosts hosts = TwoHosts.Of(
            Reuse with { KeyPolicy = KeyPolicy.Standby }, Early, 1, Old, Given.Live(1, Key, Old));
        hosts.Reload = Failing;
        hosts.Run(Early.AddDays(1), TimeSpan.FromMinutes(5));
        hosts.Ask(newKey: false, emergency: false);
        hosts.Run(Early.AddDays(5), TimeSpan.FromMinutes(5));
        Assert.Equal(3, hosts.Live);

        hosts.Ask(newKey: true, emergency: true);
        hosts.Facts = hosts.Facts.With(hosts.Known.Hurry(hosts.Time));
        DateTimeOffset asked = hosts.Time;
        hosts.Run(asked.AddDays(1), TimeSpan.FromSeconds(20), h => h.Live == 2);
        Assert.InRange(hosts.Time - asked, TimeSpan.Zero, TimeSpan.FromMinutes(10));

        // The first server whose reload fails stops the first try; the second one goes on to the others.
        (int tries, DateTimeOffset linked) = (hosts.Steps.Count, hosts.Time);
        hosts.Run(linked.AddDays(1), TimeSpan.FromSeconds(20), h => h.Steps.Count > tries);
        Assert.InRange(hosts.Time - linked, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void A_second_emergency_does_not_publish_the_record_of_the_leaked_key_anew()
    {
        TwoHosts hosts = TwoHosts.Of(
            TwoHosts.Both with { KeyPolicy = KeyPolicy.Standby }, Early, 1, Old,
            Given.Live(1, Key, Old), Given.In(2, NextKey, new GenerationState.Standby()));
        hosts.AtMx2 = h => TwoHosts.Shows(h.ChainOf(h.Live));
        hosts.Ask(newKey: true, emergency: true);
        hosts.Run(Early.AddDays(1), TimeSpan.FromSeconds(20), h => !IsPublished(h));
        Assert.Equal(2, hosts.Live);
        hosts.Run(hosts.Time.AddMinutes(5), TimeSpan.FromSeconds(20));
        Assert.Null(hosts.Known.WaitsFor(true, hosts.Desired.Timing.VerificationPatience, hosts.Time));

        hosts.Ask(newKey: true, emergency: true);
        hosts.Run(hosts.Time.AddHours(5), TimeSpan.FromSeconds(20), IsPublished);
        Assert.False(IsPublished(hosts), hosts.Story);
        Assert.NotEqual(2, hosts.Live);

        static bool IsPublished(TwoHosts hosts) =>
            hosts.Facts.Owner(Some.Owner).Latest!.Contains(Some.Record("3 1 1", Key));
    }

    [Fact]
    public void One_whose_reload_fails_too_stops_none_and_is_tried_ever_more_seldom()
    {
        TwoHosts hosts = Issued(Reuse);
        hosts.Reload = Failing;
        hosts.Run(Now.AddDays(2), TimeSpan.FromSeconds(20));
        Assert.Equal(2, hosts.Live);
        string secondDay = $"{Now.AddDays(1):yyyy-MM-dd}";
        Assert.InRange(hosts.Steps.Count(s => s.StartsWith(secondDay, StringComparison.Ordinal)), 1, 30);
        hosts.NeverEnds(298);
    }

    [Theory]
    [InlineData(6, 90)]
    [InlineData(47, 360)]
    public void Keys_do_not_rotate_beside_it_for_their_records_become_more_than_senders_take(double length, int days)
    {
        Chain @short = Some.Chain(NextKey, from: Now, days: length);
        TwoHosts hosts = TwoHosts.Of(
            TwoHosts.Both, Now.AddMinutes(5), 2, Old,
            Given.Live(1, Key, Old), Given.In(2, NextKey, new GenerationState.Deploying(@short, Now, Now, 0)));
        hosts.Days = length;
        Assert.Equal(KeyPolicy.Rotate, hosts.Certificate.KeyPolicy);
        hosts.NeverEnds(days);
        Assert.InRange(hosts.Facts.Owner(Some.Owner).Latest!.Records.Length, 2, 6);

        hosts.AtMx2 = h => TwoHosts.Shows(h.ChainOf(h.Live));
        DateTimeOffset back = hosts.Time;
        hosts.NeverEnds(2 * (int)length);
        Assert.Contains(hosts.Known.Generations, g => g.KeyCreatedAt > back);
    }

    [Fact]
    public void A_kind_of_key_that_the_other_cannot_work_with_is_given_up_when_it_is_not_configured_any_more()
    {
        TwoHosts hosts = TwoHosts.Of(
            TwoHosts.Both with { Key = KeyAlgorithm.Ed25519 }, Now.AddMinutes(5), 1, Old,
            Given.Live(1, Key, Some.Chain(Key, from: Now.AddDays(-1))));
        hosts.AtMx1 = h => h.ChainOf(h.Live).Key.Family == KeyFamily.EdDsa
            ? new Presented.HandshakeFailed("no shared signature algorithms")
            : TwoHosts.Shows(h.ChainOf(h.Live));
        hosts.Run(Now.AddDays(1), TimeSpan.FromSeconds(20));
        Assert.Contains(hosts.Steps, s => s.Contains("put generation 1 back", StringComparison.Ordinal));

        hosts.Certificate = TwoHosts.Both;
        hosts.Steps.Clear();
        hosts.Run(Now.AddDays(2), TimeSpan.FromSeconds(20));
        int tried = hosts.Steps.Count(s => s.Contains("deploy generation 2", StringComparison.Ordinal));
        Assert.True(tried <= 1, $"{tried} times\n{hosts.Story}");
    }

    [Fact]
    public void A_kind_of_key_that_is_not_configured_any_more_does_not_go_in_beside_it()
    {
        TwoHosts hosts = Renewing(TwoHosts.Both, Now.AddMinutes(5));
        hosts.Certificate = TwoHosts.Both with { Key = KeyAlgorithm.Ed25519 };
        hosts.Run(Now.AddHours(1), TimeSpan.FromMinutes(1));
        Assert.NotNull(hosts.Known.Next);

        hosts.Certificate = TwoHosts.Both; // it was a mistake
        hosts.Run(Now.AddHours(12), TimeSpan.FromMinutes(1));
        Assert.True(hosts.Live == 2, hosts.Story);
    }

    // A roll long before the renewal, from an issuer that has shortened its lifetimes; mx2 takes nothing on.
    private static TwoHosts ShortLived()
    {
        TwoHosts hosts = TwoHosts.Of(Reuse, Early, 1, Old, Given.Live(1, Key, Old));
        hosts.AtMx2 = _ => TwoHosts.Shows(Old);
        hosts.Days = 45;
        hosts.Ask(newKey: false, emergency: false);
        return hosts;
    }

    private static TwoHosts Renewing(DesiredCertificate certificate, DateTimeOffset at) => TwoHosts.Of(
        certificate, at, 2, Old,
        Given.Live(1, Key, Old), Given.In(2, Key, new GenerationState.Deploying(Renewed, Now, Now, 0)));

    private static TwoHosts Issued(DesiredCertificate certificate) => TwoHosts.Of(
        certificate, Now.AddMinutes(5), 1, Old,
        Given.Live(1, Key, Old), Given.In(2, Key, new GenerationState.Issued(Renewed, Now)));
}

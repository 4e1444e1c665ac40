using RolloverD.Core.Dane;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Dane;

public class MatchingTests
{
    private static readonly Chain Old = Some.Chain(Some.Key(1));
    private static readonly Chain Renewed = Some.Chain(Some.Key(1), from: Some.Start.AddDays(60));
    private static readonly Chain New = Some.Chain(Some.Key(2));
    private static readonly Chain OtherCa = Some.Chain(Some.Key(3), ca: 2);

    public static TheoryData<string> Parameters =>
        ["3 0 0", "3 0 1", "3 0 2", "3 1 0", "3 1 1", "3 1 2", "2 0 0", "2 0 1", "2 0 2", "2 1 0", "2 1 1", "2 1 2"];

    [Theory]
    [MemberData(nameof(Parameters))]
    public void A_record_of_a_chain_matches_it_and_no_other(string parameters)
    {
        TlsaRecord record = Some.Record(parameters, Old);
        Assert.True(record.Matches(Old));
        Assert.False(record.Matches(OtherCa));
    }

    [Theory]
    [InlineData("3 1 1", true)]
    [InlineData("3 0 1", false)]
    [InlineData("2 1 1", true)]
    public void A_renewal_with_the_same_key_keeps_key_and_CA_records_valid(string parameters, bool matches) =>
        Assert.Equal(matches, Some.Record(parameters, Old).Matches(Renewed));

    [Theory]
    [InlineData("1 1 1")]
    [InlineData("0 0 1")]
    public void Records_of_usages_0_and_1_match_nothing(string parameters) =>
        Assert.False(new TlsaRecord(Some.Parameters(parameters), Old.Key.Sha256).Matches(Old));

    [Fact]
    public void A_usage_2_record_does_not_match_the_leaf() =>
        Assert.False(new TlsaRecord(Some.Parameters("2 1 1"), Old.Key.Sha256).Matches(Old));

    [Fact]
    public void A_usage_2_record_matches_a_higher_ancestor_too()
    {
        Chain tall = Some.Chain(Some.Key(1), ancestors: [Some.Ca(1), Some.Ca(2)]);
        Assert.True(new TlsaRecord(Some.Parameters("2 1 1"), Some.Ca(2).Key.Sha256).Matches(tall));
    }

    [Fact]
    public void A_certificate_that_was_sent_but_issued_nothing_is_no_ancestor()
    {
        var chain = new Chain(Old.Leaf, Old.Ancestors, [Some.Ca(9)]);
        Assert.False(new TlsaRecord(Some.Parameters("2 1 1"), Some.Ca(9).Key.Sha256).Matches(chain));
    }

    [Fact]
    public void A_chain_without_CA_certificates_has_no_usage_2_record() =>
        Assert.Null(new Chain(Old.Leaf, []).RecordFor(Some.Parameters("2 1 1")));

    [Fact]
    public void Every_kind_of_record_in_a_set_needs_one_that_matches()
    {
        RecordSet set = Some.Set(Some.Record("3 1 1", Old), Some.Record("3 1 2", New));
        Assert.Equal([Some.Parameters("3 1 2")], set.Uncovered(Old));
        Assert.Equal([Some.Parameters("3 1 1")], set.Uncovered(New));
        Assert.True(set.With([Some.Record("3 1 2", Old)]).Covers(Old));
    }

    [Fact]
    public void Absence_covers_everything() => Assert.True(RecordSet.Absent.Covers(Old));

    [Fact]
    public void Unusable_records_oblige_to_nothing() => Assert.True(
        Some.Set(TlsaRecord.Parse("1 1 1 " + New.Key.Sha256), TlsaRecord.Parse("3 1 2 abcd"), Some.Record("3 1 1", Old))
            .Covers(Old));

    [Fact]
    public void A_set_expects_a_key_when_everything_that_a_key_can_fill_is_filled()
    {
        PublicKey next = Some.Key(2);
        Assert.False(Some.Set(Some.Record("3 1 1", Old)).ExpectsKey(next));
        Assert.True(Some.Set(Some.Record("3 1 1", Old), Some.Record("3 1 1", next)).ExpectsKey(next));
        Assert.False(Some.Set(Some.Record("3 1 2", Old), Some.Record("3 1 1", next)).ExpectsKey(next));
        Assert.True(Some.Set(Some.Record("2 1 1", Old), Some.Record("3 0 1", Old)).ExpectsKey(next));
        Assert.True(RecordSet.Absent.ExpectsKey(next));
    }

    [Theory]
    [InlineData("3 1 1,3 1 2", "3 1 2")]
    [InlineData("3 1 0,3 1 1,3 1 2", "3 1 0,3 1 2")]
    [InlineData("3 0 1,3 1 2", "3 0 1,3 1 2")]
    [InlineData("2 1 2,3 1 1", "2 1 2,3 1 1")]
    [InlineData("1 1 2,3 1 1", "3 1 1")]
    public void The_strongest_digest_of_each_usage_and_selector_is_used(string published, string used)
    {
        RecordSet set = Some.Set([.. published.Split(',').Select(p => RecordOf(p))]);
        Assert.Equal(
            used.Split(',').Select(Some.Parameters), set.AfterDigestAgility().Select(r => r.Parameters));
    }

    [Fact]
    public void A_malformed_stronger_digest_does_not_hide_a_weaker_one() => Assert.Equal(
        [Some.Record("3 1 1", Old)],
        Some.Set(TlsaRecord.Parse("3 1 2 abcd"), Some.Record("3 1 1", Old)).AfterDigestAgility());

    private static TlsaRecord RecordOf(string parameters) =>
        new(Some.Parameters(parameters), new('a', parameters[^1] == '2' ? 128 : 64));
}

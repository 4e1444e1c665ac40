using RolloverD.Core.Dane;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Dane;

public class ReadingTests
{
    [Theory]
    [InlineData("3 1 1 00FF", "3 1 1 00ff")]
    [InlineData("  3   1\t1 00 ff\t01 ", "3 1 1 00ff01")]
    [InlineData("0 255 9 ab", "0 255 9 ab")]
    public void A_record_is_read_in_any_of_its_written_forms(string text, string kept) =>
        Assert.Equal(kept, TlsaRecord.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("3 1 1")]
    [InlineData("3 1 1 abc")]
    [InlineData("3 1 1 xy")]
    [InlineData("3 1 256 ab")]
    [InlineData("-3 1 1 ab")]
    [InlineData("3 1 1.0 ab")]
    public void What_is_no_record_is_refused(string text) => Assert.False(TlsaRecord.TryParse(text, out _));

    [Theory]
    [InlineData("3 1 1", true)]
    [InlineData("2 0 0", true)]
    [InlineData("3 0 2", true)]
    [InlineData("1 1 1", false)]
    [InlineData("0 0 1", false)]
    [InlineData("4 1 1", false)]
    [InlineData("3 2 1", false)]
    [InlineData("3 1 3", false)]
    public void Only_usages_2_and_3_with_known_numbers_are_usable_for_mail(string parameters, bool usable) =>
        Assert.Equal(usable, Some.Parameters(parameters).IsUsable);

    [Theory]
    [InlineData("3 1 1", 32, true)]
    [InlineData("3 1 1", 31, false)]
    [InlineData("3 1 1", 64, false)]
    [InlineData("3 1 2", 64, true)]
    [InlineData("3 1 2", 32, false)]
    [InlineData("3 0 0", 500, true)]
    public void A_digest_of_the_wrong_length_makes_a_record_unusable(string parameters, int bytes, bool usable) =>
        Assert.Equal(usable, TlsaRecord.Parse($"{parameters} {new string('a', 2 * bytes)}").IsUsable);

    [Theory]
    [InlineData("MX1.Example.Net.", "mx1.example.net")]
    [InlineData("_25._tcp.mx1.example.net", "_25._tcp.mx1.example.net")]
    [InlineData(".", ".")]
    public void Names_are_kept_in_lower_case_without_the_final_dot(string text, string kept)
    {
        Assert.True(DnsName.TryNormalise(text, out string name));
        Assert.Equal(kept, name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("-a.example")]
    [InlineData("a b.example")]
    public void What_is_no_name_is_refused(string text) => Assert.False(DnsName.TryNormalise(text, out _));

    [Fact]
    public void Labels_and_names_have_their_limits()
    {
        Assert.True(DnsName.TryNormalise(new string('a', 63) + ".net", out _));
        Assert.False(DnsName.TryNormalise(new string('a', 64) + ".net", out _));
        string full = string.Join('.', Enumerable.Repeat(new string('a', 49), 5));
        Assert.True(DnsName.TryNormalise(full + ".abc", out _));
        Assert.False(DnsName.TryNormalise(full + ".abcd", out _));
    }

    [Theory]
    [InlineData("mx1.example.net", "mx1.example.net:25")]
    [InlineData("MX1.example.net.:465", "mx1.example.net:465")]
    public void An_endpoint_is_a_host_and_a_port(string text, string kept) =>
        Assert.Equal(kept, Endpoint.Parse(text).ToString());

    [Theory]
    [InlineData("mx1.example.net:")]
    [InlineData("mx1.example.net:0")]
    [InlineData("mx1.example.net:65536")]
    [InlineData("mx1.example.net:+25")]
    [InlineData(".:25")]
    [InlineData(":25")]
    public void What_is_no_endpoint_is_refused(string text) => Assert.False(Endpoint.TryParse(text, out _));

    [Fact]
    public void The_closest_zone_is_the_longest_that_holds_the_name()
    {
        string[] zones = [".", "net", "example.net", "ample.net", "mx1.example.net"];
        Assert.Equal("mx1.example.net", DnsName.ClosestZone("_25._tcp.mx1.example.net", zones));
        Assert.Equal("example.net", DnsName.ClosestZone("_25._tcp.mx2.example.net", zones));
        Assert.Equal("net", DnsName.ClosestZone("counterexample.net", zones));
        Assert.Null(DnsName.ClosestZone("example.org", ["example.net"]));
    }

    [Fact]
    public void Sets_are_equal_when_records_and_TTL_are_whatever_the_order()
    {
        TlsaRecord a = Some.Record("3 1 1", Some.Key(1)), b = Some.Record("3 1 1", Some.Key(2));
        Assert.Equal(Some.Set(a, b), Some.Set(b, a, b));
        Assert.Equal(Some.Set(a, b).GetHashCode(), Some.Set(b, a).GetHashCode());
        Assert.NotEqual(Some.Set(a), Some.Set(a, b));
        Assert.NotEqual(Some.Set(a), new RecordSet([a], TimeSpan.FromSeconds(1)));
        Assert.True(Some.Set(a).HasSameRecords(new([a], TimeSpan.FromSeconds(1))));
    }

    [Fact]
    public void A_set_without_records_is_absence_whatever_its_TTL() =>
        Assert.Equal(RecordSet.Absent, Some.Set());
}

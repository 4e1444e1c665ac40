using RolloverD.Core.Dane;
using Xunit;

namespace RolloverD.Core.Tests.Dane;

public sealed class NameCheckTests
{
    [Theory]
    [InlineData("mx1.example.net", "mx1.example.net")]
    [InlineData("mx1.example.net", "MX1.Example.NET")]
    [InlineData("mx1.example.net.", "mx1.example.net")]
    [InlineData("mx1.example.net", "*.example.net")]
    [InlineData("MX1.example.net", "*.EXAMPLE.net")]
    [InlineData("xn--mnchen-3ya.example.net", "*.example.net")]
    public void A_name_or_a_wildcard_for_its_first_label_stands_for_the_host(string reference, string presented) =>
        Assert.True(NameCheck.Matches(reference, presented));

    [Theory]
    [InlineData("mx1.example.net", "mx2.example.net")]
    [InlineData("mx1.example.net", "example.net")]
    [InlineData("example.net", "*.example.net")]
    [InlineData("a.mx1.example.net", "*.example.net")]
    [InlineData("mx1.example.net", "m*.example.net")]
    [InlineData("mx1.example.net", "mx1.*.net")]
    [InlineData("mx1.example.net", "*.*.net")]
    [InlineData("mx1.example.net", "*")]
    [InlineData("example.net", "*.net")]
    [InlineData("*.example.net", "*.example.net")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("192.0.2.1", "*.0.2.1")]
    [InlineData("", "")]
    [InlineData(".", ".")]
    public void Nothing_else_does(string reference, string presented) =>
        Assert.False(NameCheck.Matches(reference, presented));

    [Fact]
    public void One_reference_name_and_one_certified_name_that_match_are_enough()
    {
        var leaf = new ChainCertificate(
            [1], [2], "CN=leaf", ["example.net", "*.mail.example.net"], default, default, isCa: false);

        Assert.True(leaf.Names(["mx1.mail.example.net", "other.test"]));
        Assert.False(leaf.Names(["mx1.example.net", "other.test"]));
        Assert.False(leaf.Names([]));
    }
}

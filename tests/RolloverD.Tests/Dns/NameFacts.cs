using RolloverD.Dns.Messages;
using Xunit;

namespace RolloverD.Tests.Dns;

/// <summary>Names, their order, and the trust anchors that are read from text.</summary>
public sealed class NameFacts
{
    [Theory]
    [InlineData(".", ".")]
    [InlineData("MX1.Example.", "mx1.example")]
    [InlineData(@"a\.b.c", @"a\.b.c")]
    [InlineData(@"a\046b.c", @"a\.b.c")]
    [InlineData(@"\200.c", @"\200.c")]
    public void Names_are_read_and_written(string text, string expected) =>
        Assert.Equal(expected, Name.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData(@"a\")]
    [InlineData("ä")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b")]
    public void What_is_no_name_is_refused(string text) => Assert.False(Name.TryParse(text, out _));

    /// <summary>The example of RFC 4034 §6.1.</summary>
    [Fact]
    public void Names_are_in_canonical_order()
    {
        string[] sorted =
        [
            "example", "a.example", "yljkjljk.a.example", "z.a.example", "zabc.a.example", "z.example",
            @"\001.z.example", "*.z.example", @"\200.z.example",
        ];
        Assert.Equal(sorted, sorted.Reverse().Select(Name.Parse).Order().Select(n => n.ToString()));
    }

    [Fact]
    public void A_name_lies_below_its_ancestors_only()
    {
        Name name = Name.Parse("a.b.example");
        Assert.True(name.IsBelow(Name.Parse("b.example")));
        Assert.True(name.IsBelow(Name.Root));
        Assert.False(name.IsBelow(name));
        Assert.True(name.IsAtOrBelow(name));
        Assert.False(Name.Parse("ab.example").IsBelow(Name.Parse("b.example")));
    }
}

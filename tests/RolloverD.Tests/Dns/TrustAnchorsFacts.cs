using RolloverD.Dns.Validation;
using Xunit;

namespace RolloverD.Tests.Dns;

public sealed class TrustAnchorsFacts
{
    [Fact]
    public void Both_keys_of_the_root_are_built_in() =>
        Assert.Equal([20326, 38696], TrustAnchors.BuiltIn.Signers.Select(s => (int)s.Tag));

    [Fact]
    public void A_key_may_go_over_several_lines()
    {
        TrustAnchors anchors = TrustAnchors.Parse(
            """
            ; the root
            . 172800 IN DNSKEY 257 3 13 (
                AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g ; first half
                ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw== )
            """);
        Assert.Equal([1, 1, 3, 13], Assert.Single(anchors.Keys)[..4]);
    }

    [Fact]
    public void A_key_that_unbound_only_watches_is_not_trusted()
    {
        TrustAnchors anchors = TrustAnchors.Parse(
            """
            ;;id: . 1
            . 86400 IN DNSKEY 257 3 8 AAAA ;{id = 1 (ksk), size = 2048b} ;;state=1 [ ADDPEND ] ;;count=3
            . 86400 IN DNSKEY 257 3 8 BBBB ;{id = 2 (ksk), size = 2048b} ;;state=2 [  VALID  ] ;;count=0
            """);
        Assert.Equal([.. Convert.FromBase64String("BBBB")], Assert.Single(anchors.Keys)[4..]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("example. DS 1 13 2 AABB")]
    [InlineData(". DS x 13 2 AABB")]
    [InlineData(". DS 1 13 2 AABBZ")]
    public void A_text_without_anchor_is_refused(string text) =>
        Assert.Throws<FormatException>(() => TrustAnchors.Parse(text));
}

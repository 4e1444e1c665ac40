using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RolloverD.Core.Dane;
using RolloverD.Smtp;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Smtp;

public sealed class ChainReaderTests
{
    private static readonly TestCertificate Root = TestCertificate.Root("Root", TestKey.Rsa);
    private static readonly TestCertificate Intermediate = Root.SignCa("Intermediate");
    private static readonly TestCertificate Leaf =
        Intermediate.SignHost("mx1.example.net", TestKey.Ecdsa, "Mail.example.NET");

    [Fact]
    public void Ancestors_come_in_path_order_however_they_were_sent()
    {
        TestCertificate stranger = TestCertificate.Root("Stranger");

        Chain chain = Read(Leaf, stranger, Root, Intermediate);

        Assert.Equal([Intermediate.Der, Root.Der], DerOf(chain.Ancestors));
        Assert.Equal([stranger.Der], DerOf(chain.Unrelated));
        Assert.Equal(Leaf.Der, chain.Leaf.Der.ToArray());
    }

    [Fact]
    public void A_missing_link_leaves_the_root_unrelated()
    {
        Chain chain = Read(Leaf, Root);

        Assert.Empty(chain.Ancestors);
        Assert.Equal([Root.Der], DerOf(chain.Unrelated));
    }

    [Fact]
    public void A_certificate_of_the_same_name_with_another_key_is_no_ancestor()
    {
        TestCertificate impostor = Root.SignCa("Intermediate");

        Chain chain = Read(Leaf, impostor, Intermediate);

        Assert.Equal([Intermediate.Der], DerOf(chain.Ancestors));
        Assert.Equal([impostor.Der], DerOf(chain.Unrelated));
    }

    [Fact]
    public void Who_may_not_sign_certificates_is_no_ancestor()
    {
        TestCertificate notCa = Root.SignHost("not-a-ca");
        TestCertificate leaf = notCa.SignHost("mx1.example.net");

        Assert.Empty(Read(leaf, notCa, Root).Ancestors);
    }

    [Fact]
    public void Cas_that_sign_each_other_come_to_an_end()
    {
        TestCertificate left = TestCertificate.Root("Left");
        TestCertificate right = TestCertificate.Root("Right");
        TestCertificate leftByRight = left.CrossSignedBy(right);
        TestCertificate rightByLeft = right.CrossSignedBy(left);
        TestCertificate leaf = left.SignHost("mx1.example.net");

        Chain chain = Read(leaf, leftByRight, rightByLeft, leftByRight);

        Assert.Equal([leftByRight.Der, rightByLeft.Der, leftByRight.Der], DerOf(chain.Ancestors));
    }

    [Theory]
    [InlineData(TestKey.Rsa, KeyFamily.Rsa)]
    [InlineData(TestKey.Ecdsa, KeyFamily.Ecdsa)]
    [InlineData(TestKey.Ed25519, KeyFamily.EdDsa)]
    public void The_leaf_is_read_to_the_byte(TestKey kind, KeyFamily family)
    {
        TestCertificate leaf = Root.SignHost("mx1.example.net", kind);
        using X509Certificate2 expected = X509CertificateLoader.LoadCertificate(leaf.Der);

        ChainCertificate read = Read(leaf, Root).Leaf;

        Assert.Equal(family, read.Key.Family);
        Assert.Equal(expected.PublicKey.ExportSubjectPublicKeyInfo(), read.Key.Spki.ToArray());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(leaf.Der)), read.Sha256);
        Assert.Equal(expected.NotAfter.ToUniversalTime(), read.NotAfter.UtcDateTime);
        Assert.Equal(expected.NotBefore.ToUniversalTime(), read.NotBefore.UtcDateTime);
        Assert.False(read.IsCa);
    }

    [Fact]
    public void Names_are_the_alternative_ones_in_lower_case() =>
        Assert.Equal(["mx1.example.net", "mail.example.net"], Read(Leaf).Leaf.DnsNames);

    [Fact]
    public void The_common_name_counts_only_when_there_are_no_alternative_names()
    {
        TestCertificate without = Root.Sign("O=Example, CN=mx9.example.net", _ => { });

        Assert.Equal(["mx9.example.net"], Read(without).Leaf.DnsNames);
        Assert.DoesNotContain("CN=mx1", Read(Leaf).Leaf.DnsNames);
    }

    [Fact]
    public void A_self_signed_leaf_has_no_ancestors()
    {
        TestCertificate alone = TestCertificate.SelfSigned("mx1.example.net");

        Assert.Empty(Read(alone, alone).Ancestors);
    }

    [Fact]
    public void What_is_no_certificate_is_named_by_its_place()
    {
        InvalidDataException e = Assert.Throws<InvalidDataException>(
            () => ChainReader.Read([Leaf.Der, [0x30, 0x03, 0x02, 0x01, 0x01]]));
        Assert.StartsWith("certificate 2 of 2 in the chain cannot be read: ", e.Message, StringComparison.Ordinal);

        Assert.Throws<InvalidDataException>(() => ChainReader.Read([[.. Leaf.Der, 0]]));
        Assert.Throws<InvalidDataException>(() => ChainReader.Read([Leaf.Der[..^1]]));
        Assert.Throws<InvalidDataException>(() => ChainReader.Read([]));
        Assert.Throws<InvalidDataException>(() => ChainReader.Read([.. Enumerable.Repeat(Leaf.Der, 33)]));
    }

    [Fact]
    public void No_flipped_byte_makes_it_fail_otherwise()
    {
        for (int i = 0; i < Leaf.Der.Length; i++)
        {
            byte[] damaged = [.. Leaf.Der];
            damaged[i] ^= 0x55;
            try
            {
                // Still a certificate, perhaps, but not one that the intermediate signed.
                Assert.Empty(ChainReader.Read([damaged, Intermediate.Der]).Ancestors);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    private static Chain Read(params TestCertificate[] sent) => ChainReader.Read([.. sent.Select(s => s.Der)]);

    private static IEnumerable<byte[]> DerOf(IEnumerable<ChainCertificate> certificates) =>
        certificates.Select(c => c.Der.ToArray());
}

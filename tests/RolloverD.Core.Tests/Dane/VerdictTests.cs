using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Dane;

public class VerdictTests
{
    private static readonly PublicKey Key = Some.Key(1);
    private static readonly Chain Chain = Some.Chain(Key, ancestors: [Some.Ca(1), Some.Ca(2)]);
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);

    [Theory]
    [InlineData("3 1 1", 0)]
    [InlineData("3 1 2", 0)]
    [InlineData("3 1 0", 0)]
    [InlineData("3 0 1", 0)]
    [InlineData("2 1 1", 1)]
    [InlineData("2 0 1", 1)]
    [InlineData("2 0 2", 1)]
    public void A_matching_record_verifies(string parameters, int depth) =>
        Assert.Equal(new Verdict.Verified(Some.Record(parameters, Chain), depth),
            Of(Chain, Some.Record(parameters, Chain)));

    [Fact]
    public void A_record_of_the_root_verifies_at_its_depth()
    {
        var root = new TlsaRecord(Some.Parameters("2 1 1"), Some.Ca(2).Key.Sha256);
        Assert.Equal(new Verdict.Verified(root, 2), Of(Chain, root));
    }

    [Fact]
    public void A_mismatch_refuses() => Assert.IsType<Verdict.Refused>(Of(Chain, Some.Record("3 1 1", Some.Key(9))));

    [Fact]
    public void One_matching_record_among_others_is_enough() =>
        Assert.IsType<Verdict.Verified>(Of(Chain, Some.Record("3 1 1", Some.Key(9)), Some.Record("3 1 1", Key)));

    [Fact]
    public void A_wrong_stronger_digest_makes_a_right_weaker_one_worthless() =>
        Assert.IsType<Verdict.Refused>(Of(Chain, Some.Record("3 1 2", Some.Key(9)), Some.Record("3 1 1", Key)));

    [Fact]
    public void Digests_of_different_selectors_do_not_compete() =>
        Assert.IsType<Verdict.Verified>(
            Of(Chain, Some.Record("3 0 2", Some.Chain(Some.Key(9))), Some.Record("3 1 1", Key)));

    [Theory]
    [InlineData("3 1 1", true)]
    [InlineData("2 1 1", false)]
    public void Names_count_under_usage_2_alone(string parameters, bool verified)
    {
        Chain wrong = Some.Chain(Key, name: "other.example");
        Assert.Equal(verified, Of(wrong, Some.Record(parameters, wrong)) is Verdict.Verified);
    }

    [Theory]
    [InlineData("3 1 1", 91, true)]
    [InlineData("2 1 1", 91, false)]
    [InlineData("3 1 1", -1, true)]
    [InlineData("2 1 1", -1, false)]
    public void Dates_count_under_usage_2_alone(string parameters, int day, bool verified) => Assert.Equal(
        verified,
        Of(Chain, Some.Start.AddDays(day), Some.Record(parameters, Chain)) is Verdict.Verified);

    [Fact]
    public void The_dates_of_every_certificate_up_to_the_anchor_count_and_none_above_it()
    {
        ChainCertificate ended = Some.Ca(2, notAfter: Now.AddSeconds(-1));
        Chain chain = Some.Chain(Key, ancestors: [Some.Ca(1), ended]);
        Assert.IsType<Verdict.Verified>(Of(chain, new TlsaRecord(Some.Parameters("2 1 1"), Some.Ca(1).Key.Sha256)));
        Assert.IsType<Verdict.Refused>(Of(chain, new TlsaRecord(Some.Parameters("2 1 1"), ended.Key.Sha256)));
    }

    [Fact]
    public void A_CA_that_was_sent_but_did_not_issue_the_leaf_refuses_and_says_so()
    {
        var chain = new Chain(Chain.Leaf, [], [Some.Ca(1)]);
        var refused =
            Assert.IsType<Verdict.Refused>(Of(chain, new TlsaRecord(Some.Parameters("2 1 1"), Some.Ca(1).Key.Sha256)));
        Assert.Contains("did not issue", refused.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1 1 1")]
    [InlineData("0 0 1")]
    [InlineData("3 1 9")]
    public void Unusable_records_alone_make_TLS_mandatory_and_authenticate_nobody(string parameters)
    {
        var record = new TlsaRecord(Some.Parameters(parameters), Key.Sha256);
        Assert.IsType<Verdict.Unauthenticated>(Of(Chain, record));
        Assert.IsType<Verdict.NoTls>(
            Judge(new TlsaFinding.Secure(Some.Set(record)), new Presented.NoStartTls("no STARTTLS")));
    }

    [Fact]
    public void Without_records_mail_flows_whatever_is_presented()
    {
        var none = new TlsaFinding.None("no TLSA record");
        Assert.True(Judge(none, Shows(Chain)).Delivers);
        Assert.True(Judge(none, new Presented.NoStartTls("no STARTTLS")).Delivers);
        Assert.True(Judge(none, new Presented.HandshakeFailed("bad handshake")).Delivers);
    }

    [Fact]
    public void A_failed_lookup_is_never_absence() =>
        Assert.IsType<Verdict.Deferred>(Judge(new TlsaFinding.Failed("SERVFAIL"), Shows(Chain)));

    [Fact]
    public void A_server_out_of_reach_defers_and_a_failed_handshake_is_no_TLS()
    {
        var secure = new TlsaFinding.Secure(Some.Set(Some.Record("3 1 1", Key)));
        Assert.IsType<Verdict.Deferred>(Judge(secure, new Presented.Unreachable("timed out")));
        Assert.IsType<Verdict.NoTls>(Judge(secure, new Presented.HandshakeFailed("alert")));
    }

    [Theory]
    [InlineData("mx1.example.net", "mx1.example.net", true)]
    [InlineData("MX1.EXAMPLE.NET.", "mx1.example.net", true)]
    [InlineData("*.example.net", "mx1.example.net", true)]
    [InlineData("*.example.net", "a.mx1.example.net", false)]
    [InlineData("*.example.net", "example.net", false)]
    [InlineData("mx*.example.net", "mx1.example.net", false)]
    [InlineData("*", "localhost", false)]
    public void A_star_stands_for_one_whole_label(string name, string host, bool named) =>
        Assert.Equal(named, Some.Chain(Key, name: name).Leaf.Names([host]));

    [Fact]
    public void A_set_that_covers_a_chain_verifies_it_whatever_subset_of_digests_the_sender_knows()
    {
        // RFC 7671 §8: what Covers promises, seen from the sender.
        RecordSet set =
            Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 2", Key), Some.Record("3 1 2", Some.Key(9)));
        Assert.True(set.Covers(Chain));
        foreach (string known in new[] { "3 1 1", "3 1 2" })
        {
            ImmutableArray<TlsaRecord> seen = [.. set.Records.Where(r => r.Parameters == Some.Parameters(known))];
            Assert.IsType<Verdict.Verified>(Of(Chain, [.. seen]));
        }
    }

    private static Presented.Shows Shows(Chain chain) => new(chain, "TLSv1.3");

    private static Verdict Of(Chain chain, params TlsaRecord[] records) => Of(chain, Now, records);

    private static Verdict Of(Chain chain, DateTimeOffset now, params TlsaRecord[] records) =>
        Verdict.Of(new TlsaFinding.Secure(Some.Set([.. records])), Shows(chain), [Some.Mx.Host], now);

    private static Verdict Judge(TlsaFinding finding, Presented presented) =>
        Verdict.Of(finding, presented, [Some.Mx.Host], Now);
}

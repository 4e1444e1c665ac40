using System.Collections.Immutable;
using RolloverD.Core.Ports;
using Xunit;

namespace RolloverD.Tests.Dns;

/// <summary>What becomes of replies that were changed on their way, or made by a server gone wrong.</summary>
[Collection("signed internet")]
public sealed class ForgeryFacts(SignedInternet internet) : IDisposable
{
    private const int HeaderLength = 12;

    /// <summary>The question <c>mx.forged.test</c>, with type and class, as it stands after the header.</summary>
    private const int QuestionLength = 20;

    [Fact]
    public async Task An_untouched_reply_is_served() =>
        Assert.IsType<AnswerContent.Serves>(await ObserveAsync(reply => reply));

    [Fact]
    public async Task A_changed_record_is_bogus()
    {
        var bogus = Assert.IsType<AnswerContent.Bogus>(await ObserveAsync(reply => Flip(reply, 0xAA, 0xAB)));
        Assert.Contains("does not verify", bogus.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removed_signature_is_bogus()
    {
        // The RRSIG, second in the answer, is counted into the authority section instead.
        var bogus = Assert.IsType<AnswerContent.Bogus>(await ObserveAsync(reply => Set(Set(reply, 7, 1), 9, 1)));
        Assert.Contains("no signature", bogus.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removed_answer_is_bogus()
    {
        var bogus = Assert.IsType<AnswerContent.Bogus>(await ObserveAsync(reply => Set(Set(reply, 7, 0), 9, 2)));
        Assert.Contains("not proven", bogus.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_of_another_owner_is_bogus()
    {
        // The owner is a pointer to the question; one label further it is forged.test.
        var bogus = Assert.IsType<AnswerContent.Bogus>(
            await ObserveAsync(reply => Set(reply, HeaderLength + QuestionLength + 1, HeaderLength + 3)));
        Assert.Contains("forged.test", bogus.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_id_is_refused()
    {
        var failed = Assert.IsType<AnswerContent.Failed>(
            await ObserveAsync(reply => Set(reply, 0, (byte)(reply[0] ^ 64))));
        Assert.Contains("id", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reply_to_another_question_is_refused()
    {
        var failed = Assert.IsType<AnswerContent.Failed>(
            await ObserveAsync(reply => Set(reply, HeaderLength + 1, (byte)'n')));
        Assert.Contains("nx.forged.test", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_sent_back_is_refused() =>
        Assert.IsType<AnswerContent.Failed>(await ObserveAsync(reply => Set(reply, 2, (byte)(reply[2] & 0x7F))));

    [Fact]
    public async Task A_reply_cut_short_is_refused() =>
        Assert.IsType<AnswerContent.Failed>(await ObserveAsync(reply => reply[..^20]));

    [Fact]
    public async Task A_name_that_points_at_itself_is_refused() =>
        Assert.IsType<AnswerContent.Failed>(await ObserveAsync(
            reply => Set(reply, HeaderLength + QuestionLength + 1, HeaderLength + QuestionLength)));

    [Fact]
    public async Task A_server_that_does_not_hold_the_zone_fails()
    {
        var failed = Assert.IsType<AnswerContent.Failed>(
            await ObserveAsync(reply => Set(reply, 2, (byte)(reply[2] & ~4))));
        Assert.Contains("authority", failed.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "SERVFAIL")]
    [InlineData(5, "REFUSED")]
    public async Task An_error_code_fails(byte code, string name)
    {
        var failed = Assert.IsType<AnswerContent.Failed>(
            await ObserveAsync(reply => Set(reply, 3, (byte)((reply[3] & 0xF0) | code))));
        Assert.Contains(name, failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_claim_that_the_name_does_not_exist_is_bogus_without_proof() =>
        Assert.IsType<AnswerContent.Bogus>(
            await ObserveAsync(reply => Set(Set(Set(reply, 3, (byte)(reply[3] | 3)), 7, 0), 9, 2)));

    [Theory]
    [InlineData(false, "SERVFAIL")]
    [InlineData(true, "does not verify")]
    public async Task A_server_that_does_not_tell_the_other_servers_leaves_the_round_incomplete(
        bool damaged, string reason)
    {
        // The signature ends where the OPT record begins, 11 octets before the end.
        ForgeServers(reply => damaged
            ? Set(reply, reply.Length - 12, (byte)(reply[^12] ^ 1))
            : Set(reply, 3, (byte)((reply[3] & 0xF0) | 2)));
        OwnerObservation seen = await ObserveOwnerAsync("mx.forged.test");
        Assert.Equal(2, seen.Servers.Count(s => s.Content is AnswerContent.Serves));
        ServerAnswer missing = Assert.Single(seen.Servers, s => s.Content is not AnswerContent.Serves);
        Assert.Equal("ns6.test", missing.Server);
        var failed = Assert.IsType<AnswerContent.Failed>(missing.Content);
        Assert.Matches($"does not tell which servers the zone has: .*{reason}", failed.Reason);
    }

    [Fact]
    public async Task A_server_of_an_insecure_zone_need_not_tell_the_other_servers()
    {
        ForgeServers(reply => Set(reply, 7, 0));
        OwnerObservation seen = await ObserveOwnerAsync("mx.toy.test");
        Assert.IsType<AnswerContent.Unsigned>(Assert.Single(seen.Servers).Content);
    }

    public void Dispose() => internet.Forgery = reply => reply;

    // Only the answer about the zone's NS set: its name ends the question, before type and class.
    private void ForgeServers(Func<byte[], byte[]> forgery) => internet.Forgery = reply =>
        reply.AsSpan().IndexOf("\x04test\0\0\x02\0\x01"u8) is > 0 and < 30 ? forgery(reply) : reply;

    private Task<OwnerObservation> ObserveOwnerAsync(string name) =>
        internet.Authority.ObserveAsync(name, DnsRecordType.Tlsa, [], TestContext.Current.CancellationToken);

    private async Task<AnswerContent> ObserveAsync(Func<byte[], byte[]> forgery)
    {
        // Only the answer about the record; what else is asked at that server stays as it is.
        internet.Forgery = reply => reply.AsSpan(HeaderLength + 1, 2).SequenceEqual("mx"u8) ? forgery(reply) : reply;
        OwnerObservation seen = await internet.Authority.ObserveAsync(
            "mx.forged.test", DnsRecordType.Tlsa, [], TestContext.Current.CancellationToken);
        ImmutableArray<ServerAnswer> honest = [.. seen.Servers.Where(s => s.Server == "ns1.test")];
        Assert.IsType<AnswerContent.Serves>(Assert.Single(honest).Content);
        return seen.Servers.Single(s => s.Server == "ns6.test").Content;
    }

    private static byte[] Set(byte[] reply, int at, byte value)
    {
        byte[] changed = [.. reply];
        changed[at] = value;
        return changed;
    }

    private static byte[] Flip(byte[] reply, byte from, byte to) =>
        Set(reply, HeaderLength + Array.IndexOf(reply[HeaderLength..], from), to);
}

using System.Collections.Immutable;
using RolloverD.Core.Ports;
using RolloverD.Dns;
using RolloverD.Dns.Messages;
using RolloverD.Dns.Validation;
using Xunit;

namespace RolloverD.Tests.Dns;

/// <summary>
/// Replies with random damage: whatever is wrong with them is an answer, never an exception or a false truth.
/// </summary>
[Collection("signed internet")]
public sealed class DamageFacts(SignedInternet internet) : IDisposable
{
    [Theory]
    [InlineData("mx.forged.test", RecordType.Tlsa)]
    [InlineData("none.forged.test", RecordType.Tlsa)]
    public async Task Damage_is_noticed_or_harmless(string name, RecordType type)
    {
        (byte[] reply, ZoneKeys keys) = await CaptureAsync(name);
        var question = new Question(Name.Parse(name), type);
        Judgement? whole = Judge(reply, question, keys);
        Assert.IsNotType<Judgement.Bogus>(whole);
        var random = new Random(4034);
        for (int i = 0; i < 4000; i++)
        {
            byte[] damaged = [.. reply];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (random.Next(8) == 0)
                damaged = damaged[..random.Next(damaged.Length)];
            Judgement? judged = Judge(damaged, question, keys);
            Assert.True(judged is null or Judgement.Bogus || IsSame(whole, judged), $"{i}: {judged}");
        }
    }

    public void Dispose() => internet.Forgery = reply => reply;

    private async Task<(byte[] Reply, ZoneKeys Keys)> CaptureAsync(string name)
    {
        byte[] captured = [];
        byte firstLetter = (byte)name[0];
        internet.Forgery = reply => reply[13] == firstLetter ? captured = reply : reply;
        await internet.Authority.ObserveAsync(name, DnsRecordType.Tlsa, [], TestContext.Current.CancellationToken);
        await using Round round = await Round.BeginAsync(
            internet.Settings, TimeProvider.System, SignedInternet.Patience, TestContext.Current.CancellationToken);
        var trust = Assert.IsType<Trust.Secure>(await round.Chain.OfAsync(Name.Parse("forged.test")));
        return (captured, trust.Keys);
    }

    private static Judgement? Judge(byte[] reply, Question question, ZoneKeys keys) =>
        Message.TryParse(reply, out Message? message, out _)
            ? Judgement.Signed(message, question, keys, DateTimeOffset.UtcNow)
            : null;

    // TTLs and the header are not signed; the records and what is proven absent are.
    private static bool IsSame(Judgement? whole, Judgement judged) => (whole, judged) switch
    {
        (Judgement.Positive one, Judgement.Positive other) =>
            one.Ttl == other.Ttl && Data(one).SequenceEqual(Data(other)),
        (Judgement.Absent one, Judgement.Absent other) => one == other,
        _ => false,
    };

    private static ImmutableArray<string> Data(Judgement.Positive positive) =>
        [.. positive.Records.Select(r => Convert.ToHexString(r.Data))];
}

using RolloverD.Core.Ports;
using Xunit;

namespace RolloverD.Providers.Tests.Dns.Rfc2136;

/// <summary>Somebody stands between the provider and the server, or something happens there just in between.</summary>
public sealed class ForgedReplyFacts(BindServer bind) : IClassFixture<BindServer>
{
    private static readonly string Ours = "3 1 1 " + new string('a', 64);
    private static readonly string Foreign = "3 1 1 " + new string('f', 64);
    private readonly string _owner = $"_25._tcp.{Guid.NewGuid().ToString("N")[..12]}.{BindServer.Zone}";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, "NOERROR")]
    [InlineData(5, "REFUSED")]
    [InlineData(8, "NXRRSET")]
    public async Task An_unsigned_reply_proves_nothing(int rcode, string name)
    {
        await using var impostor = new Interloper(
            bind.Address, (request, _) => Task.FromResult<byte[]?>(Interloper.Unsigned(request, rcode)));
        var unknown = Unknown(await AddAsync(impostor));
        Assert.Contains($"it says {name} without a TSIG signature", unknown.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reply_signed_by_another_key_proves_nothing()
    {
        await using var impostor = new Interloper(bind.Address, async (_, passOn) =>
        {
            // The digest's last octet stands before original id, error and other length: 6 octets from the end.
            byte[] reply = await passOn();
            reply[^7] ^= 1;
            return reply;
        });
        var unknown = Unknown(await AddAsync(impostor));
        Assert.Contains("signature is not one by the key sha256", unknown.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_of_the_signature_that_is_not_proven_may_hide_a_change_that_was_made()
    {
        await using var impostor = new Interloper(bind.Address, async (_, passOn) =>
        {
            // The signature ends with its error and the length of other data, 2 octets each.
            byte[] reply = await passOn();
            reply[3] = (byte)((reply[3] & 0xF0) | 9);
            reply[^3] = 17;
            return reply;
        });
        var unknown = Unknown(await AddAsync(impostor));
        Assert.Contains("does not know the key sha256", unknown.Reason, StringComparison.Ordinal);
        Assert.Contains("add the key from", unknown.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signed_reply_whose_result_was_altered_proves_nothing()
    {
        await bind.PlaceAsync(Set(Foreign));
        await using var impostor = new Interloper(bind.Address, async (_, passOn) =>
        {
            byte[] reply = await passOn();
            Assert.Equal(7, reply[3] & 15); // YXRRSET
            reply[3] &= 0xF0;
            return reply;
        });
        Assert.Contains(
            "signature is not one by the key", Unknown(await AddAsync(impostor)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_signed_reply_to_an_earlier_update_proves_nothing()
    {
        byte[]? earlier = null;
        await using var impostor = new Interloper(bind.Address, async (request, passOn) =>
        {
            if (earlier is null)
                return earlier = await passOn();

            byte[] replayed = [.. earlier];
            request.AsSpan(0, 2).CopyTo(replayed);
            return replayed;
        });
        Assert.IsType<DnsChangeOutcome.Applied>(await AddAsync(impostor));
        await bind.PlaceAsync(Set(Ours), remove: true);
        Assert.Contains(
            "signature is not one by the key", Unknown(await AddAsync(impostor)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reply_with_another_id_proves_nothing()
    {
        await using var impostor = new Interloper(bind.Address, async (_, passOn) =>
        {
            byte[] reply = await passOn();
            reply[0] ^= 0x55;
            return reply;
        });
        Assert.Contains(
            "answers another request (its id is different)", Unknown(await AddAsync(impostor)).Reason,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(11)]
    public async Task A_reply_that_is_cut_short_proves_nothing(int octets)
    {
        await using var impostor = new Interloper(bind.Address, async (_, passOn) => (await passOn())[..octets]);
        Assert.Contains(
            "it is not a DNS message", Unknown(await AddAsync(impostor)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_update_whose_reply_is_lost_is_unknown_and_the_repetition_finds_it_done()
    {
        await using (var impostor = new Interloper(bind.Address, async (_, passOn) =>
        {
            await passOn();
            return null;
        }))
        {
            Assert.Contains(
                "did not answer within", Unknown(await AddAsync(impostor)).Reason, StringComparison.Ordinal);
        }

        await using var watcher = new Interloper(bind.Address, async (_, passOn) => await passOn());
        Assert.IsType<DnsChangeOutcome.Applied>(await AddAsync(watcher));
        Assert.Equal(0, watcher.Updates);
    }

    [Fact]
    public async Task What_somebody_writes_between_reading_and_updating_is_a_conflict_by_the_servers_own_comparison()
    {
        await using var race = new Interloper(bind.Address, async (_, passOn) =>
        {
            await bind.PlaceAsync(Set(Foreign));
            return await passOn();
        });
        var conflict = Assert.IsType<DnsChangeOutcome.Conflict>(await AddAsync(race));
        Assert.Equal(Foreign, Assert.Single(conflict.Found.Values));
    }

    [Fact]
    public async Task A_change_of_the_ttl_does_not_bring_back_what_somebody_removes_meanwhile()
    {
        await bind.PlaceAsync(Set(Foreign));
        int updates = 0;
        await using var race = new Interloper(bind.Address, async (_, passOn) =>
        {
            if (updates++ == 0)
                await bind.PlaceAsync(Set(Foreign), remove: true);
            return await passOn();
        });
        DnsChange change = Adding(null) with { Ttl = TimeSpan.FromSeconds(90) };
        var applied = Assert.IsType<DnsChangeOutcome.Applied>(
            await bind.Provider(address: race.Address).ChangeAsync(change, Cancellation));
        Assert.Equal(Ours, Assert.Single(applied.Now.Values));
        Assert.Equal(2, updates);
    }

    [Fact]
    public async Task A_change_that_never_shows_is_unknown()
    {
        await using var undone = new Interloper(bind.Address, async (_, passOn) =>
        {
            byte[] reply = await passOn();
            await bind.PlaceAsync(Set(Ours), remove: true);
            return reply;
        });
        Assert.Contains(
            "confirmed the change of", Unknown(await AddAsync(undone)).Reason, StringComparison.Ordinal);
    }

    private static DnsChangeOutcome.Unknown Unknown(DnsChangeOutcome outcome) =>
        Assert.IsType<DnsChangeOutcome.Unknown>(outcome);

    private DnsRecordSet Set(string value) => new(_owner, DnsRecordType.Tlsa, TimeSpan.FromSeconds(60), [value]);

    private DnsChange Adding(string[]? expected) =>
        new(_owner, DnsRecordType.Tlsa, TimeSpan.FromSeconds(60), expected is null ? null : [.. expected], [Ours], []);

    private Task<DnsChangeOutcome> AddAsync(Interloper impostor) =>
        bind.Provider(address: impostor.Address, timeout: TimeSpan.FromSeconds(1))
            .ChangeAsync(Adding([]), Cancellation);
}

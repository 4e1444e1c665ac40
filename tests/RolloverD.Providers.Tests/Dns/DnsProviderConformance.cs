using System.Collections.Immutable;
using RolloverD.Core.Ports;
using Xunit;

namespace RolloverD.Providers.Tests.Dns;

/// <summary>
/// What every DNS provider must do, whatever server or hosting company is behind it. A provider's test class derives
/// from this, says how to reach a zone, and inherits the facts. Each fact uses an owner of its own.
/// </summary>
public abstract class DnsProviderConformance
{
    private readonly string _label = Guid.NewGuid().ToString("N")[..12];

    /// <summary>The provider under test.</summary>
    protected abstract IDnsProvider Provider { get; }

    /// <summary>A zone that it may write.</summary>
    protected abstract string Zone { get; }

    /// <summary>Two TTLs that the provider accepts.</summary>
    protected virtual (TimeSpan Usual, TimeSpan Other) Ttls => (TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(300));

    /// <summary>Adds records to the set behind the provider's back, as somebody else would.</summary>
    protected abstract Task PlaceAsync(DnsRecordSet records);

    /// <summary>Takes records out of the set behind the provider's back.</summary>
    protected abstract Task TakeAwayAsync(DnsRecordSet records);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected string TlsaOwner => $"_25._tcp.{_label}.{Zone}";

    protected string TxtOwner => $"_acme-challenge.{_label}.{Zone}";

    /// <summary>A TLSA value that differs for each digit.</summary>
    protected static string Tlsa(char digit) => "3 1 1 " + new string(digit, 64);

    [Fact]
    public async Task A_name_that_does_not_exist_reads_as_an_empty_set()
    {
        DnsRecordSet set = await ReadAsync(TlsaOwner, DnsRecordType.Tlsa);
        Assert.Equal(TlsaOwner, set.Owner);
        Assert.Empty(set.Values);
        Assert.Equal(TimeSpan.Zero, set.Ttl);
    }

    [Fact]
    public async Task A_value_is_added_where_nothing_was()
    {
        DnsRecordSet now = Applied(await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a')])));
        AssertHolds(now, Ttls.Usual, Tlsa('a'));
        AssertHolds(await ReadAsync(TlsaOwner, DnsRecordType.Tlsa), Ttls.Usual, Tlsa('a'));
    }

    [Fact]
    public async Task Adding_twice_is_harmless()
    {
        DnsChange change = Tlsas(expected: [], add: [Tlsa('a')]);
        Applied(await ChangeAsync(change));
        AssertHolds(Applied(await ChangeAsync(change)), Ttls.Usual, Tlsa('a'));
    }

    [Fact]
    public async Task A_value_is_added_beside_another()
    {
        Applied(await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a')])));
        DnsRecordSet now = Applied(await ChangeAsync(Tlsas(expected: [Tlsa('a')], add: [Tlsa('b')])));
        AssertHolds(now, Ttls.Usual, Tlsa('a'), Tlsa('b'));
    }

    [Fact]
    public async Task A_value_is_removed_and_the_other_stays()
    {
        Applied(await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a'), Tlsa('b')])));
        DnsRecordSet now =
            Applied(await ChangeAsync(Tlsas(expected: [Tlsa('a'), Tlsa('b')], remove: [Tlsa('a')])));
        AssertHolds(now, Ttls.Usual, Tlsa('b'));
    }

    [Fact]
    public async Task The_last_value_is_removed_and_removing_twice_is_harmless()
    {
        Applied(await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a')])));
        DnsChange change = Tlsas(expected: [Tlsa('a')], remove: [Tlsa('a')]);
        Assert.Empty(Applied(await ChangeAsync(change)).Values);
        Assert.Empty(Applied(await ChangeAsync(change)).Values);
        Assert.Empty((await ReadAsync(TlsaOwner, DnsRecordType.Tlsa)).Values);
    }

    [Fact]
    public async Task Removing_what_is_not_there_is_harmless()
    {
        Assert.Empty(Applied(await ChangeAsync(Tlsas(expected: null, remove: [Tlsa('a')]))).Values);
        Applied(await ChangeAsync(Tlsas(expected: null, add: [Tlsa('b')])));
        DnsRecordSet now = Applied(await ChangeAsync(Tlsas(expected: null, remove: [Tlsa('a')])));
        AssertHolds(now, Ttls.Usual, Tlsa('b'));
    }

    [Fact]
    public async Task A_set_is_replaced_in_one_change()
    {
        Applied(await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a'), Tlsa('b')])));
        DnsRecordSet now = Applied(await ChangeAsync(
            Tlsas(expected: [Tlsa('a'), Tlsa('b')], add: [Tlsa('c')], remove: [Tlsa('a'), Tlsa('b')])));
        AssertHolds(now, Ttls.Usual, Tlsa('c'));
    }

    [Fact]
    public async Task Records_of_others_survive_an_unconditional_change()
    {
        await PlaceAsync(TlsaSet(Tlsa('f')));
        Applied(await ChangeAsync(Tlsas(expected: null, add: [Tlsa('a')])));
        AssertHolds(await ReadAsync(TlsaOwner, DnsRecordType.Tlsa), Ttls.Usual, Tlsa('a'), Tlsa('f'));
        Applied(await ChangeAsync(Tlsas(expected: null, remove: [Tlsa('a')])));
        AssertHolds(await ReadAsync(TlsaOwner, DnsRecordType.Tlsa), Ttls.Usual, Tlsa('f'));
    }

    [Fact]
    public async Task Records_of_other_types_at_the_owner_survive()
    {
        await PlaceAsync(new(TlsaOwner, DnsRecordType.Txt, Ttls.Usual, ["not ours"]));
        Applied(await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a')])));
        Applied(await ChangeAsync(Tlsas(expected: [Tlsa('a')], remove: [Tlsa('a')])));
        AssertHolds(await ReadAsync(TlsaOwner, DnsRecordType.Txt), Ttls.Usual, "not ours");
    }

    [Fact]
    public async Task A_record_that_somebody_added_meanwhile_is_a_conflict_and_nothing_is_changed()
    {
        Applied(await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a')])));
        await PlaceAsync(TlsaSet(Tlsa('f')));
        DnsChangeOutcome outcome =
            await ChangeAsync(Tlsas(expected: [Tlsa('a')], add: [Tlsa('b')], remove: [Tlsa('a')]));
        var conflict = Assert.IsType<DnsChangeOutcome.Conflict>(outcome);
        AssertHolds(conflict.Found, Ttls.Usual, Tlsa('a'), Tlsa('f'));
        AssertHolds(await ReadAsync(TlsaOwner, DnsRecordType.Tlsa), Ttls.Usual, Tlsa('a'), Tlsa('f'));
    }

    [Fact]
    public async Task A_record_that_somebody_removed_meanwhile_is_a_conflict_and_nothing_is_changed()
    {
        Applied(await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a'), Tlsa('b')])));
        await TakeAwayAsync(TlsaSet(Tlsa('b')));
        DnsChangeOutcome outcome = await ChangeAsync(Tlsas(expected: [Tlsa('a'), Tlsa('b')], add: [Tlsa('c')]));
        AssertHolds(Assert.IsType<DnsChangeOutcome.Conflict>(outcome).Found, Ttls.Usual, Tlsa('a'));
        AssertHolds(await ReadAsync(TlsaOwner, DnsRecordType.Tlsa), Ttls.Usual, Tlsa('a'));
    }

    [Fact]
    public async Task Something_where_nothing_was_expected_is_a_conflict_and_nothing_is_changed()
    {
        await PlaceAsync(TlsaSet(Tlsa('f')));
        DnsChangeOutcome outcome = await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a')]));
        AssertHolds(Assert.IsType<DnsChangeOutcome.Conflict>(outcome).Found, Ttls.Usual, Tlsa('f'));
        AssertHolds(await ReadAsync(TlsaOwner, DnsRecordType.Tlsa), Ttls.Usual, Tlsa('f'));
    }

    [Fact]
    public async Task Nothing_where_something_was_expected_is_a_conflict_and_nothing_is_changed()
    {
        DnsChangeOutcome outcome = await ChangeAsync(Tlsas(expected: [Tlsa('a')], add: [Tlsa('b')]));
        Assert.Empty(Assert.IsType<DnsChangeOutcome.Conflict>(outcome).Found.Values);
        Assert.Empty((await ReadAsync(TlsaOwner, DnsRecordType.Tlsa)).Values);
    }

    [Fact]
    public async Task A_change_with_another_ttl_gives_it_to_the_whole_set()
    {
        Applied(await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a'), Tlsa('b')])));
        DnsChange change = Tlsas(expected: [Tlsa('a'), Tlsa('b')], add: [Tlsa('c')], remove: [Tlsa('a')]);
        DnsRecordSet now = Applied(await ChangeAsync(change with { Ttl = Ttls.Other }));
        AssertHolds(now, Ttls.Other, Tlsa('b'), Tlsa('c'));
    }

    [Fact]
    public async Task The_ttl_alone_is_changed_up_and_down()
    {
        Applied(await ChangeAsync(Tlsas(expected: [], add: [Tlsa('a'), Tlsa('b')])));
        DnsChange change = Tlsas(expected: null);
        AssertHolds(
            Applied(await ChangeAsync(change with { Ttl = Ttls.Other })), Ttls.Other, Tlsa('a'), Tlsa('b'));
        AssertHolds(Applied(await ChangeAsync(change)), Ttls.Usual, Tlsa('a'), Tlsa('b'));
    }

    [Fact]
    public async Task A_value_in_capitals_is_the_same_value()
    {
        Applied(await ChangeAsync(Tlsas(expected: [], add: ["3 1 1 " + new string('A', 64)])));
        DnsRecordSet now = Applied(await ChangeAsync(Tlsas(expected: [Tlsa('a')], add: [Tlsa('b')])));
        AssertHolds(now, Ttls.Usual, Tlsa('a'), Tlsa('b'));
    }

    [Theory]
    [InlineData("3 0 1", 32)]
    [InlineData("3 0 2", 64)]
    [InlineData("2 1 2", 64)]
    [InlineData("2 0 0", 1200)]
    public async Task Every_kind_of_tlsa_record_is_written_and_read(string parameters, int octets)
    {
        byte[] data = [.. Enumerable.Range(0, octets).Select(i => (byte)i)];
        string value = $"{parameters} {Convert.ToHexStringLower(data)}";
        AssertHolds(Applied(await ChangeAsync(Tlsas(expected: [], add: [value]))), Ttls.Usual, value);
    }

    [Theory]
    [InlineData("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0")]
    [InlineData("with blanks; and a semicolon")]
    [InlineData("with \"quotes\" in it")]
    [InlineData("""with \ backslashes \\ and \032""")]
    public async Task A_text_is_kept_as_it_is(string text)
    {
        AssertHolds(Applied(await ChangeAsync(Txts(expected: [], add: [text]))), Ttls.Usual, text);
        Assert.Empty(Applied(await ChangeAsync(Txts(expected: [text], remove: [text]))).Values);
    }

    [Fact]
    public async Task A_text_of_300_characters_is_kept_and_removed()
    {
        string text = string.Concat(Enumerable.Range(0, 100).Select(i => $"{i:D2}."));
        AssertHolds(Applied(await ChangeAsync(Txts(expected: [], add: [text]))), Ttls.Usual, text);
        Assert.Empty(Applied(await ChangeAsync(Txts(expected: [text], remove: [text]))).Values);
    }

    [Fact]
    public async Task Two_texts_at_one_name_are_added_and_removed_one_by_one()
    {
        Applied(await ChangeAsync(Txts(expected: null, add: ["one"])));
        AssertHolds(Applied(await ChangeAsync(Txts(expected: null, add: ["two"]))), Ttls.Usual, "one", "two");
        AssertHolds(Applied(await ChangeAsync(Txts(expected: null, remove: ["one"]))), Ttls.Usual, "two");
        Assert.Empty(Applied(await ChangeAsync(Txts(expected: null, remove: ["two"]))).Values);
    }

    [Fact]
    public async Task Changes_at_the_same_time_all_happen()
    {
        string[] texts = [.. Enumerable.Range(0, 8).Select(i => $"order {i}")];
        DnsChangeOutcome[] outcomes =
            await Task.WhenAll(texts.Select(text => ChangeAsync(Txts(expected: null, add: [text]))));
        Assert.All(outcomes, outcome => Applied(outcome));
        AssertHolds(await ReadAsync(TxtOwner, DnsRecordType.Txt), Ttls.Usual, texts);
    }

    [Fact]
    public async Task Of_two_conditional_changes_at_the_same_time_one_is_a_conflict()
    {
        DnsChangeOutcome[] outcomes = await Task.WhenAll(
            ChangeAsync(Tlsas(expected: [], add: [Tlsa('a')])), ChangeAsync(Tlsas(expected: [], add: [Tlsa('b')])));
        Assert.Single(outcomes.OfType<DnsChangeOutcome.Applied>());
        Assert.Single(outcomes.OfType<DnsChangeOutcome.Conflict>());
        Assert.Single((await ReadAsync(TlsaOwner, DnsRecordType.Tlsa)).Values);
    }

    [Fact]
    public async Task A_cancelled_change_changes_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Provider.ChangeAsync(Tlsas(expected: [], add: [Tlsa('a')]), cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Provider.ReadAsync(TlsaOwner, DnsRecordType.Tlsa, cancelled.Token));
        Assert.Empty((await ReadAsync(TlsaOwner, DnsRecordType.Tlsa)).Values);
    }

    [Fact]
    public async Task A_name_outside_the_zone_is_refused()
    {
        DnsChange change = Tlsas(expected: null, add: [Tlsa('a')]) with { Owner = "_25._tcp.mx1.not-the-zone.invalid" };
        var refused = Assert.IsType<DnsChangeOutcome.Refused>(await ChangeAsync(change));
        Assert.Contains(change.Owner, refused.Reason, StringComparison.Ordinal);
        Assert.NotEmpty(refused.Remedy);
    }

    protected DnsChange Tlsas(string[]? expected, string[]? add = null, string[]? remove = null) => new(
        TlsaOwner, DnsRecordType.Tlsa, Ttls.Usual, expected?.ToImmutableArray(), [.. add ?? []], [.. remove ?? []]);

    protected DnsChange Txts(string[]? expected, string[]? add = null, string[]? remove = null) => new(
        TxtOwner, DnsRecordType.Txt, Ttls.Usual, expected?.ToImmutableArray(), [.. add ?? []], [.. remove ?? []]);

    protected DnsRecordSet TlsaSet(params string[] values) =>
        new(TlsaOwner, DnsRecordType.Tlsa, Ttls.Usual, [.. values]);

    protected Task<DnsChangeOutcome> ChangeAsync(DnsChange change) => Provider.ChangeAsync(change, Cancellation);

    protected async Task<DnsRecordSet> ReadAsync(string owner, DnsRecordType type) =>
        Assert.IsType<DnsReadOutcome.Found>(await Provider.ReadAsync(owner, type, Cancellation)).Set;

    protected static DnsRecordSet Applied(DnsChangeOutcome outcome) =>
        Assert.IsType<DnsChangeOutcome.Applied>(outcome).Now;

    protected static void AssertHolds(DnsRecordSet set, TimeSpan ttl, params string[] values)
    {
        Assert.Equal(values.Order(StringComparer.Ordinal), set.Values);
        Assert.Equal(ttl, set.Ttl);
    }
}

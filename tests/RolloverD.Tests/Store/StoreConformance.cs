using System.Collections.Immutable;
using RolloverD.Core.Ports;
using Xunit;

namespace RolloverD.Tests.Store;

/// <summary>What every store must do. A store's own test class derives from it and says how to open one.</summary>
public abstract class StoreConformance
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Opens the test's store as one more process would; what one sees, all see.</summary>
    protected abstract IStore Open();

    /// <summary>Opens what is left when the power failed just now, nothing closed and nothing written back.</summary>
    protected abstract IStore OpenAfterPowerLoss();

    [Fact]
    public async Task What_was_committed_is_there_after_the_power_was_lost()
    {
        IStore store = Open();
        Assert.True(store.Commit([Document("a", 0, "x"), Document("b", 0, "y")], [Entry("kept")]));
        Assert.True(store.Commit([StoredDocument.Removal("certificate", "b", 1)], []));
        Assert.True(store.TryLease("mx1", "me", Noon, Noon.AddMinutes(1)));
        await store.Notebook("ca", "mx1", 1).WriteAsync("order", "https://ca.example/1", default);

        IStore after = OpenAfterPowerLoss();
        Assert.Equal([Document("a", 1, "x")], after.LoadAll());
        Assert.Equal("kept", Assert.Single(after.Journal("mx1", 9)).Text);
        Assert.Equal("me", after.LeaseHolder("mx1", Noon));
        Assert.Equal("https://ca.example/1", await after.Notebook("ca", "mx1", 1).ReadAsync("order", default));
    }

    [Fact]
    public void A_new_store_is_empty()
    {
        Assert.Empty(Open().LoadAll());
        Assert.Empty(Open().Journal("mx1", 10));
        Assert.Null(Open().LeaseHolder("mx1", Noon));
    }

    [Fact]
    public void A_committed_document_is_loaded_with_a_version_one_higher()
    {
        IStore store = Open();
        Assert.True(store.Commit([Document("b", 0, "ä\0\n"), Document("a", 0, "one")], []));
        Assert.Equal([Document("a", 1, "one"), Document("b", 1, "ä\0\n")], Open().LoadAll());
        Assert.True(store.Commit([Document("a", 1, "two")], []));
        Assert.Equal([Document("a", 2, "two"), Document("b", 1, "ä\0\n")], Open().LoadAll());
    }

    [Fact]
    public void Documents_of_the_same_name_and_another_kind_are_apart()
    {
        IStore store = Open();
        Assert.True(store.Commit([new("certificate", "x", 0, "c"), new("owner", "x", 0, "o")], []));
        Assert.Equal([new("certificate", "x", 1, "c"), new("owner", "x", 1, "o")], Open().LoadAll());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Who_comes_second_changes_nothing(long staleVersion)
    {
        IStore store = Open();
        Assert.True(store.Commit([Document("a", 0, "first")], []));
        Assert.False(Open().Commit([Document("new", 0, "x"), Document("a", staleVersion, "second")], [Entry("lost")]));
        Assert.Equal([Document("a", 1, "first")], store.LoadAll());
        Assert.Empty(store.Journal("mx1", 10));
    }

    [Fact]
    public void A_document_named_twice_is_never_half_committed()
    {
        IStore store = Open();
        Assert.False(store.Commit([Document("a", 0, "first"), Document("a", 0, "second")], []));
        Assert.Empty(store.LoadAll());
    }

    [Fact]
    public void A_document_that_is_not_there_cannot_be_changed()
    {
        Assert.False(Open().Commit([Document("a", 1, "x")], []));
        Assert.False(Open().Commit([StoredDocument.Removal("certificate", "a", 1)], []));
        Assert.True(Open().Commit([StoredDocument.Removal("certificate", "a", 0)], []));
        Assert.Empty(Open().LoadAll());
    }

    [Fact]
    public void A_removed_document_is_gone_and_never_returns_to_an_old_version()
    {
        IStore store = Open();
        Assert.True(store.Commit([Document("a", 0, "one")], []));
        Assert.False(store.Commit([StoredDocument.Removal("certificate", "a", 0)], []));
        Assert.True(store.Commit([StoredDocument.Removal("certificate", "a", 1)], []));
        Assert.Empty(store.LoadAll());
        Assert.False(store.Commit([Document("a", 2, "of the removed one")], []));
        Assert.True(store.Commit([Document("a", 0, "anew")], []));
        Assert.Equal("anew", Assert.Single(store.LoadAll()).Body);
        // Somebody who still holds what was loaded before the removal.
        Assert.False(store.Commit([Document("a", 1, "stale")], []));
    }

    [Fact]
    public async Task Of_writers_at_the_same_time_one_wins_each_round()
    {
        const int writers = 4;
        const int rounds = 25;
        Assert.True(Open().Commit([Document("a", 0, "0")], []));
        int[] wins = await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() =>
        {
            IStore store = Open();
            int won = 0;
            while (won < rounds)
            {
                StoredDocument read = store.LoadAll().Single();
                string next = (int.Parse(read.Body, null) + 1).ToString(null as IFormatProvider);
                if (store.Commit([read with { Body = next }], [Entry(next)]))
                    won++;
            }

            return won;
        })));
        Assert.Equal(writers * rounds, wins.Sum());
        // No increment was lost, and each has exactly its own line.
        Assert.Equal([Document("a", 1 + (writers * rounds), $"{writers * rounds}")], Open().LoadAll());
        Assert.Equal(
            Enumerable.Range(1, writers * rounds).Select(i => $"{i}"),
            Open().Journal("mx1", int.MaxValue).Select(e => e.Text));
    }

    [Fact]
    public void The_journal_gives_the_latest_lines_of_one_certificate_oldest_first()
    {
        IStore store = Open();
        Assert.True(store.Commit([], [Entry("1"), Entry("2"), Entry("other") with { Certificate = "mx2" }]));
        DateTimeOffset elsewhere = Noon.ToOffset(TimeSpan.FromHours(2));
        Assert.True(store.Commit([], [Entry("3") with { Generation = null, At = elsewhere }]));
        ImmutableArray<JournalEntry> latest = Open().Journal("mx1", 2);
        Assert.Equal(["2", "3"], latest.Select(e => e.Text));
        Assert.True(latest[0].Id < latest[1].Id);
        Assert.Equal(Entry("2") with { Id = latest[0].Id }, latest[0]);
        Assert.Equal(Noon, latest[1].At);
        Assert.Equal(TimeSpan.Zero, latest[1].At.Offset);
        Assert.Null(latest[1].Generation);
        Assert.Empty(store.Journal("mx1", 0));
    }

    [Fact]
    public void A_lease_keeps_others_out_until_it_ends_or_is_released()
    {
        IStore daemon = Open();
        IStore command = Open();
        Assert.True(daemon.TryLease("mx1", "daemon", Noon, Noon.AddMinutes(1)));
        Assert.False(command.TryLease("mx1", "command", Noon, Noon.AddMinutes(1)));
        Assert.True(command.TryLease("mx2", "command", Noon, Noon.AddMinutes(1)));
        Assert.Equal("daemon", command.LeaseHolder("mx1", Noon));

        // Renewed by its holder, and another time zone is the same time.
        DateTimeOffset later = Noon.AddSeconds(50).ToOffset(TimeSpan.FromHours(-7));
        Assert.True(daemon.TryLease("mx1", "daemon", later, later.AddMinutes(1)));
        Assert.False(command.TryLease("mx1", "command", Noon.AddSeconds(109), Noon.AddMinutes(5)));
        command.Release("mx1", "command");
        Assert.Equal("daemon", command.LeaseHolder("mx1", Noon.AddSeconds(109)));

        Assert.Null(command.LeaseHolder("mx1", Noon.AddSeconds(110)));
        Assert.True(command.TryLease("mx1", "command", Noon.AddSeconds(110), Noon.AddMinutes(5)));
        command.Release("mx1", "command");
        Assert.Null(daemon.LeaseHolder("mx1", Noon.AddSeconds(111)));
        Assert.True(daemon.TryLease("mx1", "daemon", Noon.AddSeconds(111), Noon.AddMinutes(5)));
    }

    [Fact]
    public async Task Of_those_who_want_a_lease_at_the_same_time_one_gets_it()
    {
        bool[] got = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() =>
            Open().TryLease("mx1", $"holder {i}", Noon, Noon.AddMinutes(1)))));
        Assert.Single(got, g => g);
    }

    [Fact]
    public async Task Notes_belong_to_a_generation_and_account_notes_to_the_issuer()
    {
        CancellationToken none = CancellationToken.None;
        IIssuerNotebook seventh = Open().Notebook("letsencrypt", "mx1", 7);
        await seventh.WriteAsync("order", "order/1", none);
        await seventh.WriteAsync("account-key", "secret", none);

        Assert.Equal("order/1", await Open().Notebook("letsencrypt", "mx1", 7).ReadAsync("order", none));
        Assert.Null(await Open().Notebook("letsencrypt", "mx1", 8).ReadAsync("order", none));
        Assert.Null(await Open().Notebook("letsencrypt", "mx2", 7).ReadAsync("order", none));
        Assert.Equal("secret", await Open().Notebook("letsencrypt", "mx2", 1).ReadAsync("account-key", none));
        Assert.Null(await Open().Notebook("another", "mx1", 7).ReadAsync("account-key", none));

        await seventh.WriteAsync("order", "order/2", none);
        Assert.Equal("order/2", await seventh.ReadAsync("order", none));
        await seventh.WriteAsync("order", null, none);
        await seventh.WriteAsync("order", null, none);
        Assert.Null(await seventh.ReadAsync("order", none));
    }

    protected static StoredDocument Document(string name, long version, string body) =>
        new("certificate", name, version, body);

    protected static JournalEntry Entry(string text) => new(0, Noon, "mx1", 7, "tested", text);
}

using System.Collections.Concurrent;
using System.Text;
using RolloverD.Core.Ports;
using RolloverD.Store;
using Xunit;

namespace RolloverD.Tests.Store;

public sealed class SqliteStoreTests : StoreConformance, IDisposable
{
    private readonly StateDirectory _state = new();
    private readonly StateDirectory _after = new();
    private readonly ConcurrentBag<SqliteStore> _opened = [];

    private string Database => _state["rolloverd.db"];

    public void Dispose()
    {
        CloseAll();
        _state.Dispose();
        _after.Dispose();
    }

    [Fact]
    public void The_database_and_its_log_are_private()
    {
        SqliteStore store = OpenSqlite();
        store.Commit([Document("a", 0, "x")], []);
        string[] files = Directory.GetFiles(_state.Path);
        Assert.Contains(_state["rolloverd.db-wal"], files);
        foreach (string file in files)
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void Commits_are_synced_and_logged_ahead()
    {
        OpenSqlite().Commit([Document("a", 0, "x")], []);
        Assert.Equal("wal", Ask("PRAGMA journal_mode"));
        Assert.Equal(2L, OpenSqlite().Ask("PRAGMA synchronous"));
        Assert.Equal(1L, OpenSqlite().Ask("PRAGMA foreign_keys"));
        Assert.Equal((long)SqliteSchema.Current, Ask("PRAGMA user_version"));
    }

    [Fact]
    public async Task Processes_that_open_a_new_store_at_the_same_time_make_its_tables_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => OpenSqlite().LoadAll())));
        Assert.Equal((long)SqliteSchema.Current, Ask("PRAGMA user_version"));
    }

    [Fact]
    public void A_store_made_by_a_newer_version_is_left_as_it_is()
    {
        OpenSqlite().Ask("PRAGMA user_version = 999");
        CloseAll();
        byte[] before = File.ReadAllBytes(Database);
        StoreException refused = Assert.Throws<StoreException>(OpenSqlite);
        Assert.Contains("made by a newer rolloverd (schema 999", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Database));
    }

    [Fact]
    public void A_file_that_is_no_database_is_left_as_it_is()
    {
        byte[] garbage = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("not a database. ", 500)));
        File.WriteAllBytes(Database, garbage);
        StoreException refused = Assert.Throws<StoreException>(OpenSqlite);
        Assert.Contains($"{Database} is damaged or is not a database", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("backup", refused.Remedy, StringComparison.Ordinal);
        Assert.Equal(garbage, File.ReadAllBytes(Database));
    }

    [Fact]
    public void A_database_with_damaged_pages_is_said_and_left_as_it_is()
    {
        OpenSqlite().Commit([.. Enumerable.Range(0, 200).Select(i => Document($"{i}", 0, new('x', 500)))], []);
        CloseAll();
        byte[] damaged = File.ReadAllBytes(Database);
        damaged.AsSpan(4096).Fill(0xff);
        File.WriteAllBytes(Database, damaged);
        StoreException refused = Assert.Throws<StoreException>(() => OpenSqlite().LoadAll());
        Assert.Contains("is damaged", refused.Reason, StringComparison.Ordinal);
        CloseAll();
        Assert.Equal(damaged, File.ReadAllBytes(Database));
    }

    [Fact]
    public void A_full_disk_is_said_and_nothing_is_half_committed()
    {
        SqliteStore store = OpenSqlite();
        Assert.True(store.Commit([Document("a", 0, "kept")], []));
        store.Ask("PRAGMA max_page_count = 12");
        StoreException full = Assert.Throws<StoreException>(() =>
            store.Commit([Document("a", 1, "lost"), Document("b", 0, new('x', 100_000))], [Entry("lost")]));
        Assert.Contains("file system is full", full.Reason, StringComparison.Ordinal);
        Assert.Contains("Make room", full.Remedy, StringComparison.Ordinal);
        Assert.Equal([Document("a", 1, "kept")], store.LoadAll());
        Assert.Empty(store.Journal("mx1", 9));
        Assert.True(store.Commit([Document("a", 1, "goes on")], []));
    }

    [Fact]
    public void A_file_system_that_fills_up_is_said_and_the_store_goes_on_when_there_is_room()
    {
        _state.MountSmall(kilobytes: 512);
        SqliteStore store = OpenSqlite();
        Assert.True(store.Commit([Document("a", 0, "kept")], []));
        StoreException full = Assert.Throws<StoreException>(() =>
            store.Commit([Document("a", 1, new('x', 2_000_000))], []));
        Assert.Contains("file system is full", full.Reason, StringComparison.Ordinal);
        Assert.Equal([Document("a", 1, "kept")], store.LoadAll());
        Assert.True(store.Commit([Document("a", 1, "goes on")], []));
        Assert.Equal([Document("a", 2, "goes on")], OpenSqlite().LoadAll());
    }

    [Fact]
    public void A_read_only_state_directory_is_said()
    {
        if (Environment.IsPrivilegedProcess)
            _state.MountSmall(kilobytes: 512);
        OpenSqlite().Commit([Document("a", 0, "x")], []);
        CloseAll();
        _state.MakeReadOnly();
        StoreException refused = Assert.Throws<StoreException>(() => OpenSqlite().LoadAll());
        Assert.Contains(Database, refused.Reason, StringComparison.Ordinal);
        Assert.Contains("must be writable", refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void What_root_makes_belongs_to_the_owner_of_the_state_directory()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give files away");
        Assert.Equal(0, StateDirectory.Run("chown", "65534:65534", _state.Path));
        OpenSqlite().Commit([Document("a", 0, "x")], []);
        DaemonLock.TryTake(_state.Path)!.Dispose();
        string[] files = Directory.GetFiles(_state.Path);
        Assert.Equal(4, files.Length);
        foreach (string file in files)
            Assert.Equal((65534u, 65534u), Posix.OwnerOf(file));
    }

    protected override IStore Open() => OpenSqlite();

    // Every commit is synced before it returns: the files as they are, nothing closed, the log not written back.
    protected override IStore OpenAfterPowerLoss()
    {
        foreach (string file in Directory.GetFiles(_state.Path))
            File.Copy(file, _after[Path.GetFileName(file)]);
        SqliteStore store = SqliteStore.Open(_after.Path);
        _opened.Add(store);
        return store;
    }

    private SqliteStore OpenSqlite()
    {
        SqliteStore store = SqliteStore.Open(_state.Path);
        _opened.Add(store);
        return store;
    }

    private void CloseAll()
    {
        while (_opened.TryTake(out SqliteStore? store))
            store.Dispose();
    }

    private object? Ask(string statement) => OpenSqlite().Ask(statement);
}

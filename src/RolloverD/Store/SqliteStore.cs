using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Data.Sqlite;
using RolloverD.Core.Ports;

namespace RolloverD.Store;

/// <summary>
/// The store in <c>rolloverd.db</c> in the state directory: SQLite with a write-ahead log that is synced at every
/// commit, so that what was committed survives a loss of power. Any number of processes may have it open.
/// </summary>
/// <remarks>The file is 0600: it holds the issuers' account keys.</remarks>
public sealed class SqliteStore : IStore, IDisposable
{
    /// <summary>How long a call waits for another process to finish writing.</summary>
    internal static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly Lock _alone = new();
    private readonly SqliteConnection _connection;
    private readonly string _path;

    private SqliteStore(SqliteConnection connection, string path)
    {
        _connection = connection;
        _path = path;
    }

    /// <summary>Opens the store, makes it when it is missing, and brings its tables up to date.</summary>
    /// <param name="stateDirectory">Made, 0700, when it is missing.</param>
    /// <exception cref="StoreException">
    /// It cannot be opened, is damaged, or was made by a newer version; the file is left as it is.
    /// </exception>
    public static SqliteStore Open(string stateDirectory)
    {
        string root = Path.GetFullPath(stateDirectory);
        string path = Path.Combine(root, "rolloverd.db");
        DurableFiles files = new(root);
        files.EnsureRoot();
        // Made here and not by SQLite, so that it is private from the first moment; -wal and -shm take the mode over.
        files.EnsureFile(path);
        SqliteConnection connection = new(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = (int)LongestWait.TotalSeconds,
            ForeignKeys = true,
        }.ToString());
        SqliteStore store = new(connection, path);
        try
        {
            store.Prepare();
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    public ImmutableArray<StoredDocument> LoadAll() => Run(() =>
    {
        using SqliteCommand command = Command(
            "SELECT kind, name, version, body FROM document WHERE body IS NOT NULL ORDER BY kind, name");
        return Rows(command, r => new StoredDocument(r.GetString(0), r.GetString(1), r.GetInt64(2), r.GetString(3)));
    });

    public bool Commit(IReadOnlyList<StoredDocument> documents, IReadOnlyList<JournalEntry> journal) => Run(() =>
    {
        using SqliteTransaction transaction = _connection.BeginTransaction(deferred: false);
        foreach (StoredDocument document in documents)
        {
            // Disposing of the transaction takes back what was written for the documents before.
            if (!Put(document, transaction))
                return false;
        }

        foreach (JournalEntry entry in journal)
            Add(entry, transaction);
        transaction.Commit();
        return true;
    });

    public ImmutableArray<JournalEntry> Journal(string certificate, int most) => Run<ImmutableArray<JournalEntry>>(() =>
    {
        using SqliteCommand command = Command(
            """
            SELECT id, at, certificate, generation, event, text FROM journal
            WHERE certificate = $certificate ORDER BY id DESC LIMIT $most
            """,
            ("$certificate", certificate), ("$most", Math.Max(0, most)));
        ImmutableArray<JournalEntry> latest = Rows(command, r => new JournalEntry(
            r.GetInt64(0),
            DateTimeOffset.Parse(r.GetString(1), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind),
            r.GetString(2),
            r.IsDBNull(3) ? null : r.GetInt32(3),
            r.GetString(4),
            r.GetString(5)));
        return [.. latest.Reverse()];
    });

    public bool TryLease(string name, string holder, DateTimeOffset now, DateTimeOffset until) => Run(() =>
    {
        using SqliteCommand command = Command(
            """
            INSERT INTO lease (name, holder, until) VALUES ($name, $holder, $until)
            ON CONFLICT (name) DO UPDATE SET holder = $holder, until = $until
            WHERE lease.holder = $holder OR lease.until <= $now
            """,
            ("$name", name), ("$holder", holder), ("$until", Text(until)), ("$now", Text(now)));
        return command.ExecuteNonQuery() == 1;
    });

    public void Release(string name, string holder) => Run(() =>
    {
        using SqliteCommand command = Command(
            "DELETE FROM lease WHERE name = $name AND holder = $holder", ("$name", name), ("$holder", holder));
        return command.ExecuteNonQuery();
    });

    public string? LeaseHolder(string name, DateTimeOffset now) => Run(() =>
    {
        using SqliteCommand command = Command(
            "SELECT holder FROM lease WHERE name = $name AND until > $now", ("$name", name), ("$now", Text(now)));
        return command.ExecuteScalar() as string;
    });

    public IIssuerNotebook Notebook(string issuer, string certificate, int generation) =>
        new SqliteNotebook(this, issuer, certificate, generation);

    public void Dispose()
    {
        lock (_alone)
            _connection.Dispose();
    }

    /// <summary>The value that an issuer keeps under a key, or null.</summary>
    internal string? ReadNote(string issuer, string key) => Run(() =>
    {
        using SqliteCommand command = Command(
            "SELECT value FROM notebook WHERE issuer = $issuer AND key = $key", ("$issuer", issuer), ("$key", key));
        return command.ExecuteScalar() as string;
    });

    /// <summary>Keeps a value under a key; null forgets it.</summary>
    internal void WriteNote(string issuer, string key, string? value) => Run(() =>
    {
        using SqliteCommand command = value is null
            ? Command("DELETE FROM notebook WHERE issuer = $issuer AND key = $key", ("$issuer", issuer), ("$key", key))
            : Command(
                """
                INSERT INTO notebook (issuer, key, value) VALUES ($issuer, $key, $value)
                ON CONFLICT (issuer, key) DO UPDATE SET value = $value
                """,
                ("$issuer", issuer), ("$key", key), ("$value", value));
        return command.ExecuteNonQuery();
    });

    /// <summary>Runs a statement on this connection, for tests that look inside or bring about a fault.</summary>
    internal object? Ask(string statement) => Run(() =>
    {
        using SqliteCommand command = Command(statement);
        return command.ExecuteScalar();
    });

    private void Prepare() => Run(() =>
    {
        _connection.Open();
        using (SqliteCommand wait = Command($"PRAGMA busy_timeout = {LongestWait.TotalMilliseconds}"))
            wait.ExecuteNonQuery();
        // Before anything that writes: a damaged or newer file stays as it is.
        SqliteSchema.RefuseNewer(_connection, _path);
        using (SqliteCommand mode = Command("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"))
            mode.ExecuteNonQuery();
        SqliteSchema.Upgrade(_connection, _path);
        return true;
    });

    private bool Put(StoredDocument document, SqliteTransaction transaction)
    {
        using SqliteCommand command = Command(
            (document.Version, document.IsRemoval) switch
            {
                (0, true) => "SELECT count(*) FROM document WHERE kind = $kind AND name = $name AND body IS NOT NULL",
                (0, false) =>
                    """
                    INSERT INTO document (kind, name, version, body) VALUES ($kind, $name, 1, $body)
                    ON CONFLICT (kind, name) DO UPDATE SET version = version + 1, body = $body WHERE body IS NULL
                    """,
                _ =>
                    """
                    UPDATE document SET version = version + 1, body = $body
                    WHERE kind = $kind AND name = $name AND version = $version AND body IS NOT NULL
                    """,
            },
            ("$kind", document.Kind),
            ("$name", document.Name),
            ("$version", document.Version),
            ("$body", (object?)document.Body ?? DBNull.Value));
        command.Transaction = transaction;
        return document is { Version: 0, IsRemoval: true }
            ? command.ExecuteScalar() is 0L
            : command.ExecuteNonQuery() == 1;
    }

    private void Add(JournalEntry entry, SqliteTransaction transaction)
    {
        using SqliteCommand command = Command(
            """
            INSERT INTO journal (at, certificate, generation, event, text)
            VALUES ($at, $certificate, $generation, $event, $text)
            """,
            ("$at", Text(entry.At)),
            ("$certificate", entry.Certificate),
            ("$generation", (object?)entry.Generation ?? DBNull.Value),
            ("$event", entry.Event),
            ("$text", entry.Text));
        command.Transaction = transaction;
        command.ExecuteNonQuery();
    }

    private T Run<T>(Func<T> action)
    {
        lock (_alone)
        {
            try
            {
                return action();
            }
            catch (SqliteException fault)
            {
                throw fault.Explain(_path);
            }
        }
    }

    private SqliteCommand Command(string statement, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        SqliteCommand command = _connection.CreateCommand();
#pragma warning disable CA2100 // Statements are constants of this program; values are parameters.
        command.CommandText = statement;
#pragma warning restore CA2100
        foreach ((string name, object value) in parameters)
            command.Parameters.AddWithValue(name, value);
        return command;
    }

    private static ImmutableArray<T> Rows<T>(SqliteCommand command, Func<SqliteDataReader, T> read)
    {
        ImmutableArray<T>.Builder rows = ImmutableArray.CreateBuilder<T>();
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
            rows.Add(read(reader));
        return rows.ToImmutable();
    }

    // Always of the same length and in UTC, so that times compare as text.
    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}

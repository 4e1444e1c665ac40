using System.Globalization;
using Microsoft.Data.Sqlite;
using RolloverD.Core.Ports;

namespace RolloverD.Store;

/// <summary>
/// The tables, as the list of changes that lead to them. A database says in <c>user_version</c> how many of them it has
/// had; a change, once released, is never edited, only followed by another.
/// </summary>
internal static class SqliteSchema
{
    private static readonly string[] Changes =
    [
        """
        -- A removed document keeps its row without body, so that its version never returns to one seen before.
        CREATE TABLE document (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            body TEXT,
            PRIMARY KEY (kind, name)) WITHOUT ROWID;
        -- Times everywhere: UTC, 2026-11-24T01:02:03.0000000Z, so that they sort as text.
        CREATE TABLE journal (
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            certificate TEXT NOT NULL,
            generation INTEGER,
            event TEXT NOT NULL,
            text TEXT NOT NULL);
        CREATE INDEX journal_of_certificate ON journal (certificate, id);
        CREATE TABLE lease (
            name TEXT PRIMARY KEY,
            holder TEXT NOT NULL,
            until TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE notebook (
            issuer TEXT NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (issuer, key)) WITHOUT ROWID;
        """,
    ];

    /// <summary>The version that this program makes and knows.</summary>
    public static int Current => Changes.Length;

    /// <summary>Fails on a database that a newer program made; looks only.</summary>
    /// <exception cref="StoreException">The database is newer.</exception>
    public static void RefuseNewer(SqliteConnection connection, string path)
    {
        long version = VersionOf(connection, null);
        if (version <= Current)
            return;
        throw new StoreException(
            $"{path} was made by a newer rolloverd (schema {version}; this one knows {Current}) and was left as it is",
            "Install that version again, or put back the state directory that was saved before the upgrade");
    }

    /// <summary>Makes the changes that the database has not had, each in a transaction of its own.</summary>
    public static void Upgrade(SqliteConnection connection, string path)
    {
        while (VersionOf(connection, null) < Current)
        {
            using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
            // Another process may have made the change in the meantime.
            long version = VersionOf(connection, transaction);
            if (version < Current)
            {
                string next = (version + 1).ToString(CultureInfo.InvariantCulture);
                Run(connection, transaction, $"{Changes[version]} PRAGMA user_version = {next};");
            }

            transaction.Commit();
        }

        RefuseNewer(connection, path);
    }

    private static long VersionOf(SqliteConnection connection, SqliteTransaction? transaction)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }

    private static void Run(SqliteConnection connection, SqliteTransaction transaction, string script)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // No input of anybody's: the scripts above.
        command.CommandText = script;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}

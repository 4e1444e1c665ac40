using Microsoft.Data.Sqlite;
using RolloverD.Core.Ports;

namespace RolloverD.Store;

/// <summary>What SQLite's result codes mean to an operator.</summary>
internal static class SqliteFaults
{
    private const int Denied = 3;
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    /// <summary>The same failure with its path, its meaning and what to do.</summary>
    public static StoreException Explain(this SqliteException fault, string path) => fault.SqliteErrorCode switch
    {
        Full => new(
            $"Could not write {path}: the file system is full; what was there before is unharmed",
            "Make room there; the step is then repeated by itself", fault),
        ReadOnly or CannotOpen or Denied => new(
            $"Could not open {path} for writing as user {Environment.UserName} ({fault.Message})",
            "Run as the user that owns the state directory, or as root; the directory itself must be writable too, " +
            "on a file system that is not mounted read-only",
            fault),
        Corrupt or NotADatabase => new(
            $"{path} is damaged or is not a database of rolloverd ({fault.Message}) and was left as it is",
            "Put it back from a backup, with rolloverd stopped; the keys and certificates below archive/ are not " +
            "affected, so do not remove them",
            fault),
        Busy or Locked => new(
            $"Another process keeps {path} locked for longer than {SqliteStore.LongestWait.TotalSeconds} s",
            "Look for a program that has the file open (fuser shows it), such as a backup or the sqlite3 shell", fault),
        InputOutput => new(
            $"The system could not read or write {path} ({fault.Message})",
            "See the kernel log for errors of the disk or file system", fault),
        _ => new($"{path}: {fault.Message}", "If this stays, please report it: rolloverd made the request", fault),
    };
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using RolloverD.Simulation.World;

namespace RolloverD.Simulation.Report;

/// <summary>What happened in one run, for people: who served, cached and decided what, and when.</summary>
/// <param name="live">Gets every line at once; a run that does not end tells where it is.</param>
internal sealed class History(TextWriter? live = null) : ILogger
{
    private readonly List<string> lines = [];
    private Scene? scene;

    public IReadOnlyList<string> Lines => lines;

    /// <summary>A digest of every line: two runs that differ in anything have different ones.</summary>
    public byte[] Digest() => SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines)));

    public void Note(Scene where, string what)
    {
        scene = where;
        TimeSpan at = where.Now - Scenario.Start;
        string line = string.Create(CultureInfo.InvariantCulture, $"{at:d\\.hh\\:mm\\:ss\\.fff}  {what}");
        lines.Add(line);
        live?.WriteLine(line);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (scene is not null)
            Note(scene, $"  rolloverd: {formatter(state, exception)}");
    }
}

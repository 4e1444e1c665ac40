using System.Collections.Immutable;
using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>Collects all that is wrong, so that the operator hears of everything at once.</summary>
internal sealed class Findings
{
    private readonly List<ConfigurationError> _errors = [];
    private readonly List<ConfigurationWarning> _warnings = [];
    private readonly HashSet<int> _brokenLines = [];

    public bool HasErrors => _errors.Count > 0;

    public ImmutableArray<ConfigurationError> Errors => [.. Sorted(_errors)];

    public ImmutableArray<ConfigurationWarning> Warnings => [.. Sorted(_warnings)];

    /// <summary>
    /// Whether the file is not TOML. Then what seems to be missing may stand in what could not be read, and nothing is
    /// said of it.
    /// </summary>
    public bool FileIsBroken => _brokenLines.Count > 0;

    /// <summary>Something is not TOML. Whatever else that line seems to say is not looked at.</summary>
    public void Broken(Place place, string message, string remedy)
    {
        // The end of a broken line, on which the parser stumbles too, is nothing to report.
        if (_brokenLines.Contains(place.Line - 1) && place.Column == 1)
            return;

        Error(place, KeyPath.Root, message, remedy);
        _brokenLines.Add(place.Line);
    }

    public void Error(Place place, KeyPath key, string message, string remedy)
    {
        if (!_brokenLines.Contains(place.Line))
            _errors.Add(new(place.Source, place.Line, place.Column, key.Text, message, remedy));
    }

    public void Warning(Place place, KeyPath key, string message, string remedy)
    {
        if (!FileIsBroken)
            _warnings.Add(new(place.Source, place.Line, place.Column, key.Text, message, remedy));
    }

    // In the order of the file; variables come last, in the order in which they were found.
    private static IEnumerable<T> Sorted<T>(IEnumerable<T> findings)
        where T : ConfigurationFinding =>
        findings.OrderBy(f => f.Line == 0 ? int.MaxValue : f.Line).ThenBy(f => f.Column);
}

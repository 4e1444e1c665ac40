using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Simulation.World;

/// <summary>
/// A chain that some process of a mail server may show, from the moment it was put where it can be read.
/// </summary>
/// <param name="Number">In the order of exposure.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Leaf">Its leaf.</param>
/// <param name="Ancestors">Its CA certificates.</param>
/// <param name="Origin">Who put it there.</param>
/// <param name="Generation">RolloverD's number for it; null for a stranger's.</param>
/// <param name="ExposedAt">When.</param>
internal sealed record Shown(
    int Number,
    Chain Chain,
    Paper Leaf,
    ImmutableArray<Paper> Ancestors,
    Origin Origin,
    int? Generation,
    DateTimeOffset ExposedAt)
{
    private readonly Dictionary<Endpoint, DateTimeOffset> told = [];
    private readonly Dictionary<Endpoint, DateTimeOffset> brought = [];

    /// <summary>When a handshake with the endpoint first showed it to RolloverD; null: never.</summary>
    public DateTimeOffset? ToldAt(Endpoint endpoint) => told.TryGetValue(endpoint, out DateTimeOffset at) ? at : null;

    /// <summary>A handshake with the endpoint shows it to RolloverD.</summary>
    /// <returns>Whether that is the first.</returns>
    public bool IsMetAt(Endpoint endpoint, DateTimeOffset now) => told.TryAdd(endpoint, now);

    /// <summary>RolloverD ended before it had written down that it met it there.</summary>
    public void IsForgottenAt(Endpoint endpoint) => told.Remove(endpoint);

    /// <summary>
    /// When RolloverD last brought it to an endpoint at which no process showed it: put where it may be read, or had
    /// the mail server read it.
    /// </summary>
    public DateTimeOffset BroughtAt(Endpoint endpoint) =>
        brought.TryGetValue(endpoint, out DateTimeOffset at) && at > ExposedAt ? at : ExposedAt;

    /// <summary>RolloverD brings it there.</summary>
    public void IsBroughtTo(Endpoint endpoint, DateTimeOffset at) => brought[endpoint] = at;

    /// <summary>How far the clock of RolloverD's host was ahead when it was put there.</summary>
    public TimeSpan ClockAhead { get; init; }

    /// <summary>
    /// Editions whose holders failed at an endpoint whatever they met there, when this was put there: by sender.
    /// </summary>
    public HashSet<(string Endpoint, int Edition, int Sender)> Hopeless { get; } = [];

    /// <summary>What else was shown at an endpoint when this was put there.</summary>
    public Dictionary<Endpoint, ImmutableArray<Shown>> Beside { get; } = [];

    public bool Equals(Shown? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Number;

    public override string ToString() =>
        $"chain {Number} ({(Generation is { } g ? $"generation {g}" : Origin.ToString())}, "
        + $"key {Short.Of(Leaf.Data(1, 1)!)}, certificate {Short.Of(Leaf.Data(0, 1)!)})";
}

using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Engine;

/// <summary>What the engine tells whoever watches it at work, as it happens. Nothing depends on it.</summary>
/// <param name="Certificate">The certificate's name.</param>
/// <param name="At">When.</param>
internal abstract record Sighting(string Certificate, DateTimeOffset At)
{
    /// <summary>The world was looked at and something decided: a step, or what to wait for.</summary>
    public sealed record Decided(
        DesiredCertificate Desired, Facts Facts, Observation Observation, Plan Plan, DateTimeOffset At)
        : Sighting(Desired.Name, At);

    /// <summary>Nothing could be decided, because the state directory cannot be used; it is tried again.</summary>
    public sealed record Stopped(string Name, StoreException Why, DateTimeOffset At) : Sighting(Name, At);

    /// <summary>A step was begun.</summary>
    public sealed record Begun(Step Step, DateTimeOffset At) : Sighting(Step.Certificate, At);

    /// <summary>A step ended, well or not.</summary>
    public sealed record Ended(Step Step, Facts Facts, DateTimeOffset At) : Sighting(Step.Certificate, At);
}

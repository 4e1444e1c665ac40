using System.Collections.Immutable;

namespace RolloverD.Commands.Watching;

/// <summary>What a person sees who watches the engine at work: for each certificate what was, is and comes.</summary>
internal sealed record Timeline(DateTimeOffset Now, ImmutableArray<Lane> Lanes);

/// <summary>One certificate.</summary>
/// <param name="Certificate">Its name.</param>
/// <param name="Phase">In words; "not looked at yet" before the first look.</param>
/// <param name="Steady">Whether nothing is to be done.</param>
/// <param name="Past">What was done and seen, oldest first.</param>
/// <param name="Doing">The step that is being taken.</param>
/// <param name="Holds">What is waited for.</param>
/// <param name="Coming">The steps that are foreseen.</param>
internal sealed record Lane(
    string Certificate,
    string Phase,
    bool Steady,
    ImmutableArray<PastEvent> Past,
    StepUnderWay? Doing,
    ImmutableArray<HoldReport> Holds,
    ImmutableArray<PlannedStep> Coming);

/// <summary>Something that happened.</summary>
/// <param name="At">When.</param>
/// <param name="Failed">Whether it is a step that failed.</param>
/// <param name="Text">In one sentence.</param>
internal sealed record PastEvent(DateTimeOffset At, bool Failed, string Text);

/// <summary>A step that was begun.</summary>
internal sealed record StepUnderWay(string Does, string Reason, DateTimeOffset Since);

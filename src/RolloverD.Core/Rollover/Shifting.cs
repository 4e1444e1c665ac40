using System.Collections.Immutable;

namespace RolloverD.Core.Rollover;

/// <summary>Moves facts along when the wall clock was set.</summary>
public static class Shifting
{
    /// <summary>
    /// The facts with every time in them moved, so that as much time has passed since each, and is left until each, as
    /// before the clock was set. Certificates keep their times: those are what the issuer wrote and everybody reads.
    /// </summary>
    /// <param name="facts">The facts, by the clock as it was.</param>
    /// <param name="by">How far the clock was set forward; negative when it was set back.</param>
    public static Facts Shift(this Facts facts, TimeSpan by) => by == TimeSpan.Zero
        ? facts
        : new(
            facts.Certificates.ToImmutableDictionary(c => c.Key, c => c.Value.Shift(by)),
            facts.Owners.ToImmutableDictionary(o => o.Key, o => o.Value.Shift(by)),
            facts.Endpoints.ToImmutableDictionary(e => e.Key, e => e.Value.Shift(by)));

    private static CertificateFacts Shift(this CertificateFacts known, TimeSpan by) => known with
    {
        Generations =
        [
            .. known.Generations.Select(g => g with
            {
                KeyCreatedAt = g.KeyCreatedAt + by,
                State = g.State.Shift(by),
            }),
        ],
        Request = known.Request is { } request ? request with { At = request.At + by } : null,
        Abort = known.Abort is { } abort ? abort with { At = abort.At + by, Until = abort.Until + by } : null,
        Setbacks =
        [
            .. known.Setbacks.Select(s => s with
            {
                FirstAt = s.FirstAt + by,
                LastAt = s.LastAt + by,
                RetryAt = s.RetryAt + by,
            }),
        ],
        Holds = [.. known.Holds.Select(h => h with { Since = h.Since + by, Until = h.Until + by })],
    };

    private static EndpointFacts Shift(this EndpointFacts seen, TimeSpan by) => seen with
    {
        CompleteAt = seen.CompleteAt + by,
        Adopted = [.. seen.Adopted.Select(a => a with { ShownAt = a.ShownAt + by })],
        TakenOverAt = seen.TakenOverAt + by,
        Lingering = [.. seen.Lingering.Select(l => l with { GoneAt = l.GoneAt + by, MetAt = l.MetAt + by })],
        Met = [.. seen.Met.Select(m => m with { At = m.At + by })],
        LookedAt = seen.LookedAt + by,
        Former = [.. seen.Former.Select(f => f with { Until = f.Until + by })],
        Addresses =
        [
            .. seen.Addresses.Select(a => a with { LeftAt = a.LeftAt + by, BrokenSince = a.BrokenSince + by }),
        ],
    };

    private static OwnerLedger Shift(this OwnerLedger ledger, TimeSpan by) => ledger with
    {
        Sets = [.. ledger.Sets.Select(s => s with { Since = s.Since + by, State = s.State.Shift(by) })],
        Servers = [.. ledger.Servers.Select(s => s with { LeftAt = s.LeftAt + by })],
    };

    private static GenerationState Shift(this GenerationState state, TimeSpan by) => state switch
    {
        GenerationState.Standby => state,
        GenerationState.Preparing s => s with { Since = s.Since + by },
        GenerationState.Issued s => s with { At = s.At + by },
        GenerationState.Deploying s => s with
        {
            IntendedAt = s.IntendedAt + by,
            ReloadedAt = s.ReloadedAt + by,
            IssuedAt = s.IssuedAt + by,
        },
        GenerationState.Live s => s with { VerifiedAt = s.VerifiedAt + by },
        GenerationState.Superseded s => s with { At = s.At + by },
        GenerationState.Archived s => s with { At = s.At + by },
        _ => throw new InvalidOperationException($"unknown state {state.Word}"),
    };

    private static SetState Shift(this SetState state, TimeSpan by) => state switch
    {
        SetState.Intended s => s with { AppliedAt = s.AppliedAt + by },
        SetState.Seen => state,
        SetState.Gone s => s with { LastServed = s.LastServed + by, SuccessorSince = s.SuccessorSince + by },
        _ => throw new InvalidOperationException($"unknown state {state}"),
    };
}

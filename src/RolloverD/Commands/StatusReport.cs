using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Engine;

namespace RolloverD.Commands;

/// <summary>
/// The one description of what is going on; <c>status --json</c> prints it and everything else renders it.
/// </summary>
internal sealed record StatusReport(
    DateTimeOffset Now, string StateDirectory, bool DaemonRuns, ImmutableArray<CertificateReport> Certificates,
    ImmutableArray<HoldReport> Holds);

internal sealed record CertificateReport(
    string Name,
    string Phase,
    string KeyPolicy,
    ImmutableArray<string> Names,
    ImmutableArray<GenerationReport> Generations,
    ImmutableArray<HoldReport> Holds,
    ImmutableArray<OwnerReport> Owners,
    ImmutableArray<EndpointReport> Endpoints,
    string? Request,
    DateTimeOffset? RenewalDue,
    DateTimeOffset? LookedAt,
    DateTimeOffset? OverdueSince);

internal sealed record GenerationReport(
    int Number, string State, string Key, DateTimeOffset KeyCreatedAt, string? Subject, DateTimeOffset? NotAfter);

internal sealed record OwnerReport(
    string Owner, bool Settled, ImmutableArray<string> Published, ImmutableArray<VisibleReport> Visible);

internal sealed record VisibleReport(
    ImmutableArray<string> Records, double TtlSeconds, DateTimeOffset Since, DateTimeOffset? Until);

internal sealed record EndpointReport(
    string Endpoint, ImmutableArray<string> Serves, DateTimeOffset? SeenAt, string? Problem);

/// <summary>Makes the description from configuration and facts.</summary>
internal static class StatusReports
{
    /// <summary>A step may take so long, and the next look comes after it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="world">The configuration and the clock.</param>
    /// <param name="facts">What is stored.</param>
    /// <param name="daemonRuns">Whether a daemon is at work.</param>
    /// <param name="only">This certificate alone; null for all.</param>
    /// <param name="room">How many bytes may still be written to the state directory.</param>
    public static StatusReport Of(World world, Facts facts, bool daemonRuns, string? only, long room)
    {
        DateTimeOffset now = world.Time.GetUtcNow();
        return new(
            now, world.Desired.StateDirectory, daemonRuns,
            [
                .. world.Desired.Certificates.Values
                    .Where(c => only is null || c.Name == only)
                    .Select(c => Of(world.Desired, facts, c, now)),
            ],
            StateHold.Find(
                world.Desired.StateDirectory, room,
                facts.Endpoints.Values.Max(e => e.LookedAt) ?? now) is { } full ? [HoldReport.Of(full, now)] : []);
    }

    private static CertificateReport Of(
        Desired desired, Facts facts, DesiredCertificate certificate, DateTimeOffset now)
    {
        CertificateFacts known = facts.Certificate(certificate.Name);
        DateTimeOffset? looked = certificate.Endpoints.Max(e => facts.EndpointOf(e).LookedAt);
        DateTimeOffset? due = DueAfter(looked, known, desired.Timing);
        string[] owners = [.. certificate.Endpoints.Select(e => facts.EndpointOf(e).Owner).Distinct()];
        return new(
            certificate.Name,
            Phases.PhaseOf(desired, facts, certificate, now).Word(),
            certificate.KeyPolicy.ToString().ToLowerInvariant(),
            certificate.Names,
            [
                .. known.Generations.Select(g => new GenerationReport(
                    g.Number, g.State.Word, g.Key.Sha256, g.KeyCreatedAt, g.Chain?.Leaf.Subject, g.Chain?.NotAfter)),
            ],
            [
                .. known.Holds.Select(h => HoldReport.Of(h, now)),
            ],
            [.. owners.Select(o => Of(desired, facts.Owner(o), now))],
            [
                .. certificate.Endpoints.Select(facts.EndpointOf).Select(e => new EndpointReport(
                    e.Endpoint.ToString(), [.. e.Seen.Select(c => c.Leaf.ToString())], e.CompleteAt, e.Problem)),
            ],
            known.Request is { } r
                ? $"{(r.Emergency ? "emergency roll" : "roll")} with {(r.NewKey ? "a new" : "the same")} key, "
                    + $"asked for at {When.OfDate(r.At)}"
                : null,
            known.Current?.Chain is { } chain ? RenewalTime.Of(certificate, chain) : null,
            looked,
            due is { } time && time + Patience < now ? time : null);
    }

    // When the look after the last one should have come: recomputed from what is known, as everything that is due.
    private static DateTimeOffset? DueAfter(DateTimeOffset? looked, CertificateFacts known, Timing timing) =>
        looked is not { } at
            ? null
            : known.Holds.Select(h => h.Until).OfType<DateTimeOffset>().Where(u => u > at)
                .Append(at + Planner.RoutineInterval(timing))
                .Min();

    private static OwnerReport Of(Desired desired, OwnerLedger ledger, DateTimeOffset now) => new(
        ledger.Owner,
        ledger.IsSettled,
        [.. (ledger.Latest ?? RecordSet.Absent).Records.Select(r => r.ToString())],
        [
            .. ledger.VisibleAt(now, desired.Timing.SafetyMargin).Select(s => new VisibleReport(
                [.. s.Records.Records.Select(r => r.ToString())],
                s.Records.Ttl.TotalSeconds,
                s.Since,
                ledger.VisibleUntil(s, desired.Timing.SafetyMargin))),
        ]);
}

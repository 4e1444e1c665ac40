using Microsoft.Extensions.Logging.Abstractions;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Engine;

namespace RolloverD.Commands;

/// <summary>When an emergency roll can have come how far, at the earliest, and what it waits for first.</summary>
internal sealed record ArrivalReport(
    DateTimeOffset? InService, DateTimeOffset? Withdrawn, DateTimeOffset? OutOfCaches, string? WaitsFor)
{
    /// <summary>Looks at the world and foresees the roll that was just asked for.</summary>
    /// <param name="world">The world.</param>
    /// <param name="certificate">The certificate.</param>
    /// <param name="former">The generation whose key is compromised; null before the first.</param>
    /// <param name="cancellation">Ends the look.</param>
    public static async Task<ArrivalReport> ForeseeAsync(
        World world, DesiredCertificate certificate, int? former, CancellationToken cancellation)
    {
        Foresight foresight = await new Tick(world, NullLogger.Instance).ForeseeAsync(certificate, cancellation);
        var arrival = Arrival.Of(foresight.Steps, former);
        return new(
            arrival.InService,
            arrival.Withdrawn,
            arrival.Over,
            foresight.Plan.Holds is [var hold, ..] ? $"{hold.Reason}; {hold.Remedy}" : null);
    }

    /// <summary>In words; earliest times are no promises, and it says so.</summary>
    public void Tell(Page page, DateTimeOffset now)
    {
        if (InService is not { } inService)
        {
            page.Say(
                "  ",
                $"when the new key can be in service cannot be foreseen: {WaitsFor ?? "no step follows"}",
                Tone.Bad);
            return;
        }

        page.Say("  ", $"the new key can be in service at {When.AtAndIn(inService, now)} at the earliest");
        if (inService > now + TimeSpan.FromMinutes(1))
            page.Say("  ", "until then caches hold records that do not name it: no way is faster and refuses no mail");
        if (Withdrawn is { } withdrawn)
            page.Say("  ", $"the records of the former key leave the zone at {When.AtAndIn(withdrawn, now)}");
        if (OutOfCaches is { } gone)
            page.Say("  ", $"no cache holds one any more from {When.AtAndIn(gone, now)}");
        page.Say("  ", "a server that lags, or an issuer that is slow, makes it later");
    }
}

using System.Collections.Immutable;

namespace RolloverD.Core.Rollover;

/// <summary>When a rollover that is foreseen will have come how far: earliest times.</summary>
/// <param name="InService">When the new chain can be served; null when that cannot be foreseen.</param>
/// <param name="Withdrawn">When the former key's records leave the zone; null when none does.</param>
/// <param name="Over">When no cache can hold a record of the former key any more; null when it stays.</param>
public sealed record Arrival(DateTimeOffset? InService, DateTimeOffset? Withdrawn, DateTimeOffset? Over)
{
    /// <summary>What the coming steps mean for the generation that is in service now.</summary>
    /// <param name="steps">The forecast.</param>
    /// <param name="former">The generation that is to be replaced; null before the first.</param>
    public static Arrival Of(ImmutableArray<ForecastStep> steps, int? former)
    {
        DateTimeOffset? inService = steps.FirstOrDefault(s => s.Step is Step.Deploy d && d.Generation != former)?.At;
        ForecastStep? archive = steps.FirstOrDefault(s => s.Step is Step.Archive a && a.Generation == former);
        return new(
            inService,
            steps.FirstOrDefault(s => s.Step is Step.Withdraw && s.At >= inService)?.At,
            archive?.At);
    }
}

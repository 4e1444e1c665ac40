using System.Collections.Immutable;
using RolloverD.Core.Policy.Rules;

namespace RolloverD.Core.Policy;

/// <summary>
/// Everything that must hold between the values of a configuration, one concern each. The rules look at each value for
/// itself, so that all that is wrong is found at once, also in a configuration of which parts could not be read.
/// </summary>
public static class PolicyRules
{
    private static readonly ImmutableArray<Func<Desired, IEnumerable<PolicyFinding>>> All =
    [
        CertificateNaming.Check,
        CertifiedNames.Check,
        EndpointHosts.Check,
        KnownIssuers.Check,
        ConfiguredZones.Check,
        UsableParameters.Check,
        KeyPolicyParameters.Check,
        FittingTimes.Check,
        RecordCount.Check,
        SharedEndpoints.Check,
    ];

    /// <summary>What the rules find, in the order of the rules and then of the certificates.</summary>
    public static ImmutableArray<PolicyFinding> Check(Desired desired) => [.. All.SelectMany(rule => rule(desired))];
}

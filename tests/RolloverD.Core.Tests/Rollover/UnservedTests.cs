using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>An endpoint that does not show the chain in service is named, though no sender is refused there.</summary>
public class UnservedTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly Endpoint Submissions = new("mx1.example.net", 465);
    private static readonly DesiredCertificate Mx1 = Some.Certificate with { Endpoints = [Some.Mx, Submissions] };
    private static readonly PublicKey Key = Some.Key(1);
    private static readonly Chain Chain = Some.Chain(Key), Other = Some.Chain(Key, from: Some.Start.AddDays(-90));
    private static readonly Facts Facts = Given.Steady(Mx1, Key);

    [Fact]
    public void Where_another_chain_is_shown_says_the_address_the_chain_and_what_to_do()
    {
        Hold hold = Assert.Single(Decide(Now, Other).Holds);
        Assert.Equal((Gate.Verification, Submissions.ToString()), (hold.Gate, hold.Subject));
        Assert.Contains($"at 192.0.2.25 shows {Other.Leaf}", hold.Reason, StringComparison.Ordinal);
        Assert.Contains("live/mx1 for mx1.example.net", hold.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Beside_a_chain_of_another_kind_of_key_it_is_shown()
    {
        Assert.Empty(Decide(Now, Chain).Holds);
        Assert.Empty(Decide(Now, Other, Chain).Holds);
    }

    [Fact]
    public void An_old_process_may_show_the_chain_before_for_a_while() =>
        Assert.Empty(Decide(Some.Start.AddSeconds(1), Other).Holds);

    private static Plan Decide(DateTimeOffset now, params Chain[] shown)
    {
        Observation seen = Look.Well(Facts, Mx1, now, Chain);
        seen = seen with
        {
            Endpoints = seen.Endpoints.SetItem(Submissions, Look.Shows(Submissions, now, [.. shown])),
        };
        return Planner.Next(Some.Desired(Mx1), Facts.Observe(Mx1, seen), seen, "mx1", now);
    }
}

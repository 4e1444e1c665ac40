using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>What people are told of where a certificate stands.</summary>
public class PhaseTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly PublicKey Key = Some.Key(1);
    private static readonly DesiredCertificate Rotate = Some.Certificate with { KeyPolicy = KeyPolicy.Rotate };
    private static readonly Facts Steady = Given.Steady(Rotate, Key);

    [Fact]
    public void Steady_is_a_live_chain_whose_record_every_server_serves() =>
        Assert.Equal(Phase.Steady, PhaseOf(Steady, Rotate));

    [Fact]
    public void A_live_chain_without_its_first_record_is_not_steady() =>
        Assert.Equal(Phase.Publishing, PhaseOf(Steady.With(Given.Ledger(RecordSet.Absent)), Rotate));

    [Fact]
    public void A_record_that_somebody_removed_is_missed()
    {
        var other = new RecordSet([Some.Record("3 1 1", Some.Key(9))], Some.Ttl);
        Assert.Equal(Phase.Publishing, PhaseOf(Steady.With(Given.Foreign(other)), Rotate));
    }

    [Fact]
    public void Under_standby_the_next_key_must_be_there_and_published()
    {
        DesiredCertificate standby = Some.Certificate with { KeyPolicy = KeyPolicy.Standby };
        Generation next = Given.In(2, Some.Key(2), new GenerationState.Standby());
        Facts unpublished = Steady.With(Steady.Certificate("mx1").With(next));

        Assert.Equal(Phase.Publishing, PhaseOf(Steady, standby));
        Assert.Equal(Phase.Publishing, PhaseOf(unpublished, standby));
        Assert.Equal(Phase.Steady, PhaseOf(Given.Steady(standby, Key, next), standby));
    }

    [Fact]
    public void A_roll_that_was_asked_for_is_not_steady() =>
        Assert.Equal(Phase.Publishing, PhaseOf(Steady.Asked(), Rotate));

    private static Phase PhaseOf(Facts facts, DesiredCertificate certificate) =>
        Phases.PhaseOf(Some.Desired(certificate), facts, certificate, Now);
}

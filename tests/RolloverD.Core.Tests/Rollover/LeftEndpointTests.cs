using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// An endpoint that was taken out is met until its records are withdrawn, also after an answer was lost.
/// </summary>
public class LeftEndpointTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);
    private static readonly Endpoint Left = new("old.example.net", 25);
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Old = Some.Chain(Key), New = Some.Chain(NextKey);
    private static readonly TlsaRecord OfOld = Some.Record("3 1 1", Key), OfNew = Some.Record("3 1 1", NextKey);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_record_of_what_it_shows_now_goes_last(bool answerWasLost)
    {
        Desired desired = Some.Zoned(Mx1);
        RecordSet both = Some.Set(OfOld, OfNew);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.In(1, Key, new GenerationState.Superseded(Old, Now)),
                Given.Live(2, NextKey, New))],
            [Given.Ledger(Some.Set(OfNew)), Given.Ledger(both, Left.TlsaName)],
            [
                Given.Seen(Some.Mx, New) with { TakenOverAt = Some.Start },
                Given.Seen(Left, Old) with { TakenOverAt = Some.Start }, // it missed a reload
            ]);
        DateTimeOffset time = Now;
        if (answerWasLost)
        {
            Step.Withdraw first = Assert.IsType<Step.Withdraw>(Turn());
            Assert.Equal([OfNew, OfOld], first.Removed);
            facts = facts.Intend(first, time)
                .Complete(first, new StepOutcome.Unknown("timed out", "see to it"), time);
        }

        // It was restarted and shows what live/ holds; the provider is away for an hour, and is asked again and again.
        for (int minute = 1; minute < 60; minute++)
        {
            time = Now.AddMinutes(minute);
            if (Turn(New) is Step.Withdraw tried && answerWasLost)
            {
                facts = facts.Intend(tried, time)
                    .Complete(tried, new StepOutcome.Unknown("timed out", "see to it"), time);
            }
        }

        time = Now.AddMinutes(62);
        Step.Withdraw again = Assert.IsType<Step.Withdraw>(Turn(New));
        Assert.Equal(Left.TlsaName, again.Owner);
        Assert.Equal([OfOld, OfNew], again.Removed);

        Step? Turn(Chain? shown = null)
        {
            Observation seen = SeenBy(shown ?? Old);
            return Planner.Next(desired, facts, seen, "mx1", time).Next;
        }

        // As the engine's observer looks: it meets those of the left endpoints that EndpointsAt names.
        Observation SeenBy(Chain shown)
        {
            Observation seen = Look.Well(facts, Mx1, time, New);
            ImmutableArray<string> orphans = Orphans.LookedAfterBy(desired, facts, "mx1");
            ImmutableArray<Endpoint> left = Orphans.EndpointsAt(desired, facts, orphans);
            OwnerObservation round = Look.At(time, Look.Serves(both)) with
            {
                Name = Left.TlsaName,
                Owner = Left.TlsaName,
            };
            seen = seen with { Owners = seen.Owners.SetItem(Left.TlsaName, round), Others = left };
            foreach (Endpoint endpoint in left)
                seen = seen with { Endpoints = seen.Endpoints.SetItem(endpoint, Look.Shows(endpoint, time, shown)) };
            facts = facts.Observe(Mx1, seen, desired.Timing);
            return seen;
        }
    }
}

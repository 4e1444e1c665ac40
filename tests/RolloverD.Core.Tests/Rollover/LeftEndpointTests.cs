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

    // A provider that takes one record a request leaves the other alone for a moment, and no order is good for both.
    [Fact]
    public void Records_of_two_chains_stay_while_it_was_not_met_since_the_later_one_went_in()
    {
        DateTimeOffset verified = Now.AddHours(-2);
        EndpointObservation shows = Look.Shows(Left, Now, Old); // it missed the reload
        Assert.Equal([OfNew, OfOld], Assert.IsType<Step.Withdraw>(Turn(Now, shows).Next).Removed);

        Plan plan = Turn(Now, Unreachable());
        Assert.Null(plan.Next);
        Hold hold = Assert.Single(plan.Holds);
        Assert.Equal((Gate.Verification, Left.ToString(), verified.AddDays(1)), (hold.Gate, hold.Subject, hold.Until));
        Assert.Contains("generation 2", hold.Reason, StringComparison.Ordinal);
        Assert.Contains("no answer in time", hold.Reason, StringComparison.Ordinal);
        Assert.Contains("delete its TLSA records", hold.Remedy, StringComparison.Ordinal);
        Assert.IsType<Step.Withdraw>(Turn(verified.AddDays(1), Unreachable()).Next);

        // Where both chains bear the same key, or one record only is there, any order is good.
        Assert.IsType<Step.Withdraw>(Turn(Now, Unreachable(), Some.Set(OfOld)).Next);
        Assert.IsType<Step.Withdraw>(
            Turn(Now, Unreachable(), Some.Set(OfOld, Some.Record("3 1 2", Key)), Some.Chain(Key, from: Now)).Next);

        Plan Turn(DateTimeOffset time, EndpointObservation met, RecordSet? records = null, Chain? later = null)
        {
            Chain live = later ?? New;
            RecordSet held = records ?? Some.Set(OfOld, OfNew);
            Facts facts = Given.Facts(
                [Given.Certificate("mx1", Given.In(2, live.Key, new GenerationState.Live(live, verified)))],
                [
                    Given.Ledger(Some.Set(Some.Record("3 1 1", live.Key))),
                    Given.Ledger(held, Left.TlsaName),
                ],
                [
                    Given.Seen(Some.Mx, live) with { TakenOverAt = Some.Start },
                    Given.Seen(Left, Old) with { TakenOverAt = Some.Start },
                ]);
            Desired desired = Some.Zoned(Mx1);
            Observation seen = Look.Well(facts, Mx1, time, live);
            OwnerObservation round = Look.At(time, Look.Serves(held)) with
            {
                Name = Left.TlsaName,
                Owner = Left.TlsaName,
            };
            seen = seen with
            {
                Owners = seen.Owners.SetItem(Left.TlsaName, round),
                Others = [Left],
                Endpoints = seen.Endpoints.SetItem(Left, met),
            };
            return Planner.Next(desired, facts.Observe(Mx1, seen, desired.Timing), seen, "mx1", time);
        }

        EndpointObservation Unreachable() => shows with
        {
            Addresses = [new("192.0.2.99", [new Presented.Unreachable("no answer in time")])],
        };
    }
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>When the next chain goes into service, and how it is verified.</summary>
internal static class Deployment
{
    /// <summary>
    /// Waits until every address shows only the chain that was deployed; repeats the reload, or goes back.
    /// </summary>
    public static Step? Verify(Situation s)
    {
        if (s.Known.Current is not { State: GenerationState.Deploying deploying } current)
            return null;

        string problem = Problem(s, deploying);
        if (deploying.ReloadedAt is not { } reloaded)
        {
            return PuttingBack.WhereBroken(s, current, deploying, problem)
                ?? Swap(s)
                ?? (MakesWay(s) ? null : Finish(s, current, deploying.Chain));
        }

        s.Hold(
            Gate.Verification, $"generation {current.Number}", null,
            $"not every address was seen to serve only generation {current.Number}, "
            + $"{Evidence.CleanRoundsWanted} times in a row: {problem}",
            "nothing when this is brief; otherwise see that the mail server runs, offers TLS, reads live/ and was "
            + $"reloaded; {Outlook(s, current, deploying)}");

        if (deploying.CleanRounds > 0)
            return null;

        // A slow reload takes no patience from the server that it has just reloaded.
        TimeSpan sinceReload = s.Now - reloaded;
        if (sinceReload > LeastReloadTime(s) && PuttingBack.ShowsWrong(s, deploying)
            && PuttingBack.AfterPatience(s, current, deploying, problem) is { } back)
        {
            return back;
        }

        return sinceReload > ReloadAgainAfter(s, reloaded - deploying.IntendedAt)
            && PuttingBack.ShowsWrong(s, deploying) && MayGoOn(s, current, deploying.Chain)
            ? new Step.Deploy(s.Certificate.Name, current.Number, $"the mail server has not taken it on: {problem}")
            : null;
    }

    // What fails with a leaked key must not make the one that takes its place wait for another try.
    private static bool MakesWay(Situation s) =>
        !IsPutBack(s) && s.Known is { Request.Emergency: true, Next: not null } && IsAsFarAsItGets(s);

    /// <summary>
    /// Whether what is being deployed is in service as far as it will be: some address shows it, and what the others do
    /// is not mended by putting an earlier one back. None of them is a reason to let a certificate end on all.
    /// </summary>
    public static bool IsAsFarAsItGets(Situation s)
    {
        if (s.Known.Current is not { State: GenerationState.Deploying deploying } current
            || s.Observation.LiveGeneration != current.Number
            || (!deploying.GoesBack && WasCutShort(s, deploying))
            || s.Now - deploying.IntendedAt <= s.Desired.Timing.VerificationPatience)
        {
            return false;
        }

        AddressObservation[] addresses = [.. s.Rounds.SelectMany(e => e.Addresses)];
        return addresses.Any(a => a.Presented.Any(p => p is Presented.Shows shows
                && shows.Chain.Leaf.Equals(deploying.Chain.Leaf)))
            && (deploying.GoesBack || !PuttingBack.IsDue(s, current, deploying));
    }

    // No reload ended yet, well or badly.
    private static bool WasCutShort(Situation s, GenerationState.Deploying deploying) =>
        deploying.ReloadedAt is null && s.Known.SetbackOf(StepKind.Deploy) is null;

    private static string Outlook(Situation s, Generation current, GenerationState.Deploying deploying)
    {
        DateTimeOffset patienceEnds = deploying.IntendedAt + s.Desired.Timing.VerificationPatience;
        return IsAsFarAsItGets(s) ? "renewals go on meanwhile, and old records stay"
            : PuttingBack.Earlier(s, current) is { } earlier
            ? $"when an address shows something else after {patienceEnds:u}, generation {earlier.Number} is put back"
            : "no generation before it can be put back";
    }

    // A deployment that was begun and not finished: by a crash, or because a mail server was not ready.
    private static Step? Finish(Situation s, Generation current, Chain chain)
    {
        if (NeverWentIn(s, current) && WhyGivenUp(s, current, chain) is { } why)
            return new Step.Archive(s.Certificate.Name, current.Number, why);

        bool goesOn;
        if (s.Observation.LiveGeneration != current.Number)
        {
            // Nobody reads it yet, so it may wait as before its first try; what is put back waits for safety alone.
            goesOn = IsPutBack(s)
                ? MayGoOn(s, current, Safety.OfPuttingIn(s.Desired, s.Facts, s.Certificate, chain, s.Now))
                : IsCovered(s, current, chain) && ServersAreReady(s);
        }
        else if (NotConfigured(s) is { } not)
        {
            s.Hold(Gate.MailServer, "deployment", null, not.Reason, not.Remedy);
            goesOn = false;
        }
        else
        {
            goesOn = MayGoOn(s, current, chain);
        }

        return goesOn
            ? new Step.Deploy(s.Certificate.Name, current.Number, "the deployment was begun and not finished")
            {
                IsFresh = s.Observation.LiveGeneration != current.Number,
            }
            : null;
    }

    private static bool IsPutBack(Situation s) =>
        s.Known.Current?.State is GenerationState.Deploying { GoesBack: true };

    // Some process may have read it already, so it neither waits for DNS nor for the mail server; but as long as no
    // address was seen to show it, no sender may fail by it.
    private static bool MayGoOn(Situation s, Generation current, Chain chain) =>
        MayGoOn(s, current, Safety.OfServing(s.Desired, s.Facts, s.Certificate, chain, s.Now));

    private static bool MayGoOn(Situation s, Generation current, ImmutableArray<Violation> violations)
    {
        if (violations.IsEmpty)
            return true;
        if (IsEarly(s, current, violations))
            return false;

        s.Hold(
            Gate.Safety, $"generation {current.Number}", null,
            $"its deployment was begun, and to go on now would make senders fail: {violations[0]}",
            "nothing when it ends by itself; otherwise find out who changed the records, or "
            + $"'rolloverd abort {s.Certificate.Name}'");
        return false;
    }

    private static string? WhyGivenUp(Situation s, Generation current, Chain chain) =>
        s.Observation.KeysGone.Contains(current.Number) ? "its key is not on the disk any more"
        : chain.NotAfter <= s.Now && !IsPutBack(s) ? "its certificate ended before it went into service"
        : null;

    // The live link leads to the generation before, or nowhere as before the first one.
    private static bool NeverWentIn(Situation s, Generation current) =>
        s.Observation.LiveGeneration != current.Number
        && s.Known.LastInService()?.Number == s.Observation.LiveGeneration;

    /// <summary>
    /// Puts an issued chain into service when every visible set covers it and the mail servers are ready.
    /// </summary>
    public static Step? Swap(Situation s)
    {
        if (s.Known.Next is not { State: GenerationState.Issued issued } next
            || !Lacking.Nothing(s, next, issued.Chain))
        {
            return null;
        }

        if (s.Known.Current is { State: GenerationState.Deploying } && !IsAsFarAsItGets(s))
            return null; // RFC 7671 §8.4: one change at a time

        // What is in service must not end while the other rests, or by usage 2 senders refuse every host.
        if (s.Known.SetbackOf(StepKind.PutBack) is { } setback && s.Now < setback.RetryAt
            && !(s.Known.Current?.Chain?.NotAfter - s.Margin <= s.Now))
        {
            s.Hold(Gate.Retry, nameof(StepKind.Deploy), setback.RetryAt, setback.Reason, setback.Remedy);
            return null;
        }

        return IsCovered(s, next, issued.Chain) && ServersAreReady(s)
            ? new Step.Deploy(s.Certificate.Name, next.Number, "every visible record set covers its chain")
            : null;
    }

    // No sender fails by the chain, and what senders get is known.
    private static bool IsCovered(Situation s, Generation generation, Chain chain)
    {
        ImmutableArray<Violation>? added = null;
        bool covered = true;
        string lack = $"does not cover the chain of generation {generation.Number}";
        foreach (OwnerSituation owner in Orphans.LeftBy(s))
        {
            string lackThere = $"{lack}, which the mail server may show there too";
            covered &= Gates.AllVisibleFit(s, owner, Fits, lackThere) && Gates.EveryPartFits(s, owner, Fits, lackThere);
        }

        foreach (OwnerSituation owner in s.Owners)
        {
            covered &= Gates.AllVisibleFit(s, owner, Fits, lack) && Gates.EveryPartFits(s, owner, Fits, lack);
            covered &= Gates.ServersWereHeard(s, owner, chain);
            if (owner.IsPublished(s.Now, s.Margin))
                covered &= Gates.DnsIsSound(s, owner);
        }

        if (!covered || Added().IsEmpty)
            return covered;

        if (IsEarly(s, generation, Added()))
            return false;

        s.Hold(
            Gate.Safety, $"generation {generation.Number}", null, $"its chain would make senders fail: {Added()[0]}",
            "nothing when it ends by itself; otherwise see who changed the records, and that the issuer certifies the "
            + $"names of the endpoints, or 'rolloverd abort {s.Certificate.Name}'");
        return false;

        bool Fits(RecordSet set) => set.Covers(chain) || Added().IsEmpty;

        ImmutableArray<Violation> Added() =>
            added ??= Safety.OfPuttingIn(s.Desired, s.Facts, s.Certificate, chain, s.Now);
    }

    private static bool IsEarly(Situation s, Generation generation, ImmutableArray<Violation> violations)
    {
        if (!violations.All(v => v.IsOnlyEarlyAt(s.Now)))
            return false;

        DateTimeOffset begin = violations[0].Chain.NotBefore;
        s.Hold(
            Gate.Safety, $"generation {generation.Number}", begin,
            $"its chain is not valid before {begin:u}, and by usage 2 senders refuse it until then",
            "nothing: it ends by itself; when the time looks wrong, see the clocks of this host and of the issuer");
        return true;
    }

    /// <summary>Whether every mail server could take something on; else holds, and says which could not.</summary>
    public static bool ServersAreReady(Situation s)
    {
        bool first = s.Observation.LiveGeneration is null;
        foreach (MailServerOutcome outcome in s.Observation.MailServers)
        {
            (string Reason, string Remedy)? problem = outcome switch
            {
                MailServerOutcome.NotConfigured when first => null, // there is nothing that it could read yet
                MailServerOutcome.NotConfigured not => (not.Reason, not.Remedy),
                MailServerOutcome.Unavailable unavailable => (unavailable.Reason, unavailable.Remedy),
                MailServerOutcome.Failed failed => (failed.Reason, failed.Remedy),
                _ => null,
            };
            if (problem is { } found)
            {
                s.Hold(Gate.MailServer, "deployment", null, found.Reason, found.Remedy);
                return false;
            }
        }

        return true;
    }

    private static MailServerOutcome.NotConfigured? NotConfigured(Situation s) =>
        s.Observation.MailServers.OfType<MailServerOutcome.NotConfigured>().FirstOrDefault();

    // Twice as late each time, for a server that a reload does not help must not be reloaded for ever.
    private static TimeSpan ReloadAgainAfter(Situation s, TimeSpan tried)
    {
        TimeSpan least = LeastReloadTime(s);
        TimeSpan most = least > TimeSpan.FromHours(1) ? least : TimeSpan.FromHours(1);
        return tried < least ? least : tried > most ? most : tried;
    }

    // How long a server has after a reload before anything else is tried.
    private static TimeSpan LeastReloadTime(Situation s)
    {
        TimeSpan quarter = s.Desired.Timing.VerificationPatience / 4;
        return quarter < TimeSpan.FromSeconds(2) ? TimeSpan.FromSeconds(2) : quarter;
    }

    private static string Problem(Situation s, GenerationState.Deploying deploying)
    {
        foreach (EndpointObservation round in s.Rounds)
        {
            if (round.Problem is { } problem)
                return $"{round.Endpoint}: {problem}";

            foreach (AddressObservation address in round.Addresses)
            {
                if (address.Presented.OfType<Presented.Shows>()
                    .FirstOrDefault(p => !p.Chain.Leaf.Equals(deploying.Chain.Leaf)) is { } other)
                {
                    return $"{round.Endpoint} at {address.Address} serves {other.Chain.Leaf}";
                }
            }
        }

        return $"{deploying.CleanRounds} clean round(s) so far";
    }
}

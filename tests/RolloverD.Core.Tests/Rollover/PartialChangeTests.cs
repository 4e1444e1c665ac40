using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>
/// A provider that takes one record after the other may stop in between: no chain may fail by the half.
/// </summary>
public class PartialChangeTests
{
    private static readonly DateTimeOffset Now = Some.Start.AddDays(1);

    private static readonly DesiredCertificate Mx1 = Some.Certificate with
    {
        Tlsa = [Some.Parameters("3 1 1"), Some.Parameters("3 0 1")],
    };

    private static readonly PublicKey Key = Some.Key(1), NextKey = Some.Key(2);
    private static readonly Chain Chain = Some.Chain(Key), NextChain = Some.Chain(NextKey);
    private static readonly TlsaRecord Ours = Some.Record("3 1 1", Key), Next = Some.Record("3 1 1", NextKey);
    private static readonly TlsaRecord[] Certificates = [Some.Record("3 0 1", Chain), Some.Record("3 0 1", NextChain)];

    [Fact]
    public void The_parts_of_a_change_that_nobody_confirmed_are_one_record_more_or_one_that_stayed()
    {
        OwnerLedger ledger = Given.Ledger(Some.Set(Ours)).Intend(Some.Set([Ours, .. Certificates]), Certificates, Now);
        Assert.Equal(Certificates.Select(c => Some.Set(Ours, c)).ToHashSet(), [.. ledger.PartsOfUnfinished()]);

        ledger = Given.Ledger(Some.Set([Ours, .. Certificates])).Intend(Some.Set(Ours), [], Now);
        Assert.Equal(Certificates.Select(c => Some.Set(Ours, c)).ToHashSet(), [.. ledger.PartsOfUnfinished()]);

        ledger = OwnerLedger.New(Some.Owner).Intend(Some.Set(Ours), [Ours], Now);
        Assert.Equal([Some.Set(Ours)], ledger.PartsOfUnfinished());
        Assert.Empty(ledger.Applied(Some.Set(Ours), Now).PartsOfUnfinished());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_may_have_been_served_of_a_change_stays_visible_when_the_change_is_over(bool came)
    {
        RecordSet before = Some.Set(Ours), after = Some.Set([Ours, .. Certificates]);
        HashSet<RecordSet> parts = [.. Certificates.Select(c => Some.Set(Ours, c))];
        OwnerLedger ledger = Given.Ledger(before).Intend(after, Certificates, Now);
        RecordSet served = came ? after : RecordSet.Absent;

        // One server does not answer, so it may still give out a part.
        DateTimeOffset seen = Now.AddMinutes(1);
        OwnerLedger half = ledger.Observe(
            Look.At(seen, Look.Serves(after), new AnswerContent.Unreachable("timed out")));
        Assert.Subset(half.VisibleSetsAt(Now.AddDays(9), TimeSpan.Zero).ToHashSet(), parts);
        Assert.Equal(after, half.Latest);

        ledger = ledger.Observe(Look.At(seen, Look.Serves(served), Look.Serves(served)));
        Assert.True(ledger.IsSettled);
        Assert.Equal(served, ledger.Latest);
        DateTimeOffset over = seen + (2 * Some.Ttl);
        Assert.Subset(ledger.VisibleSetsAt(over.AddMinutes(-2), TimeSpan.Zero).ToHashSet(), parts);
        Assert.Equal([served], ledger.VisibleSetsAt(over, TimeSpan.Zero));
    }

    [Fact]
    public void A_second_try_that_succeeds_says_nothing_of_what_the_first_one_left_for_a_while()
    {
        RecordSet before = Some.Set(Ours), after = Some.Set([Ours, .. Certificates]);
        OwnerLedger once = Given.Ledger(before).Intend(after, Certificates, Now);
        Assert.Equal([before, after], once.Applied(after, Now).VisibleSetsAt(Now, TimeSpan.Zero));
        HashSet<RecordSet> parts = [.. Certificates.Select(c => Some.Set(Ours, c))];
        OwnerLedger twice = once.Intend(after, Certificates, Now.AddMinutes(1)).Applied(after, Now.AddMinutes(1));
        Assert.Equal(parts, [.. twice.PartsOfUnfinished()]);
        Assert.Equal(after, twice.Latest);

        // It is the first one that comes at last, and in parts.
        DateTimeOffset seen = Now.AddHours(5);
        OwnerLedger came = twice.Observe(Look.At(seen, Look.Serves(after)));
        Assert.Empty(came.PartsOfUnfinished());
        Assert.Subset(came.VisibleSetsAt(seen + Some.Ttl, TimeSpan.FromSeconds(1)).ToHashSet(), parts);
    }

    [Fact]
    public void A_try_that_comes_late_and_with_a_longer_TTL_leaves_parts_with_that_TTL()
    {
        RecordSet after = Some.Set([Ours, .. Certificates]);
        var given = new RecordSet(after.Records, TimeSpan.FromHours(8));
        HashSet<RecordSet> parts = [.. Certificates.Select(c => new RecordSet([Ours, c], given.Ttl))];
        OwnerLedger twice = Given.Ledger(Some.Set(Ours))
            .Intend(after, Certificates, Now).Intend(after, Certificates, Now.AddMinutes(1))
            .Applied(after, Now.AddMinutes(1));
        DateTimeOffset old = Now.AddMinutes(2), seen = Now.AddMinutes(3);
        OwnerLedger came = twice
            .Observe(Look.At(old, Look.Serves(Some.Set(Ours))))
            .Observe(Look.At(seen, Look.Serves(given)));
        Assert.Subset(came.VisibleSetsAt(seen + given.Ttl, TimeSpan.FromSeconds(1)).ToHashSet(), parts);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_nobody_saw_lasts_as_long_as_the_provider_is_found_to_have_its_sets_last(bool isShown)
    {
        RecordSet after = Some.Set([Ours, .. Certificates]), replaced = Some.Set(Some.Record("3 1 1", Some.Key(9)));
        TimeSpan given = TimeSpan.FromHours(8);
        RecordSet[] unseen = [after, .. Certificates.Select(c => Some.Set(Ours, c))];
        DateTimeOffset seen = Now.AddMinutes(20), later = Now.AddMinutes(21);
        RecordSet target = replaced.With([Next, .. Certificates]);
        OwnerLedger ledger = Given.Ledger(Some.Set(Ours)).Intend(after, Certificates, Now)
            .Observe(Look.At(seen, Look.Serves(replaced)))
            .Intend(target, [Next, .. Certificates], later);
        Assert.Equal([replaced, target], ledger.VisibleSetsAt(seen + (3 * Some.Ttl), TimeSpan.Zero));

        // The provider says so when it confirms a change, or a server shows a part of one.
        ledger = isShown
            ? ledger.Observe(Look.At(later, Look.Serves(new([.. replaced.Records, Next], given))))
            : ledger.Applied(new(target.Records, given), later);
        HashSet<RecordSet> lasting = [.. unseen.Select(u => new RecordSet(u.Records, given))];
        Assert.Subset(ledger.VisibleSetsAt(seen + given, TimeSpan.FromSeconds(1)).ToHashSet(), lasting);
        Assert.DoesNotContain(ledger.VisibleSetsAt(seen + (2 * given), TimeSpan.Zero), s => s.HasSameRecords(after));
    }

    [Fact]
    public void A_change_that_was_confirmed_and_lost_may_be_half_there_when_it_was_sent_again()
    {
        RecordSet before = Some.Set(Ours), after = Some.Set([Ours, .. Certificates]);
        HashSet<RecordSet> parts = [.. Certificates.Select(c => Some.Set(Ours, c))];
        OwnerLedger lost = Given.Ledger(before).Intend(after, Certificates, Now).Applied(after, Now);
        Assert.Empty(lost.PartsOfUnfinished());

        DateTimeOffset later = Now.AddHours(2);
        Assert.Equal(before, lost.BaseAt(later));
        OwnerLedger again = lost.Intend(after, Certificates, later);
        Assert.Equal(parts, [.. again.PartsOfUnfinished()]);
        Assert.Empty(again.Applied(after, later).PartsOfUnfinished());

        // What came of the second try nobody said, and the third one went well.
        OwnerLedger third = again.Intend(after, Certificates, later.AddHours(2)).Applied(after, later.AddHours(2));
        Assert.Equal(parts, [.. third.PartsOfUnfinished()]);
    }

    [Fact]
    public void Where_the_provider_gives_a_TTL_of_its_own_a_try_that_goes_well_says_nothing_of_those_before()
    {
        RecordSet after = Some.Set([Ours, .. Certificates]);
        var given = new RecordSet(after.Records, TimeSpan.FromHours(8));
        HashSet<RecordSet> parts = [.. Certificates.Select(c => new RecordSet([Ours, c], given.Ttl))];
        OwnerLedger inParts = Given.Ledger(Some.Set(Ours))
            .Intend(after, Certificates, Now).Applied(given, Now, inParts: true);
        DateTimeOffset later = Now.AddHours(9);
        OwnerLedger again = inParts.Intend(after, Certificates, later).Applied(given, later);
        Assert.Subset(again.PartsOfUnfinished().ToHashSet(), parts);
        Assert.Equal(2, again.Sets.Length);
        Assert.Equal(new SetState.Intended(later, 2, 1), again.Sets[^1].State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_an_earlier_try_began_with_counts_when_the_same_is_sent_again_from_a_part_of_it(bool confirmed)
    {
        RecordSet before = Some.Set(Next), after = Some.Set([Ours, Next, .. Certificates]);
        RecordSet first = Some.Set(Next, Certificates[0]), part = Some.Set(Next, Ours, Certificates[0]);
        OwnerLedger tried = Given.Ledger(before).Intend(after, [Ours, .. Certificates], Now);
        tried = confirmed ? tried.Applied(after, Now, inParts: true) : tried;
        OwnerLedger again = tried
            .Observe(Look.At(Now.AddMinutes(1), Look.Serves(part), new AnswerContent.Unreachable("timed out")))
            .Intend(after, [Certificates[1]], Now.AddMinutes(2));
        Assert.Contains(first, MayBeGiven(again));
        Assert.Contains(first, MayBeGiven(again.Applied(after, Now.AddMinutes(2))));

        static IEnumerable<RecordSet> MayBeGiven(OwnerLedger ledger) =>
            ledger.PartsOfUnfinished().Concat(ledger.VisibleSetsAt(Now, TimeSpan.Zero));
    }

    [Fact]
    public void What_a_change_starts_from_is_any_set_that_may_be_there()
    {
        // The change to the second set was confirmed; it may have been lost, and then the third one's begins before it.
        RecordSet first = Some.Set(Ours), second = Some.Set(Ours, Next), third = second.With([Certificates[0]]);
        OwnerLedger ledger = Given.Ledger(first)
            .Intend(second, [Next], Now).Applied(second, Now)
            .Intend(third, [Certificates[0]], Now.AddHours(2));
        Assert.Equal(
            [third, Some.Set(Ours, Next), Some.Set(Ours, Certificates[0])], ledger.PartsOfUnfinished().ToHashSet());
    }

    [Fact]
    public void A_change_that_a_provider_makes_record_by_record_leaves_its_parts_in_caches()
    {
        RecordSet before = Some.Set(Ours), after = Some.Set([Ours, .. Certificates]);
        HashSet<RecordSet> parts = [.. Certificates.Select(c => Some.Set(Ours, c))];
        OwnerLedger intended = Given.Ledger(before).Intend(after, Certificates, Now);
        OwnerLedger ledger = intended.Applied(after, Now, inParts: true);
        Assert.Equal(parts, [.. ledger.PartsOfUnfinished()]);
        Assert.Equal(after, ledger.Latest);

        DateTimeOffset seen = Now.AddMinutes(1);
        ledger = ledger.Observe(Look.At(seen, Look.Serves(after), Look.Serves(after)));
        Assert.True(ledger.IsSettled);
        Assert.Subset(ledger.VisibleSetsAt(seen + Some.Ttl, TimeSpan.FromSeconds(1)).ToHashSet(), parts);
        Assert.Equal([after], ledger.VisibleSetsAt(seen + (2 * Some.Ttl), TimeSpan.FromSeconds(1)));

        var step = new Step.Publish("mx1", Some.Owner, before, after, [.. Certificates], "why");
        Facts facts = Given.Steady(Mx1, Key).With(intended);
        Assert.Equal(
            intended.Applied(after, Now, inParts: true).Sets,
            facts.Complete(step, new StepOutcome.Published(after, InParts: true), Now).Owner(Some.Owner).Sets);
    }

    [Fact]
    public void A_part_of_a_change_of_the_TTL_lives_as_long_as_the_longer_one()
    {
        var after = new RecordSet([Ours, Next], TimeSpan.FromMinutes(1));
        RecordSet part = Assert.Single(
            Given.Ledger(Some.Set(Ours)).Intend(after, [Next], Now).PartsOfUnfinished().ToHashSet());
        Assert.Equal(Some.Ttl, part.Ttl);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Parts_have_the_TTL_that_some_part_was_seen_with(bool counts)
    {
        RecordSet after = Some.Set([Ours, Next, .. Certificates]);
        var shown = new RecordSet([Next, Ours, Certificates[0]], TimeSpan.FromHours(8));
        OwnerLedger ledger = Given.Ledger(Some.Set(Next)).Intend(after, [Ours, .. Certificates], Now);
        OwnerObservation round = Look.At(Now.AddMinutes(1), Look.Serves(shown));
        ledger = counts
            ? ledger.Observe(round)
            : Given.Facts([], [ledger])
                .Meet(Look.Nothing with { Owners = Look.Nothing.Owners.Add(Some.Owner, round) }, Now.AddMinutes(1))
                .Owner(Some.Owner).Observe(Look.At(Now.AddMinutes(2), Look.Serves(after)));
        Assert.Contains(
            new RecordSet([Next, Ours], shown.Ttl),
            ledger.VisibleSetsAt(Now.AddHours(8), TimeSpan.FromMinutes(10)));
    }

    [Fact]
    public void Parts_have_the_TTL_that_some_part_was_found_with()
    {
        RecordSet after = Some.Set([Ours, Next, .. Certificates]);
        var found = new RecordSet([Next, Ours, Certificates[0]], TimeSpan.FromHours(8));
        OwnerLedger ledger = Given.Ledger(Some.Set(Next))
            .Intend(after, [Ours, .. Certificates], Now).Found(found, Now.AddMinutes(1))
            .Observe(Look.At(Now.AddMinutes(2), Look.Serves(found)));
        Assert.Contains(
            new RecordSet([Next, Ours], found.Ttl),
            ledger.VisibleSetsAt(Now.AddHours(8), TimeSpan.FromMinutes(10)));
    }

    // What was there before, with another TTL, is no part of a change.
    [Fact]
    public void A_longer_TTL_of_what_was_there_before_says_nothing_of_a_change_that_was_not_tried()
    {
        RecordSet after = Some.Set(Ours, Next);
        OwnerLedger ledger = Given.Ledger(Some.Set(Next)).Intend(after, [Ours], Now).Applied(after, Now);
        ledger = ledger.Observe(
            Look.At(Now.AddMinutes(1), Look.Serves(new RecordSet([Next], TimeSpan.FromHours(8)))));
        Assert.DoesNotContain(ledger.Sets, s => s.Records.HasSameRecords(after) && s.Records.Ttl > after.Ttl);
    }

    [Fact]
    public void Parts_have_the_TTL_that_the_provider_gives_to_every_set()
    {
        RecordSet after = Some.Set([Ours, .. Certificates]);
        var given = new RecordSet(after.Records, TimeSpan.FromHours(8));
        HashSet<RecordSet> parts = [.. Certificates.Select(c => new RecordSet([Ours, c], given.Ttl))];
        OwnerLedger intended = Given.Ledger(Some.Set(Ours)).Intend(after, Certificates, Now);
        Assert.Equal(parts, [.. intended.Applied(given, Now, inParts: true).PartsOfUnfinished()]);

        // Nobody confirmed it, and servers show it.
        OwnerLedger seen = intended.Observe(Look.At(Now.AddMinutes(1), Look.Serves(given)));
        Assert.Subset(seen.VisibleSetsAt(Now.AddHours(3), TimeSpan.Zero).ToHashSet(), parts);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_change_that_is_found_to_have_come_may_have_come_in_parts(bool another)
    {
        RecordSet before = Some.Set(Ours), after = Some.Set([Ours, .. Certificates]);
        HashSet<RecordSet> parts = [.. Certificates.Select(c => Some.Set(Ours, c))];
        OwnerLedger ledger = Given.Ledger(before).Intend(after, Certificates, Now);
        if (another)
            ledger = ledger.Intend(before.With([Next]), [Next], Now.AddMinutes(1));
        Assert.Subset(ledger.Found(after, Now.AddMinutes(2)).PartsOfUnfinished().ToHashSet(), parts);

        // The provider gave it a TTL of its own.
        var given = new RecordSet(after.Records, TimeSpan.FromHours(8));
        parts = [.. parts.Select(p => new RecordSet(p.Records, given.Ttl))];
        Assert.Subset(ledger.Found(given, Now.AddMinutes(2)).PartsOfUnfinished().ToHashSet(), parts);
    }

    [Theory]
    [InlineData(1, 9)]
    [InlineData(9, 1)]
    public void The_record_of_what_senders_meet_comes_before_that_of_a_chain_that_no_address_shows(
        int inService, int shown)
    {
        Chain met = Some.Chain(Some.Key(shown));
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Some.Key(inService)))],
            [Given.Ledger(Some.Set(Some.Record("3 1 1", Some.Key(66))))],
            [Given.Seen(Some.Mx, met)]);
        DesiredCertificate spki = Some.Certificate;
        Observation seen = Look.Well(facts, spki, Now, met);
        var step = Assert.IsType<Step.Publish>(Planner.Next(Some.Desired(spki), facts, seen, "mx1", Now).Next);
        Assert.Equal(
            [Some.Record("3 1 1", Some.Key(shown)), Some.Record("3 1 1", Some.Key(inService))], step.Added);
    }

    [Fact]
    public void Nothing_goes_into_service_while_half_a_change_could_refuse_it()
    {
        RecordSet before = Some.Set(Ours, Next), after = before.With(Certificates);
        Facts facts = Given.Steady(Mx1, Key, Given.In(2, NextKey, new GenerationState.Issued(NextChain, Now)))
            .With(Given.Ledger(before).Intend(after, Certificates, Now));
        Observation seen = Look.Well(facts.With(Given.Ledger(before)), Mx1, Now, Chain);

        // The change rests after a failure that says nothing of what came of it.
        var sent = Assert.IsType<Step.Publish>(Decide(facts, seen).Next);
        facts = facts.Complete(sent, new StepOutcome.Unknown("the third request failed", "see to the provider"), Now);
        Plan plan = Decide(facts, seen);
        Assert.Null(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Propagation
            && h.Reason.Contains("carried out in part", StringComparison.Ordinal));

        // One record alone is there, or it is not: either is good for the chain.
        RecordSet added = before.With([Certificates[1]]);
        facts = facts.With(Given.Ledger(before).Intend(added, [Certificates[1]], Now));
        Assert.IsType<Step.Deploy>(Decide(facts, seen).Next);
    }

    [Fact]
    public void New_parameters_wait_for_the_deployment_that_is_under_way_and_records_that_help_do_not()
    {
        var deploying = new GenerationState.Deploying(NextChain, Now, Now, 0);
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Key), Given.In(2, NextKey, deploying))],
            [Given.Ledger(Some.Set(Ours, Next))],
            [Given.Seen(Some.Mx, Chain) with { TakenOverAt = Some.Start }]);
        Plan plan = Decide(facts, Look.Well(facts, Mx1, Now, Chain));
        Assert.IsNotType<Step.Publish>(plan.Next);
        Assert.Contains(plan.Holds, h => h.Gate == Gate.Verification && h.Subject == Some.Owner);

        facts = facts.With(Given.Ledger(Some.Set(Next)));
        var step = Assert.IsType<Step.Publish>(Decide(facts, Look.Well(facts, Mx1, Now, Chain)).Next);
        Assert.Equal([Ours], step.Added);
    }

    [Fact]
    public void Records_that_match_nothing_go_though_others_have_to_stay()
    {
        // The stranger is covered by the 2 1 1 record of its CA alone, which nothing else wants any more.
        Chain stranger = Some.Chain(Some.Key(9), ca: 9);
        TlsaRecord keeps = Some.Record("2 1 1", stranger), ca = Some.Record("2 1 1", Chain);
        TlsaRecord left = Some.Record("3 0 1", Some.Chain(Some.Key(66)));
        DesiredCertificate byCa = Some.Certificate with { Tlsa = [Some.Parameters("2 1 1")] };
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Key))],
            [Given.Ledger(Some.Set(keeps, ca, left))],
            [Given.Seen(Some.Mx, Chain, stranger) with { TakenOverAt = Some.Start }]);
        Observation seen = Look.Well(facts, byCa, Now, Chain, stranger);
        var step = Assert.IsType<Step.Withdraw>(Planner.Next(Some.Desired(byCa), facts, seen, "mx1", Now).Next);
        Assert.Equal([left], step.Removed);
    }

    private static Plan Decide(Facts facts, Observation seen) =>
        Planner.Next(Some.Desired(Mx1), facts, seen, "mx1", Now);
}

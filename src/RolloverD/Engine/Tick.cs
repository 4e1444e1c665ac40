using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Engine;

/// <summary>What one tick did.</summary>
/// <param name="Plan">The decision that was taken: a step was done, or what is waited for and until when.</param>
/// <param name="Outcome">What came of the step; null when there was none.</param>
/// <param name="Facts">The facts afterwards.</param>
internal sealed record TickResult(Plan Plan, StepOutcome? Outcome, Facts Facts);

/// <summary>What is decided now and what is foreseen from here.</summary>
internal sealed record Foresight(Plan Plan, ImmutableArray<ForecastStep> Steps);

/// <summary>
/// One turn of the engine for one certificate: observe, plan, save the intent, ask safety again, act, record. Takes
/// at most one step. Whatever happens to the program in between, the next turn finds its way from the facts.
/// </summary>
internal sealed class Tick(World world, ILogger log, Action<Sighting>? watcher = null)
{
    private readonly FactsStore facts = new(world.Store, world.Time, world.Steady);
    private readonly Executor executor = new(world);
    private readonly Observer observer = new(
        world.Desired, world.Authority, world.Handshake, world.Files, world.MailServers);

    /// <summary>
    /// Takes one turn. What ports answer is part of the result; only faults of the store and of the program are thrown.
    /// </summary>
    public async Task<TickResult> RunAsync(string name, CancellationToken cancellation)
    {
        DesiredCertificate certificate = world.Desired.Certificates[name];
        (LoadedFacts loaded, Plan plan) = await LookAsync(certificate, cancellation);
        if (plan.Next is not { } step)
            return new(plan, null, loaded.Facts);

        cancellation.ThrowIfCancellationRequested();
        LoadedFacts? intended = Save(
            loaded,
            loaded.Facts.Intend(step, loaded.Now),
            [Entry(step, "step", $"{step.Describe()}: {step.Reason}")]);
        if (intended is null)
            return new(new(null, world.Time.GetUtcNow(), plan.Holds), null, loaded.Facts); // somebody else was first

        watcher?.Invoke(new Sighting.Begun(step, world.Time.GetUtcNow()));
        log.StepBegins(name, Word(GenerationOf(step)), step.Describe(), step.Reason);
        (StepOutcome.Refused? refusal, Observation met) =
            await SafeStillAsync(certificate, loaded, step, cancellation);
        if (refusal is not null)
            return new(plan, refusal, Record(step, refusal, met, intended, loaded));

        StepOutcome outcome = await executor.RunAsync(step, intended.Facts, cancellation);
        return new(plan, outcome, Record(step, outcome, met, intended, null));
    }

    /// <summary>
    /// Observes and decides, and runs the planner on over a model of what then happens; saves nothing.
    /// </summary>
    public async Task<Foresight> ForeseeAsync(DesiredCertificate certificate, CancellationToken cancellation)
    {
        Facts known = facts.Load().Facts;
        Observation observation = await observer.ObserveAsync(certificate, known, cancellation);
        LoadedFacts loaded = facts.Load();
        Facts seen = loaded.Facts.Observe(certificate, observation, world.Desired.Timing);
        DateTimeOffset now = loaded.Now;
        return new(
            Planner.Next(world.Desired, seen, observation, certificate.Name, now),
            Forecast.Run(world.Desired, seen, observation, certificate.Name, now));
    }

    /// <summary>Observes, takes what was seen into the facts, and decides; changes nothing but the facts.</summary>
    public async Task<(LoadedFacts Loaded, Plan Plan)> LookAsync(
        DesiredCertificate certificate, CancellationToken cancellation)
    {
        // A look that does not count, because the clock was set or somebody else was first, met chains all the same.
        List<Observation> beside = [];
        while (true)
        {
            LoadedFacts before = facts.Load();
            Observation observation = await observer.ObserveAsync(certificate, before.Facts, cancellation);
            LoadedFacts loaded = facts.Load();
            if (before.JumpTo(loaded) is not null)
            {
                beside.Add(observation); // it bears times of the clock before
                continue;
            }

            DateTimeOffset now = loaded.Now;
            Facts seen = loaded.Facts.Observe(certificate, observation, world.Desired.Timing);
            seen = beside.Aggregate(seen, (f, o) => f.Meet(o, now)).Forget(world.Desired, now);
            Plan plan = Planner.Next(world.Desired, seen, observation, certificate.Name, now);
            seen = seen.With(seen.Certificate(certificate.Name).Waiting(plan.Holds));
            ImmutableArray<JournalEntry> news = News.Between(loaded.Facts, seen, observation, certificate, now);
            if (Save(loaded, seen, news) is { } saved)
            {
                foreach (JournalEntry line in news)
                    log.Noticed(line.Certificate, Word(line.Generation), line.Event, line.Text);
                watcher?.Invoke(new Sighting.Decided(certificate, saved.Facts, observation, plan, now));
                return (saved, plan);
            }

            beside.Add(observation);
        }
    }

    // The executor's own question, with the world looked at once more, against the facts before the intent.
    private async Task<(StepOutcome.Refused? Refusal, Observation Met)> SafeStillAsync(
        DesiredCertificate certificate, LoadedFacts before, Step step, CancellationToken cancellation)
    {
        if (step is not (Step.Publish or Step.Withdraw or Step.Deploy or Step.PutBack or Step.Reload))
            return (null, Observation.Nothing);

        string? changed = step is Step.Publish or Step.Withdraw ? step.Subject : null;
        Observation fresh = await observer.ObserveExposureAsync(certificate, before.Facts, changed, cancellation);
        LoadedFacts after = facts.Load();
        if (before.JumpTo(after) is { } jump)
            return (new($"{jump}", "nothing: it is planned anew"), fresh);

        // Where the names lead now is half of what is asked: while that cannot be found out, the change waits.
        if (changed is not null && !fresh.LeadsTo(changed))
        {
            return (new(
                $"it could not be found out just before whether the names still lead to {changed}",
                "see that the resolver of this host and the zone's servers can be reached"), fresh);
        }

        if (fresh.Others.FirstOrDefault(e => LeadsSinceNow(e)) is { } newcomer)
        {
            return (new(
                $"{newcomer.TlsaName} leads to {changed} as well now, and what it serves was not looked at yet",
                "nothing: it is planned anew"), fresh);
        }

        // What another certificate's turn intended meanwhile counts, and not what this one is about to do.
        Facts known = after.Facts.TakeBack(step, before.Facts).Observe(certificate, fresh, world.Desired.Timing);
        ImmutableArray<Violation> violations = Judge(certificate, known, step, after.Now);
        if (violations.IsEmpty)
            return (null, fresh);

        string reason = $"the world changed since the step was planned: {violations[0]}";
        return (new(reason, "nothing: it is planned anew"), fresh);

        bool LeadsSinceNow(Endpoint other) =>
            before.Facts.EndpointOf(other).Owner != changed
            && fresh.Owners.GetValueOrDefault(other.TlsaName)?.Owner == changed;
    }

    private ImmutableArray<Violation> Judge(
        DesiredCertificate certificate, Facts known, Step step, DateTimeOffset now)
    {
        return step switch
        {
            Step.Publish publish => Safety.OfPublishing(world.Desired, known, publish.Owner, publish.Target, now),
            Step.Withdraw withdraw => Safety.OfPublishing(world.Desired, known, withdraw.Owner, withdraw.Target, now),
            Step.Deploy or Step.Reload or Step.PutBack when Concerned() is { Chain: { } chain } generation =>
                GoesOn(generation)
                    ? Safety.OfServing(world.Desired, known, certificate, chain, now)
                    : Safety.OfPuttingIn(world.Desired, known, certificate, chain, now),
            _ => [],
        };

        Generation? Concerned() =>
            GenerationOf(step) is { } number ? known.Certificate(certificate.Name).Find(number) : null;

        // Some process may have read it already.
        bool GoesOn(Generation generation) =>
            step is Step.Reload || (step is Step.Deploy && generation.State is GenerationState.Deploying);
    }

    /// <param name="step">The step.</param>
    /// <param name="outcome">What came of it.</param>
    /// <param name="met">What was met just before it.</param>
    /// <param name="intended">The facts with the intent.</param>
    /// <param name="notBegun">The facts before the intent, when nothing was touched; else null.</param>
    private Facts Record(Step step, StepOutcome outcome, Observation met, LoadedFacts intended, LoadedFacts? notBegun)
    {
        (string word, string text) = Tell(step, outcome);
        LoadedFacts? saved;
        do
        {
            LoadedFacts loaded = facts.Load();
            Facts known = loaded.Facts;
            if (notBegun is not null)
            {
                ClockJump? jump = notBegun.JumpTo(loaded);
                known = known.TakeBack(step, notBegun.Facts.Shift(jump?.By ?? TimeSpan.Zero));
                if (jump is null) // else what was met bears times of the clock before
                    known = known.ObserveOthers(met, world.Desired.Timing);
            }

            known = known.Complete(step, Moved(outcome, intended.JumpTo(loaded)), loaded.Now).Meet(met, loaded.Now);
            saved = Save(loaded, known, [Entry(step, word, text)]);
        }
        while (saved is null);

        if (outcome is StepOutcome.Refused or StepOutcome.Unknown)
            log.StepFailed(step.Certificate, Word(GenerationOf(step)), step.Describe(), text);
        else
            log.StepDone(step.Certificate, Word(GenerationOf(step)), step.Describe(), text);
        watcher?.Invoke(new Sighting.Ended(step, saved.Facts, world.Time.GetUtcNow()));
        return saved.Facts;
    }

    // What the other side named, it named by the clock as it was then.
    private static StepOutcome Moved(StepOutcome outcome, ClockJump? jump) => (outcome, jump) switch
    {
        (_, null) => outcome,
        (StepOutcome.Later later, { By: var by }) => later with { RetryAt = later.RetryAt + by },
        (StepOutcome.Refused refused, { By: var by }) => refused with { RetryAt = refused.RetryAt + by },
        _ => outcome,
    };

    // Facts that were moved along with the clock are saved together with the word of it.
    private LoadedFacts? Save(LoadedFacts loaded, Facts known, IReadOnlyList<JournalEntry> journal)
    {
        if (loaded.Jump is not { } jump)
            return facts.Save(loaded, known, journal);

        IEnumerable<JournalEntry> told = world.Desired.Certificates.Keys
            .Select(name => new JournalEntry(0, loaded.Now, name, null, "clock", $"{jump}"));
        LoadedFacts? saved = facts.Save(loaded, known, [.. told, .. journal]);
        if (saved is not null)
            log.ClockWasSet($"{jump}");
        return saved;
    }

    private static (string Word, string Text) Tell(Step step, StepOutcome outcome) => outcome switch
    {
        StepOutcome.KeyReady ready => ("done", $"key {ready.Key} is there"),
        StepOutcome.Published published => ("done", $"the provider holds [{published.Now}]"),
        StepOutcome.Differs differs => ("failed", $"nothing was changed: the provider holds [{differs.Found}]"),
        StepOutcome.Certified certified =>
            ("done", $"certified until {certified.Chain.Leaf.NotAfter:u}: {certified.Chain}"),
        StepOutcome.Deployed deployed => ("done", deployed.Summary),
        StepOutcome.Done => ("done", step.Describe()),
        StepOutcome.Later later => ("waits", $"{later.Reason}; again at {later.RetryAt:u}"),
        StepOutcome.Refused refused => ("failed", $"{refused.Reason}; {refused.Remedy}"),
        StepOutcome.Unknown unknown => ("failed", $"{unknown.Reason}; {unknown.Remedy}"),
        _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
    };

    private JournalEntry Entry(Step step, string word, string text) =>
        new(0, world.Time.GetUtcNow(), step.Certificate, GenerationOf(step), word, text);

    private static string Word(int? generation) =>
        generation?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-";

    private static int? GenerationOf(Step step) => step switch
    {
        Step.GenerateKey s => s.Generation,
        Step.KeepKey s => s.Generation,
        Step.Promote s => s.Generation,
        Step.Issue s => s.Generation,
        Step.Deploy s => s.Generation,
        Step.PutBack s => s.Generation,
        Step.Archive s => s.Generation,
        Step.Reload s => s.Generation,
        _ => null,
    };
}

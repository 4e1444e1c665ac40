using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>
/// How a step changes the facts: once before it is done, as an intent, and once after, by its outcome.
/// </summary>
public static class Recording
{
    /// <summary>The facts to save before the step touches anything.</summary>
    public static Facts Intend(this Facts facts, Step step, DateTimeOffset now)
    {
        CertificateFacts known = facts.Certificate(step.Certificate);
        return step switch
        {
            Step.Publish publish =>
                facts.With(facts.Owner(publish.Owner).Intend(publish.Target, publish.Added, now)),
            Step.Withdraw withdraw => facts.With(facts.Owner(withdraw.Owner).Intend(withdraw.Target, [], now)),
            Step.Deploy deploy => facts.With(known.BeginDeploying(deploy.Generation, now, deploy.IsFresh)),
            Step.PutBack back => facts.With(
                known.TakeOut(back, now).BeginDeploying(back.Generation, now, isFresh: true, goesBack: true)),
            _ => facts,
        };
    }

    /// <summary>The facts to save after the step.</summary>
    public static Facts Complete(
        this Facts facts, Step step, StepOutcome outcome, DateTimeOffset now)
    {
        facts = outcome switch
        {
            StepOutcome.KeyReady ready => facts.With(facts.Certificate(step.Certificate).Begin(step, ready.Key, now)),
            StepOutcome.Certified certified => facts.With(
                facts.Certificate(step.Certificate).Certify((Step.Issue)step, certified.Chain, now)),
            StepOutcome.Deployed deployed => facts.With(
                facts.Certificate(step.Certificate).Deployed(deployed.Reloaded, now)),
            StepOutcome.Published published => facts.With(
                facts.Owner(OwnerOf(step)).Applied(published.Now, now, published.InParts) with
                {
                    AskedTtl = TargetOf(step).Ttl,
                }),
            StepOutcome.Differs differs => facts.With(
                facts.Owner(OwnerOf(step)).Renounce(TargetOf(step)).Found(differs.Found, now)),
            StepOutcome.Refused when step is Step.Publish or Step.Withdraw => facts.With(
                facts.Owner(OwnerOf(step)).Renounce(TargetOf(step))),
            StepOutcome.Done => facts.With(facts.Certificate(step.Certificate).Finish(step, now)),
            _ => facts,
        };

        CertificateFacts known = facts.Certificate(step.Certificate);
        if (SetbackOf(known, step, outcome, now) is not { } setback)
            return step is Step.PutBack ? facts : facts.With(known.WithoutSetback(step.Kind, step.Subject));

        known = known.WithoutSetback(step.Kind, step.Subject);
        return facts.With(known with { Setbacks = known.Setbacks.Add(setback) });
    }

    /// <summary>
    /// The facts when a step was intended and then not begun, because the world had changed in between: a generation is
    /// again what it was before the intent. One that an earlier try was already deploying goes on deploying, for that
    /// try may have touched something. An intended record set is renounced by the outcome.
    /// </summary>
    /// <param name="facts">The facts with the intent.</param>
    /// <param name="step">The step that was not begun.</param>
    /// <param name="before">The facts that the intent was added to.</param>
    public static Facts TakeBack(this Facts facts, Step step, Facts before)
    {
        CertificateFacts known = facts.Certificate(step.Certificate);
        CertificateFacts earlier = before.Certificate(step.Certificate);
        switch (step)
        {
            case Step.Deploy deploy when known.Find(deploy.Generation)?.State is GenerationState.Deploying:
                known = known.With(earlier.Find(deploy.Generation)!);
                return facts.With(earlier.Current is { State: GenerationState.Deploying } unverified
                    ? known.With(unverified)
                    : known);
            case Step.PutBack back when known.Find(back.Generation)?.State is GenerationState.Deploying:
                known = known.With(earlier.Find(back.Generation)!).With(earlier.Find(back.Failed)!)
                    .WithoutSetback(StepKind.PutBack);
                return facts.With(earlier.SetbackOf(StepKind.PutBack) is { } setback
                    ? known with { Setbacks = known.Setbacks.Add(setback) }
                    : known);
            default:
                return facts;
        }
    }

    private static CertificateFacts Begin(this CertificateFacts known, Step step, PublicKey key, DateTimeOffset now)
    {
        // A crash may have left a copy of an old key under this number: a key that was asked for as new must be new.
        if (step is Step.GenerateKey stale && known.Generations.Any(g => g.Key.Equals(key)))
            return known.With(
                new Generation(stale.Generation, stale.Algorithm, key, now, new GenerationState.Archived(now)));

        Generation generation = step switch
        {
            Step.GenerateKey make => new(
                make.Generation, make.Algorithm, key, now,
                make.ForStandby ? new GenerationState.Standby() : new GenerationState.Preparing(now)),
            Step.KeepKey keep when known.Find(keep.From) is { } from => new(
                keep.Generation, from.Algorithm, key, from.KeyCreatedAt, new GenerationState.Preparing(now)),
            _ => throw new InvalidOperationException($"step '{step.Describe()}' begins no generation"),
        };

        if (generation.State is GenerationState.Preparing && WasForgotten(known, now))
            return known; // the key is discarded

        // It was asked for a new key while a renewal with the old one was about to begin.
        bool isOther = step is Step.KeepKey && known.Request is { NewKey: true };
        return generation.State is GenerationState.Standby || isOther
            ? known.With(generation)
            : known.With(generation).Answer(generation.Number);
    }

    // Nothing begins while an abort rests: what the step was to begin was asked for, and forgotten since.
    private static bool WasForgotten(CertificateFacts known, DateTimeOffset now) =>
        known.Request is null && now < known.Abort?.Until;

    private static CertificateFacts Certify(
        this CertificateFacts known, Step.Issue issue, Chain chain, DateTimeOffset now) =>
        known.Find(issue.Generation) is { State: GenerationState.Preparing or GenerationState.Issued } next
            ? known.With(next with { State = new GenerationState.Issued(chain, now, issue.Issuer) })
            : known; // it was given up while the issuer worked

    private static CertificateFacts BeginDeploying(
        this CertificateFacts known, int number, DateTimeOffset now, bool isFresh, bool goesBack = false)
    {
        // It is there as far as it will be.
        if (known.Current is { State: GenerationState.Deploying unverified } current && current.Number != number)
            known = known.With(current with { State = new GenerationState.Live(unverified.Chain, now) });

        Generation generation = known.Find(number)!;
        if (known.Request is { Emergency: true } && generation.State is GenerationState.Issued)
            known = known.WithoutSetback(StepKind.Deploy); // of another one, which may have failed for days
        var issued = generation.State as GenerationState.Issued;
        return known.With(generation with
        {
            State = generation.State is GenerationState.Deploying before
                ? before with { IntendedAt = isFresh ? now : before.IntendedAt, ReloadedAt = null, CleanRounds = 0 }
                : new GenerationState.Deploying(
                    generation.Chain!, now, null, 0, goesBack, issued?.Issuer, issued?.At),
        });
    }

    // The chain that failed goes back to where it was before; its records stay, and it is tried again later. One that
    // the operator gave up is not: what may still show it keeps its records for the rollback window.
    private static CertificateFacts TakeOut(this CertificateFacts known, Step.PutBack back, DateTimeOffset now)
    {
        Generation failed = known.Find(back.Failed)!;
        if (known.Abort?.Generation == failed.Number)
            return known.With(failed with { State = new GenerationState.Superseded(failed.Chain!, now) });

        Setback? before = known.SetbackOf(StepKind.PutBack);
        int count = (before?.Count ?? 0) + 1;
        var deployed = failed.State as GenerationState.Deploying;
        GenerationState taken = known.Next is null
            ? new GenerationState.Issued(failed.Chain!, deployed?.IssuedAt ?? now, deployed?.Issuer)
            : new GenerationState.Superseded(failed.Chain!, now); // a later one is made already
        known = known.With(failed with { State = taken })
            .WithoutSetback(StepKind.PutBack);
        return known with
        {
            Setbacks = known.Setbacks.Add(new(
                StepKind.PutBack, before?.FirstAt ?? now, now, count,
                now + Backoff.After(StepKind.PutBack, certain: true, count, now - (before?.FirstAt ?? now)),
                back.Reason,
                "see why the mail server does not take on live/: its log, its configuration, its reload")),
        };
    }

    private static CertificateFacts Deployed(this CertificateFacts known, bool reloaded, DateTimeOffset now) =>
        reloaded && known.Current is { State: GenerationState.Deploying deploying } current
            ? known.With(current with { State = deploying with { ReloadedAt = now } })
            : known;

    private static CertificateFacts Finish(
        this CertificateFacts known, Step step, DateTimeOffset now)
    {
        switch (step)
        {
            case Step.Promote when WasForgotten(known, now):
                return known;
            case Step.Promote promote:
                return known
                    .With(known.Find(promote.Generation)! with
                    {
                        State = new GenerationState.Preparing(now),
                        KeyCreatedAt = now,
                    })
                    .Answer(promote.Generation);
            case Step.Archive archive:
                if (known.Find(archive.Generation) is not { } ended)
                    return known; // a key that was never written down

                bool wasInService = ended.State is GenerationState.Superseded;
                if (Aborting.AskedBack(known)?.Number == archive.Generation)
                    known = known with { Abort = known.Abort! with { Generation = null } }; // no older one in its place
                known = known.With(ended with { State = new GenerationState.Archived(now) });

                // What was asked for and is lost before it served is still asked for.
                return known.Request is { } request && request.Generation == archive.Generation
                    && !wasInService ? known with { Request = request with { Generation = null } }
                    : known.IsAnswered() ? known with { Request = null }
                    : known;
            default:
                throw new InvalidOperationException($"step '{step.Describe()}' has another outcome");
        }
    }

    /// <summary>
    /// Whether what was asked for is done: the generation that answers went into service, and in an emergency every
    /// older one is over.
    /// </summary>
    public static bool IsAnswered(this CertificateFacts known) =>
        known.Request is { Generation: { } answer } request
        && known.Find(answer)?.State is GenerationState.Live or GenerationState.Superseded or GenerationState.Archived
        && (!request.Emergency || !known.Generations.Any(g => g.State is GenerationState.Superseded));

    private static CertificateFacts Answer(this CertificateFacts known, int generation) =>
        known.Request is { Generation: null } request
            ? known with { Request = request with { Generation = generation } }
            : known;

    private static Setback? SetbackOf(CertificateFacts known, Step step, StepOutcome outcome, DateTimeOffset now)
    {
        Setback? before = known.SetbackOf(step.Kind, step.Subject);
        DateTimeOffset first = before?.FirstAt ?? now;
        int failures = before?.Count ?? 0;
        return outcome switch
        {
            StepOutcome.Refused refused => Failed(
                certain: true, refused.RetryAt, refused.Reason, refused.Remedy),
            StepOutcome.Unknown unknown => Failed(certain: false, null, unknown.Reason, unknown.Remedy),

            // The answer is fresh for less than the time after which an unseen set is published again.
            StepOutcome.Differs differs => new(
                step.Kind, first, now, failures + 1, now + Backoff.Patience(now - first),
                $"the provider held [{differs.Found}], which was not expected",
                "nothing when this is rare; otherwise find out who else changes these records", step.Subject),
            StepOutcome.Later later => new(
                step.Kind, first, now, failures, Latest(now + Backoff.Patience(now - first), later.RetryAt),
                later.Reason, "nothing: it is asked again then", step.Subject, Patience: true),

            // Whether it helped is for the next look to say.
            StepOutcome.Deployed deployed when step is Step.Reload reload => Failed(
                certain: true, null, $"{deployed.Summary}; it was not seen at every address since",
                Unserved.Remedy(reload.Certificate), patience: true),
            _ => null,
        };

        // What the other side names may be later than the usual rest, never earlier: it may name a time that is past.
        Setback Failed(
            bool certain, DateTimeOffset? retryAt, string reason, string remedy, bool patience = false) => new(
            step.Kind, first, now, failures + 1,
            Latest(now + Backoff.After(step.Kind, certain, failures + 1, now - first), retryAt),
            reason, remedy, step.Subject, patience);
    }

    private static DateTimeOffset Latest(DateTimeOffset a, DateTimeOffset? b) => b > a ? b.Value : a;

    private static string OwnerOf(Step step) => step switch
    {
        Step.Publish publish => publish.Owner,
        Step.Withdraw withdraw => withdraw.Owner,
        _ => throw new InvalidOperationException($"step '{step.Describe()}' changes no owner"),
    };

    private static RecordSet TargetOf(Step step) => step switch
    {
        Step.Publish publish => publish.Target,
        Step.Withdraw withdraw => withdraw.Target,
        _ => throw new InvalidOperationException($"step '{step.Describe()}' changes no owner"),
    };
}

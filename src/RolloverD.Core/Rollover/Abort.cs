using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>The operator took a rollover back.</summary>
/// <param name="At">When.</param>
/// <param name="Until">Until when nothing begins by itself again.</param>
/// <param name="Generation">The generation that is given up; null when none is.</param>
public sealed record Abort(DateTimeOffset At, DateTimeOffset Until, int? Generation);

/// <summary>What aborting means where a certificate stands.</summary>
public abstract record Abortion
{
    private Abortion()
    {
    }

    /// <summary>What happens, or why nothing can, in one sentence for people.</summary>
    public abstract string Describe();

    /// <summary>There is nothing to take back.</summary>
    public sealed record Nothing(string Reason) : Abortion
    {
        public override string Describe() => Reason;
    }

    /// <summary>A rollover was asked for and not begun: it is forgotten.</summary>
    public sealed record Forget : Abortion
    {
        public override string Describe() => "the rollover that was asked for had not begun and is forgotten";
    }

    /// <summary>The next generation is given up before any mail server got it.</summary>
    public sealed record GiveUp(int Generation, bool StandsByAgain) : Abortion
    {
        public override string Describe() => StandsByAgain
            ? $"generation {Generation} is not in service: its key stands by again, its record stays published"
            : $"generation {Generation} is not in service: it is given up, its records are withdrawn, its key is "
                + "destroyed";
    }

    /// <summary>The generation before is put back, verified, and then the one that it replaces withdrawn.</summary>
    public sealed record GoBack(int Generation, int Failed) : Abortion
    {
        public override string Describe() =>
            $"generation {Generation} is put back in place of {Failed} and verified; the records of {Failed} are "
            + "withdrawn when the rollback window has passed";
    }
}

/// <summary>Takes a rollover back from wherever it stands, by facts alone: the planner does the rest.</summary>
public static class Aborting
{
    /// <summary>How long nothing begins by itself, unless the certificate would end too soon.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromDays(1);

    /// <summary>What aborting would do now.</summary>
    public static Abortion Of(Desired desired, Facts facts, string name, DateTimeOffset now)
    {
        DesiredCertificate certificate = desired.Certificates[name];
        CertificateFacts known = facts.Certificate(name);
        if (known.Next is { } next)
        {
            return new Abortion.GiveUp(
                next.Number,
                certificate.KeyPolicy == KeyPolicy.Standby
                    && known.StandbyKey is null
                    && next.Algorithm == certificate.Key
                    && known.Current is { } current
                    && !next.Key.Equals(current.Key));
        }

        if (known.Request is { Generation: null })
            return new Abortion.Forget();

        return known.Current switch
        {
            null => new Abortion.Nothing("nothing has begun yet"),
            { State: GenerationState.Deploying } going when going.Number == known.Abort?.Generation =>
                new Abortion.Nothing($"generation {going.Number} is being taken back already"),
            { } back when known.Abort?.Generation is { } failed && back.Number != failed
                && known.Find(failed)?.State is GenerationState.Superseded taken
                && CameBack(known, back, taken) => new Abortion.Nothing(
                    $"generation {failed} was taken back already: {back} is in its place; "
                    + $"'rolloverd roll {name}' begins a new one"),
            { State: GenerationState.Live } going when AskedBack(known) is { } asked && asked.Chain?.NotAfter > now =>
                new Abortion.Nothing(
                    $"generation {going.Number} is being taken back already: {asked.Number} is to be put in its place"),
            { } c when Before(desired, known, c, now) is { } earlier => new Abortion.GoBack(earlier.Number, c.Number),
            { State: GenerationState.Deploying } first => new Abortion.Nothing(
                $"generation {first.Number} is the first one that RolloverD deploys: there is none to go back to; "
                + "it goes on until it is verified"),
            { } live => new Abortion.Nothing(
                $"nothing is under way: generation {live.Number} is in service, and none before it can be put back; "
                + $"'rolloverd roll {name}' moves to another one, 'rolloverd roll {name} --new-key' to another key"),
        };
    }

    /// <summary>The facts after the operator aborted.</summary>
    public static Facts Take(this Facts facts, Abortion abortion, string name, DateTimeOffset now)
    {
        CertificateFacts known = facts.Certificate(name);
        if (abortion is Abortion.Nothing)
            return facts;

        if (abortion is Abortion.GiveUp { StandsByAgain: true } ready)
            known = known.With(known.Find(ready.Generation)! with { State = new GenerationState.Standby() });

        int? generation = abortion switch
        {
            Abortion.GiveUp { StandsByAgain: false } given => given.Generation,
            Abortion.GoBack back => back.Failed,
            _ => null,
        };
        return facts.With(known with { Request = null, Abort = new(now, now + RestOf(known, now), generation) });
    }

    /// <summary>
    /// The generation that an abort asked for and that is not back yet. Whether it may be had back was judged when it
    /// was asked for: the rollback window may pass while nobody looks, or while DNS cannot be heard.
    /// </summary>
    public static Generation? AskedBack(CertificateFacts known) =>
        known.Abort is { Generation: { } failed } abort && known.Current is { } current && current.Number == failed
            ? Latest(known, current, abort.At)
            : null;

    // What was taken out may stay superseded for long, and the generation that came back have been replaced since.
    private static bool CameBack(CertificateFacts known, Generation back, GenerationState.Superseded taken) =>
        !known.Generations.Any(g =>
            (g.State is GenerationState.Live live && g.Number != back.Number && live.VerifiedAt > taken.At)
            || (g.State is GenerationState.Superseded later && later.At > taken.At));

    // One that is in service, or was and whose records are still wanted.
    private static Generation? Before(
        Desired desired, CertificateFacts known, Generation current, DateTimeOffset now) =>
        current.State is GenerationState.Live live
            && now >= live.VerifiedAt + Wanted.Overlap(desired.Timing, known)
            ? null
            : Latest(known, current, now);

    // Null when there is none, or its certificate has ended.
    private static Generation? Latest(CertificateFacts known, Generation current, DateTimeOffset now) =>
        known.Generations
            .Where(g => g.Number != current.Number && g.Chain?.NotAfter > now && g.State switch
            {
                GenerationState.Live => true,
                GenerationState.Superseded => current.State is GenerationState.Live,
                _ => false,
            })
            .MaxBy(g => g.State switch
            {
                GenerationState.Live live => (true, live.VerifiedAt),
                GenerationState.Superseded superseded => (false, superseded.At),
                _ => default,
            });

    // A certificate that is due must not end while it rests.
    private static TimeSpan RestOf(CertificateFacts known, DateTimeOffset now)
    {
        TimeSpan left = known.Current?.Chain is { } chain ? (chain.NotAfter - now) / 4 : Rest;
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left < Rest ? left : Rest;
    }
}

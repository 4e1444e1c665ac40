using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>When a new generation begins, and with which key.</summary>
internal static class Renewal
{
    public static Step? Begin(Situation s)
    {
        CertificateFacts known = s.Known;
        if (known.Next is { } next)
            return GiveUp(s, next);

        if (known.Current is not { } current)
            return Rests(s, "the first generation") ? null : NewKey(s, forStandby: false, "no generation exists yet");

        GenerationState.Live? live = current.State switch
        {
            GenerationState.Live verified => verified,
            GenerationState.Deploying deploying when Deployment.IsAsFarAsItGets(s) =>
                new(deploying.Chain, deploying.IntendedAt),
            _ => null,
        };
        if (live is null)
            return null; // RFC 7671 §8.4: one change at a time

        if (Cause(s, current, live) is not { } cause || Rests(s, $"a rollover, because {cause.Why},"))
            return StandbyKey(s);

        if (!cause.NewKey)
        {
            return new Step.KeepKey(s.Certificate.Name, known.NextNumber, current.Number, cause.Why);
        }

        return known.StandbyKey is { } standby && standby.Algorithm == s.Certificate.Key
            ? new Step.Promote(s.Certificate.Name, standby.Number, cause.Why)
            : NewKey(s, forStandby: false, cause.Why);
    }

    // A renewal that keeps the key, under way when a new key is asked for, would put a compromised key into service
    // anew. A key is gone when its end was begun, the program was killed and the reason is no more; or when somebody
    // deleted it.
    private static Step.Archive? GiveUp(Situation s, Generation next)
    {
        string? why =
            s.Known.Abort?.Generation == next.Number ? "the rollover was aborted"
            : s.Observation.KeysGone.Contains(next.Number) ? "its key is not on the disk any more"
            : s.Known.Request is { NewKey: true, Generation: null } && next.Key.Equals(s.Known.Current?.Key)
                ? "a new key was asked for, and this generation has the old one"
            : next.Algorithm != s.Certificate.Key
                && (s.Known.Current is not { State: GenerationState.Deploying } current
                    || s.Observation.LiveGeneration == current.Number)
                ? $"the configuration asks for a key of another kind, {s.Certificate.Key}"
            : null;
        return why is null ? null : new(s.Certificate.Name, next.Number, why);
    }

    private static bool Rests(Situation s, string what)
    {
        if (s.Known.Request is not null || s.Known.Abort is not { } abort || s.Now >= abort.Until)
            return false;

        s.Hold(
            Gate.Rest, s.Certificate.Name, abort.Until,
            $"{what} would begin now, but one was aborted at {abort.At:u}",
            $"nothing: it begins by itself then; 'rolloverd roll {s.Certificate.Name}' begins it at once");
        return true;
    }

    private static (bool NewKey, string Why)? Cause(Situation s, Generation current, GenerationState.Live live)
    {
        Chain chain = live.Chain;
        DesiredCertificate certificate = s.Certificate;
        if (s.Known.Request is { Generation: null, NewKey: true } request)
            return (true, request.Emergency ? "an emergency roll was asked for" : "a roll to a new key was asked for");

        if (current.Algorithm != certificate.Key)
            return (true, $"the configuration asks for a key of another kind, {certificate.Key}");

        if (s.Known.Request is { Generation: null })
            return (false, "a roll with the same key was asked for");

        DateTimeOffset keyEnds = current.KeyCreatedAt + certificate.RotateAfter;
        if (s.Now >= keyEnds)
            return (true, $"the key is older than rotate-after, {certificate.RotateAfter.TotalDays:0.#} days");

        // An issuer may add names of its own; asking again would not make them go away.
        if (certificate.Names.Except(chain.Leaf.DnsNames, StringComparer.OrdinalIgnoreCase)
            .FirstOrDefault() is { } missing)
            return (false, $"the certificate lacks the configured name {missing}");

        DateTimeOffset due = RenewalTime.Of(certificate, chain);
        DateTimeOffset used = live.VerifiedAt + RenewalTime.ShortestUse(chain, s.Desired.Timing);
        if (due < used && !WasPutBack(s.Known, current))
            due = used;
        if (s.Now >= due)
            return (MayRotate(certificate, current), $"the certificate ends on {chain.NotAfter:u}");

        s.WakeAt(due < keyEnds ? due : keyEnds, s.Now);
        return null;
    }

    // As long as an address keeps the current one from being verified, no record can go, and each new key adds one:
    // senders give up at sets that are too large.
    private static bool MayRotate(DesiredCertificate certificate, Generation current) =>
        certificate.KeyPolicy == KeyPolicy.Rotate && current.State is GenerationState.Live;

    // It was in use before, and may be near its end.
    private static bool WasPutBack(CertificateFacts known, Generation current) => known.Generations.Any(g =>
        g.Number > current.Number && g.State is (GenerationState.Superseded or GenerationState.Archived));

    private static Step.GenerateKey? StandbyKey(Situation s) =>
        s.Certificate.KeyPolicy == KeyPolicy.Standby
        && s.Known.StandbyKey?.Algorithm != s.Certificate.Key
            ? NewKey(s, forStandby: true, "the policy keeps the next key ready")
            : null;

    private static Step.GenerateKey NewKey(Situation s, bool forStandby, string why) =>
        new(s.Certificate.Name, s.Known.NextNumber, s.Certificate.Key, forStandby, why);
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>A step that is foreseen.</summary>
/// <param name="At">Its earliest time.</param>
/// <param name="Step">The step; keys and certificates that do not exist yet are imagined ones.</param>
/// <param name="Text">
/// The step in one sentence, in which imagined data is named by its generation and not spelled out.
/// </param>
public sealed record ForecastStep(DateTimeOffset At, Step Step, string Text);

/// <summary>
/// Runs the planner forward over a model of the world in which every step succeeds, every server serves the latest set
/// at once and every address shows what was deployed. What it gives are earliest times, not promises.
/// </summary>
public static class Forecast
{
    private const int MostSteps = 40;
    private const int MostDecisions = 2000;
    private const string ImaginedIssuer = "the issuer's CA";

    /// <summary>The coming steps until the certificate is steady; for a steady one those of its next renewal.</summary>
    public static ImmutableArray<ForecastStep> Run(
        Desired desired, Facts facts, Observation observation, string name, DateTimeOffset now)
    {
        DesiredCertificate certificate = desired.Certificates[name];
        var steps = ImmutableArray.CreateBuilder<ForecastStep>();
        var imagined = new Dictionary<string, string>();
        bool renewing = false;
        for (int i = 0; i < MostDecisions && steps.Count < MostSteps; i++)
        {
            Plan plan = Planner.Next(desired, facts, observation, name, now);
            if (plan.Next is { } step)
            {
                steps.Add(new(now, step, Tell(step, imagined)));
                StepOutcome outcome = Imagine(facts, certificate, step, now);
                facts = facts.Intend(step, now).Complete(step, outcome, now);
                Remember(imagined, facts.Certificate(name), step, outcome);
            }
            else if (plan.Holds.IsEmpty && facts.Certificate(name).Current is { State: GenerationState.Live } current)
            {
                if (steps.Count > 0 || renewing)
                    break;

                renewing = true;
                DateTimeOffset keyEnds = current.KeyCreatedAt + certificate.RotateAfter;
                DateTimeOffset due = RenewalTime.Of(certificate, current.Chain!);
                now = Latest(now, due < keyEnds ? due : keyEnds);
            }
            else
            {
                now = Latest(now + TimeSpan.FromMilliseconds(200), plan.WakeAt);
            }

            observation = Imagine(desired, facts, certificate, observation, now);
            facts = facts.Observe(certificate, observation, desired.Timing);
        }

        return steps.ToImmutable();
    }

    private static DateTimeOffset Latest(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static Observation Imagine(
        Desired desired, Facts facts, DesiredCertificate certificate, Observation before, DateTimeOffset now)
    {
        CertificateFacts known = facts.Certificate(certificate.Name);
        return new(
            certificate.Endpoints
                .Select(e => (e.TlsaName, facts.EndpointOf(e).Owner))
                .Concat(Orphans.LookedAfterBy(desired, facts, certificate.Name).Select(o => (TlsaName: o, Owner: o)))
                .DistinctBy(e => e.TlsaName)
                .ToImmutableDictionary(
                    e => e.TlsaName,
                    e => Serving(facts, e.TlsaName, e.Owner, before.Owners.GetValueOrDefault(e.TlsaName), now)),
            certificate.Endpoints.ToImmutableDictionary(
                e => e,
                e => Showing(desired, facts, e, now)),
            [.. certificate.Deployments.Select(d => new MailServerOutcome.Done(d.Type))],
            known.Current?.Number);
    }

    private static OwnerObservation Serving(
        Facts facts, string name, string owner, OwnerObservation? before, DateTimeOffset now)
    {
        RecordSet latest = facts.Owner(owner).Latest ?? RecordSet.Absent;
        var set = new DnsRecordSet(
            owner, DnsRecordType.Tlsa, latest.Ttl, [.. latest.Records.Select(r => r.ToString())]);
        AnswerContent content = latest.IsAbsent
            ? new AnswerContent.Absent(true)
            : new AnswerContent.Serves(set, now + TimeSpan.FromDays(14));
        return new(
            name, owner, before?.Zone ?? owner, DnsRecordType.Tlsa, now, now, before?.Aliases ?? [],
            new ZoneSecurity.Secure(), TimeSpan.Zero, [new("every server", "", content)],
            new ResolverView.Validated(set));
    }

    // Once a generation is in service every address shows it, and what other certificates have in service there.
    private static EndpointObservation Showing(Desired desired, Facts facts, Endpoint endpoint, DateTimeOffset now)
    {
        Chain[] deployed =
        [
            .. desired.Certificates.Values
                .Where(c => c.Endpoints.Contains(endpoint))
                .Select(c => facts.Certificate(c.Name).Current?.Chain)
                .OfType<Chain>(),
        ];
        EndpointFacts known = facts.EndpointOf(endpoint);
        IEnumerable<Chain> chains = deployed.Length > 0 ? deployed : known.Seen;
        ImmutableArray<Presented> shown = [.. chains.Select(c => new Presented.Shows(c, "TLS"))];
        IEnumerable<string> addresses = known.Addresses.Where(a => a.LeftAt is null).Select(a => a.Address);
        return new(
            endpoint, now, now, null,
            [.. addresses.DefaultIfEmpty("every address").Select(a => new AddressObservation(a, shown))]);
    }

    private static StepOutcome Imagine(Facts facts, DesiredCertificate certificate, Step step, DateTimeOffset now)
    {
        CertificateFacts known = facts.Certificate(certificate.Name);
        return step switch
        {
            Step.GenerateKey make => new StepOutcome.KeyReady(NewKey(make)),
            Step.KeepKey keep => new StepOutcome.KeyReady(known.Find(keep.From)!.Key),
            Step.Publish publish => new StepOutcome.Published(publish.Target),
            Step.Withdraw withdraw => new StepOutcome.Published(withdraw.Target),
            Step.Issue issue => new StepOutcome.Certified(NewChain(known, certificate, issue.Generation, now)),
            Step.Deploy or Step.PutBack or Step.Reload => new StepOutcome.Deployed(true, "imagined"),
            _ => new StepOutcome.Done(),
        };
    }

    // No key of the world has such an SPKI; only its digest and its family matter here.
    private static PublicKey NewKey(Step.GenerateKey make)
    {
        byte[] family = make.Algorithm switch
        {
            KeyAlgorithm.EcdsaP256 or KeyAlgorithm.EcdsaP384 => [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
            KeyAlgorithm.Ed25519 => [0x2b, 0x65, 0x70],
            _ => [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
        };
        return new([.. family, .. BitConverter.GetBytes(make.Generation)]);
    }

    private static string Tell(Step step, Dictionary<string, string> imagined)
    {
        string text = step.Describe();
        foreach ((string data, string name) in imagined)
            text = text.Replace(data, name, StringComparison.Ordinal);
        return text;
    }

    private static void Remember(
        Dictionary<string, string> imagined, CertificateFacts known, Step step, StepOutcome outcome)
    {
        if (step is Step.GenerateKey make && outcome is StepOutcome.KeyReady ready)
        {
            imagined[ready.Key.Sha256] = $"(key of generation {make.Generation})";
            imagined[ready.Key.Sha512] = $"(key of generation {make.Generation})";
        }
        else if (step is Step.Issue issue && known.Find(issue.Generation)?.Chain is { } chain)
        {
            imagined[chain.Leaf.Sha256] = $"(certificate of generation {issue.Generation})";
            imagined[chain.Leaf.Sha512] = $"(certificate of generation {issue.Generation})";
            foreach (ChainCertificate ca in chain.Ancestors.Where(a => a.Subject == ImaginedIssuer))
            {
                foreach (string data in (string[])[ca.Sha256, ca.Sha512, ca.Key.Sha256, ca.Key.Sha512])
                    imagined[data] = "(CA of the issuer)";
            }
        }
    }

    private static Chain NewChain(
        CertificateFacts known, DesiredCertificate certificate, int generation, DateTimeOffset now)
    {
        Chain? like = known.Current?.Chain;
        TimeSpan lifetime = like is null ? TimeSpan.FromDays(90) : like.Leaf.NotAfter - like.Leaf.NotBefore;
        var leaf = new ChainCertificate(
            [.. BitConverter.GetBytes(generation), .. BitConverter.GetBytes(now.Ticks)],
            known.Find(generation)!.Key.Spki,
            $"generation {generation}, to be issued",
            certificate.Names,
            now,
            now + lifetime,
            isCa: false);
        var issuer = new ChainCertificate(
            [1], [1], ImaginedIssuer, [], now, now + (2 * lifetime), isCa: true);
        return new(leaf, like is { Ancestors.IsEmpty: false } ? like.Ancestors : [issuer]);
    }
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>A step that is foreseen and its earliest time.</summary>
public sealed record ForecastStep(DateTimeOffset At, Step Step);

/// <summary>
/// Runs the planner forward over a model of the world in which every step succeeds, every server serves the latest set
/// at once and every address shows what was deployed. What it gives are earliest times, not promises.
/// </summary>
public static class Forecast
{
    private const int MostSteps = 40;
    private const int MostDecisions = 2000;

    /// <summary>The coming steps until the certificate is steady; for a steady one those of its next renewal.</summary>
    public static ImmutableArray<ForecastStep> Run(
        Desired desired, Facts facts, Observation observation, string name, DateTimeOffset now)
    {
        DesiredCertificate certificate = desired.Certificates[name];
        var steps = ImmutableArray.CreateBuilder<ForecastStep>();
        bool renewing = false;
        for (int i = 0; i < MostDecisions && steps.Count < MostSteps; i++)
        {
            Plan plan = Planner.Next(desired, facts, observation, name, now);
            if (plan.Next is { } step)
            {
                steps.Add(new(now, step));
                facts = facts.Intend(step, now).Complete(step, Imagine(facts, certificate, step, now), now);
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

            observation = Imagine(facts, certificate, observation, now);
            facts = facts.Observe(certificate, observation);
        }

        return steps.ToImmutable();
    }

    private static DateTimeOffset Latest(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static Observation Imagine(
        Facts facts, DesiredCertificate certificate, Observation before, DateTimeOffset now)
    {
        CertificateFacts known = facts.Certificate(certificate.Name);
        return new(
            certificate.Endpoints.DistinctBy(e => e.TlsaName).ToImmutableDictionary(
                e => e.TlsaName,
                e => Serving(facts, e, before.Owners.GetValueOrDefault(e.TlsaName), now)),
            certificate.Endpoints.ToImmutableDictionary(
                e => e,
                e => Showing(facts, e, known, now)),
            [.. certificate.Deployments.Select(d => new MailServerOutcome.Done(d.Type))],
            known.Current?.Number);
    }

    private static OwnerObservation Serving(
        Facts facts, Endpoint endpoint, OwnerObservation? before, DateTimeOffset now)
    {
        string owner = facts.EndpointOf(endpoint).Owner;
        RecordSet latest = facts.Owner(owner).Latest ?? RecordSet.Absent;
        var set = new DnsRecordSet(
            owner, DnsRecordType.Tlsa, latest.Ttl, [.. latest.Records.Select(r => r.ToString())]);
        AnswerContent content = latest.IsAbsent
            ? new AnswerContent.Absent(true)
            : new AnswerContent.Serves(set, now + TimeSpan.FromDays(14));
        return new(
            endpoint.TlsaName, owner, before?.Zone ?? owner, DnsRecordType.Tlsa, now, now, before?.Aliases ?? [],
            new ZoneSecurity.Secure(), TimeSpan.Zero, [new("every server", "", content)], new ResolverView.Validated(set));
    }

    private static EndpointObservation Showing(
        Facts facts, Endpoint endpoint, CertificateFacts known, DateTimeOffset now)
    {
        HashSet<ChainCertificate> own = [.. known.Generations.Select(g => g.Chain?.Leaf).OfType<ChainCertificate>()];
        Chain[] shown =
        [
            .. facts.EndpointOf(endpoint).Seen.Where(c =>
                known.Current?.Chain is not { } current
                || (!own.Contains(c.Leaf) && c.Key.Family != current.Key.Family)),
            .. known.Current?.Chain is { } live ? [live] : (Chain[])[],
        ];
        return new(
            endpoint, now, now, null,
            [new("every address", [.. shown.Select(c => new Presented.Shows(c, "TLS"))])]);
    }

    private static StepOutcome Imagine(Facts facts, DesiredCertificate certificate, Step step, DateTimeOffset now)
    {
        CertificateFacts known = facts.Certificate(certificate.Name);
        return step switch
        {
            Step.GenerateKey make => new StepOutcome.KeyReady(NewKey(make.Generation)),
            Step.KeepKey keep => new StepOutcome.KeyReady(known.Find(keep.From)!.Key),
            Step.Publish publish => new StepOutcome.Published(publish.Target),
            Step.Withdraw withdraw => new StepOutcome.Published(withdraw.Target),
            Step.Issue issue => new StepOutcome.Certified(NewChain(known, certificate, issue.Generation, now)),
            Step.Deploy or Step.PutBack => new StepOutcome.Deployed(true, "imagined"),
            _ => new StepOutcome.Done(),
        };
    }

    // No key of the world has such an SPKI; only its digest matters here.
    private static PublicKey NewKey(int generation) =>
        new([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, .. BitConverter.GetBytes(generation)]);

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
            [1], [1], "its issuer", [], now, now + (2 * lifetime), isCa: true);
        return new(leaf, like is { Ancestors.IsEmpty: false } ? like.Ancestors : [issuer]);
    }
}

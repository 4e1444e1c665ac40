using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Core.Tests.Support;

/// <summary>
/// A certificate for two mail hosts over months, turn by turn as the engine takes them. Where no test says otherwise
/// mx1 shows what live/ leads to, mx2 does not answer, and every step succeeds at once.
/// </summary>
internal sealed class TwoHosts
{
    public static readonly Endpoint Mx2 = new("mx2.example.net", 25);
    public static readonly DesiredCertificate Both = Some.Certificate with { Endpoints = [Some.Mx, Mx2] };

    private static readonly Presented.Unreachable Dead = new("connection refused");
    private readonly Dictionary<int, Chain> chains = [];

    public TwoHosts(DesiredCertificate certificate, DateTimeOffset time, int live, Facts facts)
    {
        (Certificate, Time, Live, Facts) = (certificate, time, live, facts);
    }

    /// <summary>These generations, with the records of them all at both hosts, which showed this chain last.</summary>
    public static TwoHosts Of(
        DesiredCertificate certificate, DateTimeOffset time, int live, Chain shown,
        params ImmutableArray<Generation> generations)
    {
        TlsaRecord[] records = [.. generations.SelectMany(g => Wanted.RecordsOf(g, certificate.Tlsa)).Distinct()];
        return new(certificate, time, live, Given.Facts(
            [Given.Certificate("mx1", generations)],
            certificate.Endpoints.Select(e => Given.Ledger(Some.Set([.. records]), e.TlsaName)),
            certificate.Endpoints.Select(e => Given.Seen(e, shown) with { TakenOverAt = Some.Start })));
    }

    public DesiredCertificate Certificate { get; set; }

    public Facts Facts { get; set; }

    public DateTimeOffset Time { get; set; }

    /// <summary>Where the live link leads; 0 before the first.</summary>
    public int Live { get; private set; }

    public Func<TwoHosts, Presented> AtMx1 { get; set; } = h => Shows(h.ChainOf(h.Live));

    public Func<TwoHosts, Presented> AtMx2 { get; set; } = _ => Dead;

    /// <summary>What comes of a reload.</summary>
    public StepOutcome Reload { get; set; } = new StepOutcome.Deployed(true, "reloaded");

    /// <summary>For how many days certificates are valid.</summary>
    public double Days { get; set; } = 90;

    public List<string> Steps { get; } = [];

    public CertificateFacts Known => Facts.Certificate("mx1");

    public Desired Desired => Some.Desired(Certificate);

    public string Story => string.Join("\n", [
        $"{Time:u}, live {Live}", .. Steps.TakeLast(40), .. Known.Generations.Select(g => g.ToString()),
        .. Known.Holds.Select(h => h.ToString()),
    ]);

    public static Presented.Shows Shows(Chain chain) => new(chain, "TLSv1.3");

    public Chain ChainOf(int number)
    {
        if (Known.Find(number)?.Chain is { } chain)
            chains[number] = chain;
        return chains[number];
    }

    public void Ask(bool newKey, bool emergency) =>
        Facts = Facts.With(Known.Ask(newKey, emergency, Time));

    public Abortion Abortion => Aborting.Of(Desired, Facts, "mx1", Time);

    public void Abort() => Facts = Facts.Take(Abortion, "mx1", Time);

    /// <summary>Takes turns at this pace, each step a second after the one before, until then or until that.</summary>
    public void Run(DateTimeOffset until, TimeSpan pace, Func<TwoHosts, bool>? stop = null)
    {
        for (; Time < until && stop?.Invoke(this) != true; Time += pace)
        {
            for (int i = 0; i < 10 && Turns(); i++)
                Time += TimeSpan.FromSeconds(1);
        }
    }

    /// <summary>
    /// Lives through these days at this pace, hourly unless told, and mx1 must never show a certificate that has ended.
    /// </summary>
    public void NeverEnds(int days, TimeSpan? pace = null)
    {
        Run(Time.AddDays(days), pace ?? TimeSpan.FromHours(1), h => h.ChainOf(h.Live).NotAfter < h.Time);
        Xunit.Assert.True(ChainOf(Live).NotAfter > Time, Story);
    }

    private bool Turns()
    {
        Observation seen = Look.Well(Facts, Certificate, Time) with
        {
            LiveGeneration = Live == 0 ? null : Live,
            Endpoints = ImmutableDictionary<Endpoint, EndpointObservation>.Empty
                .Add(Some.Mx, new(Some.Mx, Time, Time, null, [new("192.0.2.25", [AtMx1(this)])]))
                .Add(Mx2, new(Mx2, Time, Time, null, [new("192.0.2.99", [AtMx2(this)])])),
        };
        Facts = Facts.Observe(Certificate, seen, Desired.Timing);
        Plan plan = Planner.Next(Desired, Facts, seen, "mx1", Time);
        Facts = Facts.With(Known.Waiting(plan.Holds));
        if (plan.Next is not { } step)
            return false;

        Steps.Add($"{Time:u} {step.Describe()}: {step.Reason}");
        Facts = Facts.Intend(step, Time);
        Live = step is Step.PutBack back ? back.Generation : step is Step.Deploy deploy ? deploy.Generation : Live;
        Facts = Facts.Complete(step, OutcomeOf(step), Time);
        return true;
    }

    private StepOutcome OutcomeOf(Step step) => step switch
    {
        Step.GenerateKey make => new StepOutcome.KeyReady(Some.Key(100 + make.Generation, make.Algorithm)),
        Step.KeepKey keep => new StepOutcome.KeyReady(Known.Find(keep.From)!.Key),
        Step.Publish publish => new StepOutcome.Published(publish.Target),
        Step.Withdraw withdraw => new StepOutcome.Published(withdraw.Target),
        Step.Issue issue => new StepOutcome.Certified(
            Some.Chain(Known.Find(issue.Generation)!.Key, from: Time, days: Days)),
        Step.Deploy or Step.PutBack or Step.Reload => Reload,
        _ => new StepOutcome.Done(),
    };
}

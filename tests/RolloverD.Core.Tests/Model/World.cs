using System.Collections.Immutable;
using System.Globalization;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;

namespace RolloverD.Core.Tests.Model;

/// <summary>What a run is made of; its text repeats it.</summary>
internal sealed record Scenario(
    int Seed, KeyPolicy Policy, string Tlsa, string Before, int Servers, bool HiddenPrimary, int Addresses, bool Faults)
{
    public static readonly string[] TlsaLists = ["3 1 1", "3 0 1", "2 1 1", "2 1 1,3 1 1", "3 1 1,3 1 2"];

    public static readonly string[] Befores = ["", "3 1 1", "2 1 1", "3 1 2", "3 0 1"];
}

/// <summary>
/// A zone, a mail host, an issuer and every sender there could be, and the rules of the core driving them as the engine
/// does, with crashes at any point. Whether mail is refused is judged by what is really given out and shown, and by
/// <see cref="Verdict"/>; never by the ledger.
/// </summary>
internal sealed class World
{
    private const string Name = "mx1";
    private readonly Scenario scenario;
    private readonly Random random;
    private readonly Timeline time;
    private readonly Zone zone;
    private readonly MailHost host;
    private readonly Desired desired;
    private readonly HashSet<TlsaRecord> byHand = [];
    private Facts facts = Facts.None;
    private bool faults;
    private bool chaos = true;
    private int ca = 1;

    public World(Scenario scenario)
    {
        this.scenario = scenario;
        faults = scenario.Faults;
        random = new(scenario.Seed);
        time = new(Some.Start, Check);
        Chain stranger = Some.Chain(Some.Key(77, KeyFamily.Rsa), ca: 9, days: 900);
        RecordSet before = scenario.Before.Length == 0
            ? RecordSet.Absent
            : new([Some.Record(scenario.Before, stranger)], TimeSpan.FromHours(random.Next(1, 7)));
        Certificate = Some.Certificate with
        {
            KeyPolicy = scenario.Policy,
            RotateAfter = TimeSpan.FromDays(9),
            Tlsa = [.. scenario.Tlsa.Split(',').Select(Some.Parameters)],
        };
        desired = Some.Desired(Certificate) with
        {
            Timing = new(TimeSpan.FromMinutes(random.Next(1, 90)), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30)),
        };
        zone = new(time, random, scenario.Servers, scenario.HiddenPrimary, before)
        {
            ForcedTtl = random.Next(4) == 0 ? TimeSpan.FromHours(2) : null,
            Sloppiness = TimeSpan.FromMinutes(4),
        };
        host = new(time, random, scenario.Addresses, stranger, readsByItself: random.Next(2) == 0)
        {
            LongestDrain = TimeSpan.FromSeconds(100),
        };
    }

    public DesiredCertificate Certificate { get; }

    public List<string> Journal { get; } = [];

    public string Holds =>
        string.Join('\n', facts.Certificate(Name).Holds.Select(h => $"{h.Gate} since {h.Since:u}: {h.Reason}"));

    /// <summary>Lets the daemon run for so long, with whatever goes wrong.</summary>
    public void Run(TimeSpan duration)
    {
        DateTimeOffset end = time.Now + duration;
        while (time.Now < end)
        {
            if (chaos)
                Interfere();
            time.Advance(Earlier(Tick(), end));
            Check();
        }
    }

    /// <summary>Everything works from here on.</summary>
    public void Calm() => (faults, chaos) = (false, false);

    /// <summary>What is not as it should be after a long calm; null when all is well.</summary>
    public string? Complaint()
    {
        CertificateFacts known = facts.Certificate(Name);
        TlsaRecord[] expected = [.. Wanted.At(desired, facts, Some.Owner, time.Now).Union(byHand)
            .Union(zone.Held.Records.Except(facts.Owner(Some.Owner).Ours)).Order()];
        return known.Current is not { State: GenerationState.Live live } ? "nothing is in service"
            : live.Chain.NotAfter <= time.Now ? "the certificate has ended"
            : !host.Presented.SequenceEqual([live.Chain]) ? "something else is served"
            : !zone.Held.Records.SequenceEqual(expected)
                ? $"the zone holds {zone.Held}, expected {string.Join(", ", expected)}"
            : known.Generations.Count(g => g.State is GenerationState.Superseded) > 1
                ? "old generations are not archived"
            : null;
    }

    // Every sender there could be, at this instant: any set in use, any chain presented.
    private void Check()
    {
        foreach (RecordSet set in zone.InUse)
        {
            TlsaFinding finding = set.IsAbsent ? new TlsaFinding.None("none") : new TlsaFinding.Secure(set);
            foreach (Chain chain in host.Presented)
            {
                Verdict verdict = Verdict.Of(finding, new Presented.Shows(chain, ""), [Some.Mx.Host], time.Now);
                if (!verdict.Delivers)
                {
                    throw new InvalidOperationException(
                        $"{scenario}: mail is refused at {time.Now:u}: "
                        + $"a sender holds [{set}] and meets {chain}: {verdict}\n"
                        + string.Join('\n', Journal.TakeLast(40)));
                }
            }
        }
    }

    private DateTimeOffset Tick()
    {
        Observation seen = Observe();
        facts = facts.Observe(Certificate, seen);
        Plan plan = Planner.Next(desired, facts, seen, Name, time.Now);
        facts = facts.With(facts.Certificate(Name) with { Holds = plan.Holds });
        if (plan.Next is not { } step || Crashes())
            return plan.Next is null ? plan.WakeAt : time.Now;

        Facts before = facts;
        facts = facts.Intend(step, time.Now);
        Note(step.Describe());
        if (Crashes())
            return time.Now;

        StepOutcome outcome = IsSafe(before.Observe(Certificate, Observe()), step)
            ? Act(step)
            : new StepOutcome.Refused("the world changed", "");
        Check();
        if (Crashes())
            return time.Now;

        facts = facts.Complete(step, outcome, time.Now);
        Note($"  {outcome.GetType().Name}");
        return time.Now;
    }

    private bool IsSafe(Facts known, Step step) => step switch
    {
        Step.Publish publish => Safety.OfPublishing(desired, known, publish.Owner, publish.Target, time.Now).IsEmpty,
        Step.Withdraw withdraw =>
            Safety.OfPublishing(desired, known, withdraw.Owner, withdraw.Target, time.Now).IsEmpty,
        Step.Deploy deploy => Serves(deploy.Generation),
        Step.PutBack back => Serves(back.Generation),
        _ => true,
    };

    private bool Serves(int generation) =>
        Safety.OfServing(desired, facts, Certificate, facts.Certificate(Name).Find(generation)!.Chain!, time.Now)
            .IsEmpty;

    private Observation Observe() => new(
        ImmutableDictionary<string, OwnerObservation>.Empty.Add(Some.Owner, zone.Observe(Pause)),
        ImmutableDictionary<Endpoint, EndpointObservation>.Empty.Add(Some.Mx, host.Observe(Some.Mx, Pause)),
        [],
        host.LiveGeneration);

    private StepOutcome Act(Step step)
    {
        time.Advance(Pause());
        switch (step)
        {
            case Step.GenerateKey make:
                return new StepOutcome.KeyReady(Some.Key(100 + make.Generation));
            case Step.KeepKey keep:
                return new StepOutcome.KeyReady(facts.Certificate(Name).Find(keep.From)!.Key);
            case Step.Publish publish:
                return zone.Change(publish.Expected, publish.Target, faults);
            case Step.Withdraw withdraw:
                return zone.Change(withdraw.Expected, withdraw.Target, faults);
            case Step.Issue issue:
                time.Advance(TimeSpan.FromSeconds(random.Next(30)));
                return faults && random.Next(3) == 0
                    ? new StepOutcome.Refused("rateLimited", "", time.Now.AddMinutes(random.Next(60)))
                    : new StepOutcome.Certified(Some.Chain(
                        facts.Certificate(Name).Find(issue.Generation)!.Key, ca, time.Now, days: 3));
            case Step.Deploy deploy:
                return Deploy(deploy.Generation);
            case Step.PutBack back:
                return Deploy(back.Generation);
            default:
                return new StepOutcome.Done();
        }
    }

    private StepOutcome Deploy(int generation)
    {
        if (faults && random.Next(8) == 0)
            return new StepOutcome.Unknown("the mail server is not running", "");

        host.Swap(generation, facts.Certificate(Name).Find(generation)!.Chain!);
        time.Advance(Pause());
        if (Crashes())
            return new StepOutcome.Unknown("the reload failed", "");
        host.Reload(faults);
        return new StepOutcome.Deployed(true, "");
    }

    // What people and the world do, a few times a day each.
    private void Interfere()
    {
        int what = random.Next(1200);
        TimeSpan some = TimeSpan.FromMinutes(random.Next(240));
        CertificateFacts known = facts.Certificate(Name);
        if (what < 10 && faults)
            zone.Disturb(some);
        else if (what < 16 && faults)
            host.HideAnAddress(some);
        else if (what is 20)
            ca = random.Next(1, 4);
        else if (what is 21 && known.Request is null)
            facts = facts.With(known.Ask(newKey: random.Next(2) == 0, emergency: false, time.Now));
        else if (what is 22 && known is { Request: null, Current.State: GenerationState.Live })
            facts = facts.With(known.Ask(newKey: true, emergency: true, time.Now));
        else if (what is 23 or 24 && !zone.Held.IsAbsent)
            EditByHand();
    }

    private void EditByHand()
    {
        TlsaRecord record = random.Next(2) == 0
            ? Some.Record("3 1 1", Some.Key(500 + random.Next(2)))
            : Some.Record("2 1 1", Some.Chain(Some.Key(500), ca: 50));
        if (!byHand.Remove(record))
            byHand.Add(record);
        Note($"by hand: {record}");
        zone.EditByHand(record);
    }

    private bool Crashes() => faults && random.Next(40) == 0;

    private TimeSpan Pause() => TimeSpan.FromMilliseconds(random.Next(40));

    private void Note(string line) => Journal.Add(string.Create(CultureInfo.InvariantCulture, $"{time.Now:u} {line}"));

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}

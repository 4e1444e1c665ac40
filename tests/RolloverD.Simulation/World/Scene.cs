using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Simulation.Judgement;
using RolloverD.Simulation.Report;
using RolloverD.Simulation.Time;
using RolloverD.Tests.Shared;

namespace RolloverD.Simulation.World;

/// <summary>
/// The whole world of one run: servers, caches, mail servers, issuers, the daemon's host, and what befalls them. The
/// product sees it through its ports alone.
/// </summary>
internal sealed class Scene
{
    public const string ZoneName = "example.net";

    private static readonly ImmutableDictionary<string, string> Nothing = ImmutableDictionary<string, string>.Empty;

    private readonly Dictionary<string, Issuer> issuers = [];
    private readonly bool[] enabled = new bool[Enum.GetValues<Fault>().Length];
    private readonly SafetyJudge judge;
    private readonly HashSet<Chain> wereInService = [];
    private const int MostPauses = 2000; // in one turn

    private bool inDaemon;
    private int pauses;
    private int crashes;
    private int editions;
    private int exposures;
    private readonly List<(DateTimeOffset Until, TimeSpan By)> overslept = [];
    private readonly HashSet<(string Certificate, Endpoint Endpoint)> left = [];

    public Scene(Scenario scenario, Coverage coverage, History? history)
    {
        (Scenario, Coverage, History) = (scenario, coverage, history);
        Dice = new(scenario.Seed);
        Timeline = new(Scenario.Start, now => judge!.Check(now));
        Clock = new(Timeline);
        judge = new(this);
        Knowledge = new(this, judge);
        Owners = new(this, judge.LookAgain);
        Servers = new(Timeline, Dice, scenario.Servers, scenario.HiddenPrimary);
        Mail = new(Timeline, Dice, scenario, judge.LookAgain);
        Files = new(this);
        Provider = new(this);
        Store = new() { KeepsJournal = false, BeforeSync = BeforeSync, AfterSync = AfterSync };
        foreach (Fault fault in scenario.Faults)
            enabled[(int)fault] = true;
        FaultsOn = true;
        Desired = new(
            "/var/lib/rolloverd", new(["127.0.0.1:53"], null), scenario.Timing,
            ImmutableSortedDictionary<string, ProviderSettings>.Empty.AddRange(
                new[] { ZoneName, World.Owners.FirstZone, World.Owners.SecondZone }
                    .Select(z => KeyValuePair.Create(z, new ProviderSettings("simulated", Nothing)))),
            ImmutableSortedDictionary<string, ProviderSettings>.Empty,
            scenario.Certificates.ToImmutableSortedDictionary(c => c.Name, c => c));
        Beginning.Furnish(this);
    }

    public Scenario Scenario { get; }

    public Dice Dice { get; }

    public Timeline Timeline { get; }

    public HostClock Clock { get; }

    public Materials Materials { get; } = new();

    public NameServers Servers { get; }

    public Zone Zone { get; } = new();

    public MailSystem Mail { get; }

    public GenerationFiles Files { get; }

    public DnsProvider Provider { get; }

    public MemoryStore Store { get; }

    public Coverage Coverage { get; }

    public History? History { get; }

    /// <summary>What the operator wants now.</summary>
    public Desired Desired { get; private set; }

    public DateTimeOffset Now => Timeline.Now;

    public Owners Owners { get; }

    public Knowledge Knowledge { get; }

    /// <summary>The endpoints that the operator took out of the configuration; mail servers go on there.</summary>
    public IEnumerable<Endpoint> Left => left.Select(l => l.Endpoint).Distinct();

    public bool FaultsOn { get; private set; }

    public bool DiskIsFull { get; set; }

    /// <summary>How many troubles are going on.</summary>
    public int Troubles { get; set; }

    /// <summary>When the last trouble struck or ended.</summary>
    public DateTimeOffset LastTrouble { get; set; } = Scenario.Start;

    /// <summary>Whether nothing was wrong since.</summary>
    public bool IsQuietSince(DateTimeOffset then) => Troubles == 0 && LastTrouble < then;

    /// <summary>Alarms ring later than the product asked for, to save time.</summary>
    public void Oversleeps(TimeSpan by)
    {
        if (by > TimeSpan.Zero)
            overslept.Add((Now + by, by));
    }

    /// <summary>How much time was saved so since then; of several certificates at once counts more than once.</summary>
    public TimeSpan OversleptSince(DateTimeOffset then) =>
        TimeSpan.FromTicks(overslept.Where(o => o.Until > then).Sum(o => o.By.Ticks));

    /// <summary>
    /// What an operator asked to be rolled and did not abort: the chain that was in service then, and whether the key
    /// was to be a new one.
    /// </summary>
    public Dictionary<string, (Shown? From, bool NewKey)> Wishes { get; } = [];

    /// <summary>The first thing that must not be; null while all is well.</summary>
    public string? Broken { get; private set; }

    /// <summary>Runs at every point where the process may end: what is to happen at just such a moment.</summary>
    public Action? AtBoundary { get; set; }

    /// <summary>The daemon is told to stop: at its next step it is gone.</summary>
    public bool IsStopping { get; set; }

    /// <summary>Whether the code that runs now is the daemon's.</summary>
    public bool InDaemon
    {
        get => inDaemon;
        set => (inDaemon, pauses) = (value, value ? pauses : 0);
    }

    /// <summary>The product's view of the world.</summary>
    public Engine.World Ports(Desired desired) => new(
        desired,
        Clock,
        Store,
        Files,
        new Authority(this),
        new Handshake(this),
        name => DnsName.ClosestZone(name, desired.Zones.Keys) is { } zone ? (zone, Provider) : null,
        IssuerOf,
        certificate => [new MailServer(this, certificate)],
        Clock);

    public Issuer IssuerOf(string name) =>
        issuers.TryGetValue(name, out Issuer? issuer) ? issuer : issuers[name] = new(this, name);

    public bool IsEnabled(Fault fault) => FaultsOn && enabled[(int)fault];

    /// <summary>Whether a call goes wrong now, and how: one of the kinds, or null.</summary>
    public Fault? Strikes(Fault[] kinds)
    {
        if (!FaultsOn || !Dice.Chance(Scenario.CallFaults))
            return null;

        Fault fault = Dice.Pick(kinds);
        if (!enabled[(int)fault])
            return null;

        Occurs(fault);
        return fault;
    }

    public void Occurs(Fault fault)
    {
        Coverage.Occurs(fault);
        LastTrouble = Now;
        History?.Note(this, $"FAULT {fault}");
    }

    /// <summary>Time passes inside a call of the daemon.</summary>
    public void Pause(TimeSpan time)
    {
        if (InDaemon && ++pauses > MostPauses)
            throw new InvalidOperationException("one turn of the daemon does not come to an end");

        Timeline.Advance(time);
        if (IsStopping && InDaemon)
            throw new Crash("stopped");
    }

    public void BeforeEffect(string what)
    {
        History?.Note(this, $"    {what} ...");
        Boundary(Fault.CrashBeforeEffect);
    }

    public void AfterEffect(string what)
    {
        judge.Check(Now);
        Boundary(Fault.CrashAfterEffect);
    }

    public T Effect<T>(string what, bool onDisk, Func<T> does)
    {
        BeforeEffect(what);
        if (onDisk && DiskIsFull)
            throw new IOException("No space left on device");
        T result = does();
        AfterEffect(what);
        return result;
    }

    public Edition Publish(TlsaOwner owner, RecordSet set, Origin origin, DateTimeOffset called)
    {
        Edition edition = NewEdition(set, origin, owner.Held, called);
        History?.Note(this, $"{owner.Name}: the provider holds {edition}");
        return edition;
    }

    /// <summary>RolloverD puts the generation where mail servers read it.</summary>
    public void Expose(string certificate, int generation, Chain chain)
    {
        Shown shown = Mail.Known(certificate, chain)
            ?? NewShown(chain, Origin.RolloverD, generation);
        DesiredCertificate desired = Desired.Certificates[certificate];
        if (shown.ExposedAt == Now)
            judge.NoteHopeless(shown, desired);
        if (wereInService.Add(chain)) // what is put back was in service by what was known a short while ago
        {
            if (desired.Endpoints.FirstOrDefault(e => !Knowledge.HasHeardOf(e.TlsaName)) is { } unheard)
                Violation($"{unheard}: {shown} goes into service, and no name server was heard");
        }

        History?.Note(this, $"live/{certificate} leads to {shown}");
        Mail.Swap(certificate, shown);
    }

    /// <summary>RolloverD has the mail server read a chain that is in live/.</summary>
    public void Brings(Shown shown, DesiredCertificate certificate, DateTimeOffset called)
    {
        foreach (Endpoint endpoint in ServedBy(certificate))
        {
            if (Mail.At(endpoint).Any(l => l.Slots.Values.Any(processes => processes.Contains(shown))))
                continue;

            shown.IsBroughtTo(endpoint, called);
            judge.NoteHopeless(shown, endpoint);
        }
    }

    /// <summary>Where mail servers show what is in service: also where it is looked after no more.</summary>
    public IEnumerable<Endpoint> ServedBy(DesiredCertificate certificate) =>
        certificate.Endpoints.Concat(left.Where(l => l.Certificate == certificate.Name).Select(l => l.Endpoint));

    public Shown NewShown(Chain chain, Origin origin, int? generation)
    {
        var shown = new Shown(
            ++exposures,
            chain,
            Materials.Of(chain.Leaf),
            [.. chain.Ancestors.Select(Materials.Of)],
            origin,
            generation,
            Now)
        {
            ClockAhead = Clock.Offset,
        };
        Timeline.At(chain.Leaf.NotAfter + TimeSpan.FromSeconds(1), () => judge.Ended(shown));
        return shown;
    }

    public Chain StrangerChain(string issuer, KeyAlgorithm algorithm)
    {
        ImmutableArray<string> names = [.. Scenario.Certificates.SelectMany(c => c.Names).Distinct()];
        ImmutableArray<Paper> papers = IssuerOf(issuer).Certify(Materials.NewKey(algorithm), names);
        Paper leaf = Materials.Leaf(papers[0].Certificate.Key, names, Now, TimeSpan.FromDays(2000));
        return new(leaf.Certificate, [papers[1].Certificate, papers[2].Certificate]);
    }

    public void Reconfigure(Desired desired)
    {
        Endpoint[] before = [.. Desired.Certificates.Values.SelectMany(c => c.Endpoints)];
        Endpoint[] after = [.. desired.Certificates.Values.SelectMany(c => c.Endpoints)];
        foreach (DesiredCertificate certificate in Desired.Certificates.Values)
            left.UnionWith(certificate.Endpoints.Except(after).Select(e => (certificate.Name, e)));
        left.RemoveWhere(l => after.Contains(l.Endpoint));
        Desired = desired;
        foreach (Endpoint added in after.Except(before))
            judge.IsAdded(added);
        IsStopping = true;
        judge.LookAgain();
    }

    public void Violation(string what)
    {
        if (Broken is not null)
            return;

        Broken = what;
        History?.Note(this, "VIOLATION " + what);
    }

    /// <summary>From here on everything works and nobody interferes.</summary>
    public void Calm()
    {
        FaultsOn = false;
        DiskIsFull = false;
        Clock.Offset = TimeSpan.Zero;
        Servers.RepairAll();
        Zone.Repair();
        Mail.IsDown = false;
        foreach (Listener listener in Mail.Listeners)
            (listener.IsHidden, listener.RefusesUs) = (false, false);

        // Whoever sets a mail server to read live/ again reloads it, or nobody would see what he did.
        string[] pinned = [.. Mail.Pinned];
        Mail.Pinned.Clear();
        foreach (DesiredCertificate certificate in Desired.Certificates.Values)
        {
            Mail.Configured.Add(certificate.Name);
            if (pinned.Contains(certificate.Name))
                Mail.TakeOn(certificate.Name, _ => true);
        }

        Troubles = 0;
        LastTrouble = Now;
        History?.Note(this, "calm: everything works from here on");
    }

    public Edition NewEdition(RecordSet set, Origin origin, Edition? before, DateTimeOffset called) =>
        new(++editions, set, origin, before, called) { ClockAhead = Clock.Offset };

    private void AfterSync()
    {
        if (InDaemon)
            Knowledge.IsWritten();

        Boundary(Fault.CrashAfterSync);
    }

    private void BeforeSync()
    {
        if (DiskIsFull && InDaemon)
            throw new StoreException("the disk is full", "make room");
        Boundary(Fault.CrashBeforeSync);
    }

    // The process may end here; or something happens at just this moment.
    private void Boundary(Fault crash)
    {
        if (!InDaemon)
            return;

        AtBoundary?.Invoke();
        if (IsStopping)
            throw new Crash("stopped");

        if (crashes < Scenario.MostCrashes && IsEnabled(crash) && Dice.Chance(Scenario.Crashes))
        {
            crashes++;
            Occurs(crash);
            throw new Crash(crash.ToString());
        }
    }

    public void AddEndpoint(Endpoint endpoint, Shown shown)
    {
        string certificate = Scenario.Certificates.First(c => Scenario.IsServedAt(c.Name, endpoint)).Name;
        for (int i = 0; i < Scenario.Addresses; i++)
        {
            var listener = new Listener(endpoint, $"198.51.100.{Mail.Listeners.Count + 1}");
            Mail.Listeners.Add(listener);
            Mail.Show(listener, certificate, shown);
        }
    }

    /// <summary>The record with these parameters for a chain, as the operator makes it.</summary>
    public TlsaRecord Record(TlsaParameters p, Chain chain)
    {
        ChainCertificate named = p.Usage == CertificateUsage.DaneEe ? chain.Leaf : chain.Ancestors[0];
        return new(p, Materials.Of(named).Data((int)p.Selector, (int)p.MatchingType)!);
    }
}

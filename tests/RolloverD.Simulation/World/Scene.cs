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

    private const string FirstZone = "one.example";
    private const string SecondZone = "two.example";
    private const string FirstAlias = "_dane." + FirstZone;
    private const string SecondAlias = "_dane2." + SecondZone;

    private static readonly ImmutableDictionary<string, string> Nothing = ImmutableDictionary<string, string>.Empty;

    private readonly Dictionary<string, TlsaOwner> owners = [];
    private readonly Dictionary<string, Issuer> issuers = [];
    private readonly HashSet<(string Owner, TlsaRecord Record)> foreign = [];
    private readonly bool[] enabled = new bool[Enum.GetValues<Fault>().Length];
    private readonly SafetyJudge judge;
    private readonly HashSet<string> heard = []; // in this turn, whatever they said
    private readonly List<Action> unwritten = []; // how to take back what the daemon was told and did not write down
    private const int MostPauses = 2000; // in one turn

    private string alias = FirstAlias;
    private DateTimeOffset? aliasMovedAt;
    private bool inDaemon;
    private bool hasLooked;
    private int pauses;
    private int crashes;
    private int editions;
    private int exposures;

    public Scene(Scenario scenario, Coverage coverage, History? history)
    {
        (Scenario, Coverage, History) = (scenario, coverage, history);
        Dice = new(scenario.Seed);
        Timeline = new(Scenario.Start, now => judge!.Check(now));
        Clock = new(Timeline);
        judge = new(this);
        Servers = new(Timeline, Dice, scenario.Servers, scenario.HiddenPrimary);
        Mail = new(Timeline, Dice, scenario.ReadsByItself, scenario.LongestDrain, judge.LookAgain);
        Files = new(this);
        Provider = new(this);
        Store = new() { KeepsJournal = false, BeforeSync = BeforeSync, AfterSync = AfterSync };
        foreach (Fault fault in scenario.Faults)
            enabled[(int)fault] = true;
        FaultsOn = true;
        Desired = new(
            "/var/lib/rolloverd", new(["127.0.0.1:53"], null), scenario.Timing,
            ImmutableSortedDictionary<string, ProviderSettings>.Empty.AddRange(
                new[] { ZoneName, FirstZone, SecondZone }
                    .Select(z => KeyValuePair.Create(z, new ProviderSettings("simulated", Nothing)))),
            ImmutableSortedDictionary<string, ProviderSettings>.Empty,
            scenario.Certificates.ToImmutableSortedDictionary(c => c.Name, c => c));
        Furnish();
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

    public IEnumerable<TlsaOwner> Owners => owners.Values;

    public bool FaultsOn { get; private set; }

    public bool DiskIsFull { get; set; }

    /// <summary>How many troubles are going on.</summary>
    public int Troubles { get; set; }

    /// <summary>When the last trouble struck or ended.</summary>
    public DateTimeOffset LastTrouble { get; set; } = Scenario.Start;

    /// <summary>Whether nothing was wrong since.</summary>
    public bool IsQuietSince(DateTimeOffset then) => Troubles == 0 && LastTrouble < then;

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

    public TlsaOwner Owner(string name)
    {
        if (!owners.TryGetValue(name, out TlsaOwner? owner))
        {
            owners[name] = owner = new(
                Timeline, name, Servers, NewEdition(RecordSet.Absent, Origin.Before, null, Now), Scenario.AliasTtl,
                Scenario.Sloppiness, judge.LookAgain);
        }

        return owner;
    }

    /// <summary>The owner that a name leads to: a TLSA name by its CNAME, an owner by itself.</summary>
    public TlsaOwner OwnerOf(string name) =>
        Owner(Scenario.AliasTtl > TimeSpan.Zero && !name.StartsWith("_dane", StringComparison.Ordinal) ? alias : name);

    /// <summary>The owner that the CNAMEs led to before, as long as some cache follows them there; else null.</summary>
    public TlsaOwner? FormerOwner =>
        aliasMovedAt is { } moved && Now < moved + Scenario.AliasTtl ? Owner(FirstAlias) : null;

    /// <summary>
    /// The CNAMEs lead to another owner from now on. The one that they led to is left to RolloverD; or its zone is
    /// taken out of the configuration, and its records stay as long as caches may follow the old CNAMEs.
    /// </summary>
    public bool MoveAlias(bool givesUpZone)
    {
        if (Scenario.AliasTtl == TimeSpan.Zero || aliasMovedAt is not null)
            return false;

        (alias, aliasMovedAt) = (SecondAlias, Now);
        judge.LookAgain();
        if (!givesUpZone)
            return true;

        Reconfigure(Desired with { Zones = Desired.Zones.Remove(FirstZone) });
        TlsaOwner left = Owner(FirstAlias);
        Timeline.In(
            Scenario.AliasTtl,
            () => left.Hold(Publish(left, RecordSet.Absent, Origin.Operator, Now)));
        return true;
    }

    /// <summary>Whether RolloverD looks after the owner, or did and was not told to leave it.</summary>
    public bool IsManaged(TlsaOwner owner) => DnsName.ClosestZone(owner.Name, Desired.Zones.Keys) is not null;

    /// <summary>The edition that the provider held after this one; null while it holds it.</summary>
    public Edition? SuccessorOf(Edition edition)
    {
        foreach (TlsaOwner owner in owners.Values)
        {
            for (Edition later = owner.Held; later.Base is { } before; later = before)
            {
                if (before == edition)
                    return later;
            }
        }

        return null;
    }

    /// <summary>Records that an operator put there, or that were there before.</summary>
    public bool IsForeign(TlsaOwner owner, TlsaRecord record) => foreign.Contains((owner.Name, record));

    public void IsNowForeign(TlsaOwner owner, TlsaRecord record) => foreign.Add((owner.Name, record));

    /// <summary>The operator gave the record to RolloverD.</summary>
    public void IsNowOurs(string owner, TlsaRecord record) => foreign.Remove((owner, record));

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

    /// <summary>RolloverD begins a turn.</summary>
    public void BeginTurn()
    {
        InDaemon = true;
        heard.Clear();
    }

    /// <summary>RolloverD asks the name servers.</summary>
    public void Looks() => hasLooked = true;

    /// <summary>A name server answers RolloverD about a name.</summary>
    public void Hears(string name) => heard.Add(name);

    /// <summary>
    /// RolloverD is about to change what senders see. Between the intent that it wrote down and this it looks once
    /// more.
    /// </summary>
    public void MustHaveLooked(string before)
    {
        if (InDaemon && !hasLooked)
            Violation($"{before}: what was planned was done without a second look");
    }

    /// <summary>RolloverD is told of an edition.</summary>
    public void Tell(Edition edition)
    {
        if (edition.ToldAt is not null)
            return;

        edition.ToldAt = Now;
        unwritten.Add(() => edition.ToldAt = null);
        judge.Told(edition);
    }

    /// <summary>RolloverD is shown a chain.</summary>
    public void Tell(Shown shown, Endpoint endpoint)
    {
        if (shown.IsMetAt(endpoint, Now))
            unwritten.Add(() => shown.IsForgottenAt(endpoint));
    }

    /// <summary>The daemon has lost what it did not write down.</summary>
    public void Forget()
    {
        foreach (Action forget in unwritten)
            forget();
        unwritten.Clear();
    }

    /// <summary>RolloverD puts the generation where mail servers read it.</summary>
    public void Expose(string certificate, int generation, Chain chain)
    {
        Shown shown = Mail.Known(certificate, chain)
            ?? NewShown(chain, Origin.RolloverD, generation);
        DesiredCertificate desired = Desired.Certificates[certificate];
        if (shown.ExposedAt == Now)
        {
            judge.NoteHopeless(shown, desired);
            if (desired.Endpoints.FirstOrDefault(e => !heard.Contains(e.TlsaName)) is { } unheard)
                Violation($"{unheard}: {shown} goes into service, and no name server was heard");
        }

        History?.Note(this, $"live/{certificate} leads to {shown}");
        Mail.Swap(certificate, shown);
    }

    public Shown NewShown(Chain chain, Origin origin, int? generation) => new(
        ++exposures,
        chain,
        Materials.Of(chain.Leaf),
        [.. chain.Ancestors.Select(Materials.Of)],
        origin,
        generation,
        Now);

    public Chain StrangerChain(string issuer, KeyAlgorithm algorithm)
    {
        ImmutableArray<string> names = Scenario.Certificates[0].Names;
        ImmutableArray<Paper> papers = IssuerOf(issuer).Certify(Materials.NewKey(algorithm), names);
        Paper leaf = Materials.Leaf(papers[0].Certificate.Key, names, Now, TimeSpan.FromDays(2000));
        return new(leaf.Certificate, [papers[1].Certificate, papers[2].Certificate]);
    }

    public void Reconfigure(Desired desired)
    {
        Endpoint[] before = [.. Desired.Certificates.Values.SelectMany(c => c.Endpoints)];
        Desired = desired;
        foreach (Endpoint added in desired.Certificates.Values.SelectMany(c => c.Endpoints).Except(before))
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

    private Edition NewEdition(RecordSet set, Origin origin, Edition? before, DateTimeOffset called) =>
        new(++editions, set, origin, before, called);

    private void AfterSync()
    {
        if (InDaemon)
        {
            unwritten.Clear();
            hasLooked = false;
        }

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

    // What was there before RolloverD came.
    private void Furnish()
    {
        Chain stranger = StrangerChain("before", KeyAlgorithm.Rsa2048);
        Shown shown = NewShown(stranger, Origin.Before, null);
        foreach (Endpoint endpoint in Scenario.Certificates.SelectMany(c => c.Endpoints).Distinct())
            AddEndpoint(endpoint, shown);
        if (Scenario.Before.Length > 0)
        {
            Chain promised = Scenario.Before == "broken" ? StrangerChain("other", KeyAlgorithm.Rsa2048) : stranger;
            string list = Scenario.Before == "broken" ? "3 1 1" : Scenario.Before;
            var set = new RecordSet(
                [.. Scenario.Parameters(list).Select(p => Record(p, promised))], Scenario.BeforeTtl);
            foreach (Endpoint endpoint in Scenario.Certificates[0].Endpoints)
            {
                TlsaOwner owner = OwnerOf(endpoint.TlsaName);
                Edition edition = NewEdition(set, Origin.Before, owner.Held, Now);
                owner.Begin(edition);
                foreach (TlsaRecord record in set.Records)
                    IsNowForeign(owner, record);
            }
        }

        if (Scenario.Configured)
        {
            foreach (DesiredCertificate certificate in Scenario.Certificates)
                Mail.Configured.Add(certificate.Name);
        }

        if (IsEnabled(Fault.AddressHidden) && Dice.OneIn(3))
            HideUntilFirstDeployment();
    }

    // RolloverD could reach no mail server when it came, and somebody sees to that when it says so: it never met the
    // chain that was there before.
    private void HideUntilFirstDeployment()
    {
        Occurs(Fault.AddressHidden);
        Troubles++;
        foreach (Listener listener in Mail.Listeners)
            listener.IsHidden = true;
        Mail.Swapped = () =>
        {
            Mail.Swapped = null;
            Timeline.In(Dice.Spread(TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(3)), () =>
            {
                if (!FaultsOn)
                    return;

                Troubles--;
                LastTrouble = Now;
                foreach (Listener listener in Mail.Listeners)
                    listener.IsHidden = false;
            });
        };
    }

    public void AddEndpoint(Endpoint endpoint, Shown shown)
    {
        for (int i = 0; i < Scenario.Addresses; i++)
        {
            var listener = new Listener(endpoint, $"198.51.100.{Mail.Listeners.Count + 1}");
            Mail.Listeners.Add(listener);
            Mail.Show(listener, Scenario.Certificates[0].Name, shown);
        }
    }

    /// <summary>The record with these parameters for a chain, as the operator makes it.</summary>
    public TlsaRecord Record(TlsaParameters p, Chain chain)
    {
        ChainCertificate named = p.Usage == CertificateUsage.DaneEe ? chain.Leaf : chain.Ancestors[0];
        return new(p, Materials.Of(named).Data((int)p.Selector, (int)p.MatchingType)!);
    }
}

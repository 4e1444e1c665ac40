using RolloverD.Core.Dane;
using RolloverD.Simulation.Judgement;

namespace RolloverD.Simulation.World;

/// <summary>The owners of this world, the CNAMEs that lead to them, and whose each of their records is.</summary>
internal sealed class Owners(Scene scene, Action changed)
{
    public const string FirstZone = "one.example";
    public const string SecondZone = "two.example";
    private const string FirstAlias = "_dane." + FirstZone;
    private const string SecondAlias = "_dane2." + SecondZone;

    private readonly Dictionary<string, TlsaOwner> owners = [];
    private readonly HashSet<(string Owner, TlsaRecord Record)> foreign = [];
    private readonly HashSet<(string Owner, TlsaRecord Record)> given = [];
    private readonly HashSet<string> stayed = [];
    private MovingAliases? moved;

    public IEnumerable<TlsaOwner> All => owners.Values;

    /// <summary>
    /// The owner that a TLSA name's CNAME led to before, as long as some cache follows it there; else null, and also
    /// when RolloverD never found out that it led there.
    /// </summary>
    public TlsaOwner? FormerOf(string name) =>
        moved is { MayLeadBack: true } && !stayed.Contains(name) && scene.Knowledge.WasLed(name, FirstAlias)
            ? Named(FirstAlias)
            : null;

    public TlsaOwner Named(string name)
    {
        if (!owners.TryGetValue(name, out TlsaOwner? owner))
        {
            owners[name] = owner = new(
                scene.Timeline, name, scene.Servers,
                scene.NewEdition(RecordSet.Absent, Origin.Before, null, scene.Now), scene.Scenario.AliasTtl,
                scene.Scenario.Sloppiness, changed);
        }

        return owner;
    }

    /// <summary>The owner that a name leads to: a TLSA name by its CNAME, an owner by itself.</summary>
    public TlsaOwner Of(string name) => Named(
        !IsAlias(name) ? name
        : moved is null || stayed.Contains(name) ? FirstAlias
        : SecondAlias);

    /// <summary>
    /// The owner that a name leads to by what the servers say to RolloverD; null when they do not agree.
    /// </summary>
    public TlsaOwner? AgreedOf(string name) =>
        moved is null || !IsAlias(name) || stayed.Contains(name) ? Of(name)
        : moved.LeadsOn() is { } on ? Named(on ? SecondAlias : FirstAlias)
        : null;

    /// <summary>
    /// The CNAMEs lead to another owner from now on, but for those of some names. The one that they led to is left to
    /// RolloverD; or its zone is taken out of the configuration, and its records stay as long as caches may follow the
    /// old CNAMEs.
    /// </summary>
    /// <returns>False when they moved before, or when there are none.</returns>
    public bool MoveAlias(bool givesUpZone, IEnumerable<string> staying)
    {
        if (scene.Scenario.AliasTtl == TimeSpan.Zero || moved is not null)
            return false;

        stayed.UnionWith(staying);
        moved = new(scene.Timeline, scene.Servers, scene.Scenario.AliasTtl, changed);
        changed();
        if (!givesUpZone)
            return true;

        scene.Reconfigure(scene.Desired with { Zones = scene.Desired.Zones.Remove(FirstZone) });
        TlsaOwner left = Named(FirstAlias);
        scene.Timeline.In(
            scene.Scenario.AliasTtl,
            () => left.Hold(scene.Publish(left, RecordSet.Absent, Origin.Operator, scene.Now)));
        return true;
    }

    /// <summary>Every owner that a name led to at any time.</summary>
    public IEnumerable<TlsaOwner> EverOf(string name)
    {
        yield return Of(name);
        if (Of(name).Name == SecondAlias)
            yield return Named(FirstAlias);
    }

    private bool IsAlias(string name) =>
        scene.Scenario.AliasTtl > TimeSpan.Zero && !name.StartsWith("_dane", StringComparison.Ordinal);

    /// <summary>Whether the owner's zone is configured: RolloverD looks after it, or has to clear it.</summary>
    public bool IsManaged(TlsaOwner owner) => DnsName.ClosestZone(owner.Name, scene.Desired.Zones.Keys) is not null;

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

    /// <summary>
    /// The same, and no operator ever gave it to RolloverD, which remembers that, nor had it reason to give it.
    /// </summary>
    public bool IsOnlyForeign(TlsaOwner owner, TlsaRecord record) =>
        IsForeign(owner, record) && !given.Contains((owner.Name, record));

    /// <summary>What is shown at the addresses in DNS of configured hosts whose names lead to the owner.</summary>
    public IEnumerable<Shown> ShownAt(TlsaOwner owner) =>
        scene.Mail.Listeners
            .Where(l => !l.IsOut && scene.Desired.Layout.Endpoints.Contains(l.Endpoint)
                && AgreedOf(l.Endpoint.TlsaName) == owner)
            .SelectMany(l => l.All);

    /// <summary>
    /// RolloverD finds an owner without a record of others that names what the host shows: it may mean to give the
    /// record itself, and after its process ended nobody can tell whether it did.
    /// </summary>
    public void IsFoundWith(TlsaOwner owner, RecordSet set)
    {
        foreach ((string name, TlsaRecord record) in foreign)
        {
            if (name == owner.Name && !set.Contains(record) && !given.Contains((name, record))
                && ShownAt(owner).Any(met => Sender.Names(record, met)))
            {
                given.Add((name, record));
            }
        }
    }

    /// <summary>The operator gave the record to RolloverD.</summary>
    public void IsNowOurs(string owner, TlsaRecord record)
    {
        foreign.Remove((owner, record));
        given.Add((owner, record));
    }
}

using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Simulation.World;

namespace RolloverD.Simulation.Judgement;

/// <summary>
/// Safety, at every instant: whatever set a sender may hold, whatever chain it may meet, it delivers. What an operator
/// did that no software could undo is excused, by the rules of <see cref="Excuse"/> and no others.
/// </summary>
internal sealed class SafetyJudge(Scene scene)
{
    private readonly HashSet<(string Endpoint, int Edition, int Shown)> judged = [];
    /// <summary>
    /// How long RolloverD has, in a quiet world, to mend what an operator broke: a change that a provider lost is sent
    /// again after a TTL, and alarms ring late here.
    /// </summary>
    private readonly TimeSpan healsWithin =
        TimeSpan.FromMinutes(45) + TimeSpan.FromHours(12) + scene.Scenario.LongestSleep;

    private readonly List<Edition> inUse = [];
    private readonly List<Edition> former = [];
    private readonly List<Shown> shown = [];
    private bool stale = true;

    /// <summary>Something that senders may get or meet is new.</summary>
    public void LookAgain() => stale = true;

    /// <summary>Judges every pair of a set in use and a chain that is shown.</summary>
    public void Check(DateTimeOffset now)
    {
        if (!stale || scene.Broken is not null)
            return;

        stale = false;
        foreach (Endpoint endpoint in Endpoints())
        {
            InUse(endpoint);
            Meet(endpoint);
            JudgePairs(endpoint, now);
        }

        foreach (Endpoint endpoint in scene.Left)
        {
            InUse(endpoint);
            Meet(endpoint);
            KeepPromises(endpoint);
            JudgePairs(endpoint, now);
        }
    }

    private void JudgePairs(Endpoint endpoint, DateTimeOffset now)
    {
        foreach (Edition edition in inUse)
        {
            foreach (Shown met in shown)
            {
                if (judged.Add((endpoint.TlsaName, edition.Number, met.Number)))
                    Judge(endpoint, edition, met, now);
            }
        }
    }

    /// <summary>A certificate has ended: what was good with it may be so no more.</summary>
    public void Ended(Shown ended)
    {
        judged.RemoveWhere(j => j.Shown == ended.Number);
        LookAgain();
    }

    /// <summary>Remembers whose mail fails at the certificate's endpoints whatever is put there.</summary>
    public void NoteHopeless(Shown fresh, DesiredCertificate certificate)
    {
        foreach (Endpoint endpoint in scene.ServedBy(certificate))
            NoteHopeless(fresh, endpoint);
    }

    /// <summary>Remembers whose mail fails at an endpoint whatever is put there.</summary>
    public void NoteHopeless(Shown fresh, Endpoint endpoint)
    {
        InUseOrDormant(endpoint);
        Meet(endpoint);
        shown.Remove(fresh);
        // Who prefers this kind of key met one of its chains; where there is none, he met whatever there is.
        if (shown.Exists(s => s.Chain.Key.Family == fresh.Chain.Key.Family))
            shown.RemoveAll(s => s.Chain.Key.Family != fresh.Chain.Key.Family);
        if (shown.Count == 0)
            return;

        fresh.Beside[endpoint] = [.. shown.Union(fresh.Beside.GetValueOrDefault(endpoint, []))];
        foreach (Edition edition in inUse)
        {
            int all = shown.Aggregate(
                ~0, (mask, s) => mask & Sender.Refusing(edition.Records, s, endpoint.Host, scene.Now));
            for (int kind = 0; kind < Sender.Kinds.Length; kind++)
            {
                if ((all & (1 << kind)) != 0)
                    fresh.Hopeless.Add((endpoint.TlsaName, edition.Number, kind));
            }
        }
    }

    /// <summary>
    /// The operator has an endpoint looked after from now on: what was so there already is not RolloverD's doing.
    /// </summary>
    public void IsAdded(Endpoint endpoint)
    {
        InUseOrDormant(endpoint);
        Meet(endpoint);
        foreach (Edition edition in inUse)
        {
            foreach (Shown met in shown)
            {
                int refusing = Sender.Refusing(edition.Records, met, endpoint.Host, scene.Now);
                for (int kind = 0; refusing >> kind != 0; kind++)
                {
                    if ((refusing & (1 << kind)) != 0)
                        met.Hopeless.Add((endpoint.TlsaName, edition.Number, kind));
                }
            }
        }

        // What live/ leads to already comes there with the next reload.
        foreach (DesiredCertificate certificate in scene.Desired.Layout.Certificates)
        {
            if (certificate.Endpoints.Contains(endpoint) && scene.Mail.Live(certificate.Name) is { } live)
                NoteHopeless(live, endpoint);
        }
    }

    /// <summary>
    /// RolloverD was told of an edition; when it is not its own and does harm, it must be mended soon.
    /// </summary>
    public void Told(Edition edition)
    {
        if (edition.Origin != Origin.RolloverD)
            scene.Timeline.In(healsWithin, () => MustBeMended(edition));
    }

    private void MustBeMended(Edition edition)
    {
        DateTimeOffset then = scene.Now - healsWithin;
        if (edition.ToldAt is null || edition.ToldAt > then)
            return; // it lost its memory meanwhile, and when it was told anew it had as long once more
        foreach (Endpoint endpoint in Endpoints())
        {
            TlsaOwner owner = scene.Owners.Of(endpoint.TlsaName);
            if (!IsOnlyChanged(edition, owner.Held))
                continue;

            if (!scene.IsQuietSince(then))
            {
                if (scene.FaultsOn)
                    scene.Timeline.In(healsWithin, () => MustBeMended(edition));
                return;
            }

            Meet(endpoint, withFormer: false); // where the host is no more nothing is mended
            foreach (Shown met in shown.Where(s => s.ToldAt(endpoint) < then && IsToBeMended(s, endpoint)))
            {
                // That it has ended meanwhile is judged for itself.
                DateTimeOffset end = met.Leaf.Certificate.NotAfter;
                DateTimeOffset at = scene.Now < end ? scene.Now : end;
                int mask = Sender.Refusing(edition.Records, met, endpoint.Host, at)
                    & Sender.Refusing(owner.Held.Records, met, endpoint.Host, at);
                if (mask != 0)
                {
                    scene.Violation(
                        $"{endpoint}: {edition} was not mended within {healsWithin}, now {owner.Held}: "
                        + $"{Tell(mask)} refuse {met}");
                }
            }
        }
    }

    // What RolloverD makes of a set that does harm does not begin the time anew.
    private static bool IsOnlyChanged(Edition edition, Edition held)
    {
        Edition? made = held;
        while (made is { Origin: Origin.RolloverD } && made != edition)
            made = made.Base;
        return made == edition;
    }

    // Nobody but an operator can vouch for a chain at an address elsewhere once RolloverD's own was met there.
    private bool IsToBeMended(Shown met, Endpoint endpoint) => met.Origin switch
    {
        Origin.RolloverD => true,
        Origin.Before => scene.Scenario.IsLocal || !scene.Mail.TakenOver.Contains(endpoint),
        _ => false,
    };

    private void Judge(Endpoint endpoint, Edition edition, Shown met, DateTimeOffset now)
    {
        int refusing = Sender.Refusing(edition.Records, met, endpoint.Host, now);
        for (int kind = 0; refusing >> kind != 0; kind++)
        {
            if ((refusing & (1 << kind)) == 0)
                continue;
            if (Excuse(endpoint, edition, met, kind, now) is { } excuse)
            {
                scene.Coverage.Excuses(excuse);
            }
            else
            {
                scene.Violation(
                    $"{endpoint}: senders {Tell(refusing)} that hold {edition} meet {met} and refuse; "
                    + $"RolloverD was told of the set at {edition.ToldAt:u} "
                    + $"and of the chain at {met.ToldAt(endpoint):u}");
                return;
            }
        }
    }

    /// <summary>Why no software could prevent it; null: RolloverD should have.</summary>
    private string? Excuse(Endpoint endpoint, Edition edition, Shown met, int kind, DateTimeOffset now)
    {
        // The host was so before RolloverD came, or an operator did both.
        if (edition.Origin != Origin.RolloverD && met.Origin != Origin.RolloverD)
            return "neither is RolloverD's";

        // Whoever held this set failed here already, whatever he met: nothing was taken from him.
        if (met.Hopeless.Contains((endpoint.TlsaName, edition.Number, kind)))
            return "its holders failed already";

        // It was on its way when the chain came, and whoever gets it failed before, and would have without the chain.
        if (edition.CalledAt < met.BroughtAt(endpoint) && WasHopeless(edition.Base)
            && met.Beside.GetValueOrDefault(endpoint, []) is { IsEmpty: false } beside
            && beside.All(s => Refuses(edition, s)))
        {
            return "its holders failed already";
        }

        // Under usage 2 a certificate ends with its date, and what kept RolloverD from renewing it was no doing of its
        // own. It has the last third of the lifetime for that; half of it is more than the waits of a roll, of which a
        // lifetime holds eight (Scenario.Draw).
        DateTimeOffset end = met.Leaf.Certificate.NotAfter;
        if (now > end && (Sender.Refusing(edition.Records, met, endpoint.Host, end) & (1 << kind)) == 0)
        {
            DateTimeOffset due = end - (scene.Scenario.Lifetime / 3);
            return !scene.IsQuietSince(due) ? "the certificate ended while it could not be renewed"
                : scene.OversleptSince(due) > scene.Scenario.Lifetime / 6 ? "the certificate ended while time was saved"
                : null;
        }

        // By its host's clock, which was ahead, the certificate was valid when it put it in or published the record.
        DateTimeOffset begin = met.Leaf.Certificate.NotBefore;
        if (now < begin
            && (met.BroughtAt(endpoint) + met.ClockAhead >= begin || edition.CalledAt + edition.ClockAhead >= begin)
            && (Sender.Refusing(edition.Records, met, endpoint.Host, begin) & (1 << kind)) == 0)
        {
            return "the clock of the host was ahead";
        }

        // An operator put the set there when the chain was in service, or before RolloverD could know of it.
        DateTimeOffset brought = met.BroughtAt(endpoint);
        if (edition.Origin == Origin.Operator && (edition.ToldAt is not { } told || brought <= told))
            return "an operator broke it";

        // An operator took away, before RolloverD was told of it, what had been there before it came, or what the
        // provider had given a TTL of its own; or he let the name lead elsewhere. A server that stood still may tell it
        // when the chain is long in service.
        if ((edition.ToldAt is not { } heard || brought <= heard)
            && (edition.Origin == Origin.Before || edition.LastsLonger)
            && scene.Owners.Of(endpoint.TlsaName).Held != edition
            && scene.Owners.SuccessorOf(edition) is not { Origin: Origin.RolloverD })
        {
            return "an operator took away what nobody had seen";
        }

        // An operator put the chain there, and RolloverD had not met it there when it published the set. That another
        // host showed it says nothing of this one.
        if (met.Origin == Origin.Operator && (met.ToldAt(endpoint) is not { } shownAt || edition.CalledAt <= shownAt))
            return "an operator put another chain there";

        // A provider stopped between two records of one change, and more than one chain was served somewhere under the
        // owner: while parameters are new there, no order of single records is good for all of them.
        if (edition.IsHalf && brought <= edition.CalledAt && ShownUnder(endpoint, edition) > 1
            && IsInTransit(edition, met, kind))
        {
            return "half a change cannot cover several chains";
        }

        // RolloverD changed a set that failed in the same way: it made nothing worse. RFC 7671 §8
        if (edition is { Origin: Origin.RolloverD, Base: { } before } && edition.CalledAt >= brought
            && Refuses(before, met))
        {
            return "the set before it failed too";
        }

        return null;

        bool Refuses(Edition held, Shown at) =>
            (Sender.Refusing(held.Records, at, endpoint.Host, now) & (1 << kind)) != 0;

        bool WasHopeless(Edition? held) => held is not null
            && (met.Hopeless.Contains((endpoint.TlsaName, held.Number, kind))
                || (held.Origin == Origin.RolloverD && Refuses(held, met) && WasHopeless(held.Base)));
    }

    // Parameters that no record matches come with this change, or some record of them has just gone, or none matched
    // before, as after the half of an earlier change; as far as these senders heed them.
    private static bool IsInTransit(Edition edition, Shown met, int kind)
    {
        RecordSet before = edition.Base!.Records;
        return edition.Records.Records
            .Where(r => Sender.Heeds(r, kind))
            .GroupBy(r => r.Parameters)
            .Where(same => !same.Any(r => Sender.Names(r, met)))
            .All(same => before.Records.Where(r => r.Parameters == same.Key).ToArray() is var were
                && (were.Length == 0 || were.Length > same.Count() || !were.Any(r => Sender.Names(r, met))));
    }

    private void InUse(Endpoint endpoint)
    {
        inUse.Clear();
        scene.Owners.FormerOf(endpoint.TlsaName)?.InUse(inUse);
        former.Clear();
        former.AddRange(inUse);
        scene.Owners.Of(endpoint.TlsaName).InUse(inUse);
        inUse.AddRange(former);
    }

    // Where the operator has nothing looked after any more, RolloverD answers for its own records and its own chains,
    // until the records are out of every cache. With others among them, without the zone, or where another name leads
    // there, it cannot take them away.
    private void KeepPromises(Endpoint endpoint)
    {
        TlsaOwner owner = scene.Owners.Of(endpoint.TlsaName);
        bool isItsOwn = scene.Owners.IsManaged(owner) && !owner.Held.Records.Records.Any(IsForeign)
            && !Endpoints().Any(e => scene.Owners.Of(e.TlsaName) == owner);
        inUse.RemoveAll(e => !isItsOwn || e.Origin != Origin.RolloverD || e.Records.Records.Any(IsForeign));
        shown.RemoveAll(s => s.Origin != Origin.RolloverD);

        bool IsForeign(TlsaRecord record) => scene.Owners.IsForeign(owner, record);
    }

    // What servers that are down now will give out counts as well, and where they will lead: also to what caches hold
    // of an owner to which no name leads now.
    private void InUseOrDormant(Endpoint endpoint)
    {
        InUse(endpoint);
        List<Edition> there = [];
        foreach (TlsaOwner owner in scene.Owners.EverOf(endpoint.TlsaName))
        {
            owner.InUse(there);
            inUse.AddRange(owner.Dormant.Concat(there).Except(inUse).ToArray());
        }
    }

    // Senders use an address that was taken out of DNS; RolloverD answers for it if it found it and did not forget.
    private bool IsUsed(Listener listener) =>
        !listener.IsForgotten && (!listener.IsOut || scene.Knowledge.HasFound(listener));

    private void Meet(Endpoint endpoint, bool withFormer = true)
    {
        shown.Clear();
        foreach (Listener listener in scene.Mail.Listeners)
        {
            if (listener.Endpoint != endpoint || !IsUsed(listener) || (listener.IsOut && !withFormer))
                continue;

            foreach (List<Shown> processes in listener.Slots.Values)
            {
                foreach (Shown met in processes)
                {
                    if (!shown.Contains(met))
                        shown.Add(met);
                }
            }
        }
    }

    // How many chains some process shows at any endpoint that leads to the set's owner, or did as far as caches know.
    private int ShownUnder(Endpoint endpoint, Edition edition)
    {
        TlsaOwner owner = former.Contains(edition) && scene.Owners.FormerOf(endpoint.TlsaName) is { } before
            ? before
            : scene.Owners.Of(endpoint.TlsaName);
        return scene.Mail.Listeners
            .Where(l => IsUsed(l)
                && (scene.Owners.Of(l.Endpoint.TlsaName) == owner
                    || scene.Owners.FormerOf(l.Endpoint.TlsaName) == owner))
            .SelectMany(l => l.Slots.Values)
            .SelectMany(processes => processes)
            .Distinct()
            .Count();
    }

    private IEnumerable<Endpoint> Endpoints() =>
        scene.Desired.Certificates.Values.SelectMany(c => c.Endpoints).Distinct();

    private static string Tell(int mask) =>
        string.Join(", ", Sender.Kinds.Where((_, kind) => (mask & (1 << kind)) != 0));
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Simulation.Time;

namespace RolloverD.Simulation.World;

/// <summary>
/// The people: they edit records, put in certificates by hand, change the configuration, and ask for rolls.
/// </summary>
internal sealed class Operator(Scene scene)
{
    private readonly Dice dice = scene.Dice;

    /// <summary>Lets the mail servers read live/.</summary>
    public void Configure()
    {
        foreach (string name in scene.Desired.Certificates.Keys)
            scene.Mail.Configured.Add(name);
        scene.History?.Note(scene, "operator: the mail servers read live/ from now on");
    }

    /// <summary>Somebody changes the records on one server alone.</summary>
    public void EditsOneServer(int server)
    {
        TlsaOwner owner = AnyOwner();
        if (owner.GivenBy(server) is not { } given)
            return;

        scene.Servers.Freeze(server);
        RecordSet set = given.Records.With([ForeignRecord(harmless: dice.OneIn(2))]);
        owner.GiveAlone(server, scene.Publish(owner, Timed(set), Origin.Operator, scene.Now));
    }

    /// <summary>Does one such thing.</summary>
    public void Acts(Fault act)
    {
        switch (act)
        {
            case Fault.OperatorAddsRecord:
                Edits(act, held => held.With([ForeignRecord(harmless: dice.OneIn(2))]));
                break;
            case Fault.OperatorRemovesRecord:
                Edits(act, held => held.IsAbsent
                    ? null
                    : held.Without(new HashSet<TlsaRecord> { dice.Pick(held.Records) }));
                break;
            case Fault.OperatorReplacesRecords:
                Edits(act, _ => dice.OneIn(3)
                    ? RecordSet.Absent
                    : new([ForeignRecord(harmless: true)], scene.Scenario.BeforeTtl));
                break;
            case Fault.OperatorReplacesCertificate:
                ReplacesCertificate(act);
                break;
            case Fault.OperatorRolls:
                Asks(act, newKey: false, emergency: false);
                break;
            case Fault.OperatorRollsNewKey:
                Asks(act, newKey: true, emergency: false);
                break;
            case Fault.OperatorRollsInEmergency:
                Asks(act, newKey: true, emergency: true);
                break;
            case Fault.OperatorAborts:
                Changes(facts =>
                {
                    string name = AnyCertificate();
                    DateTimeOffset now = scene.Clock.GetUtcNow();
                    Abortion abortion = Aborting.Of(scene.Desired, facts, name, now);
                    if (abortion is Abortion.Nothing)
                        return facts;

                    scene.Occurs(act);
                    scene.Wishes.Remove(name);
                    scene.History?.Note(scene, $"operator: aborts: {abortion.Describe()}");
                    return facts.Take(abortion, name, now);
                });
                break;
            case Fault.OperatorMovesAlias:
                // When RolloverD withdraws what it leaves, only when nothing of others is there: that would be alone.
                bool givesUp = dice.OneIn(2);
                if ((givesUp || !AnyOwner().Held.Records.Records.Any(r => scene.Owners.IsForeign(AnyOwner(), r)))
                    && Staying(givesUp) is var staying && scene.Owners.MoveAlias(givesUp, staying))
                {
                    scene.Occurs(act);
                    string zone = givesUp ? " and gives up the zone" : "";
                    string but = staying.Length > 0 ? $" but {string.Join(", ", staying)}" : "";
                    scene.History?.Note(scene, $"operator: moves the CNAMEs{but}{zone}");
                }

                break;
            case Fault.OperatorDeletesKey:
                string rolling = AnyCertificate();
                CertificateFacts known = new FactsStore(scene.Store).Load().Facts.Certificate(rolling);
                if ((known.Next ?? known.StandbyKey) is { } unused && scene.Files.Lose(rolling, unused.Number))
                    scene.Occurs(act);
                break;
            case Fault.OperatorTakesServerOut:
                TakesServerOut(act);
                break;
            case Fault.OperatorTakesAddressOut:
                TakesAddressOut(act);
                break;
            case Fault.OperatorAdopts:
                Changes(facts => Adopts(act, facts));
                break;
            default:
                Reconfigures(act);
                break;
        }
    }

    // Most often because it stands still. What RolloverD never saw of the zone it cannot know.
    private void TakesServerOut(Fault act)
    {
        int server = scene.Servers.Any();
        int others = Enumerable.Range(0, scene.Servers.Count).Count(i => i != server && scene.Servers.IsListed(i));
        if (others == 0 || scene.Servers.IsPrimary(server) || !scene.Servers.IsListed(server)
            || scene.Scenario.AliasTtl > TimeSpan.Zero
            || !scene.Owners.All.All(o => scene.Knowledge.WasListed(o.Name, server)))
        {
            return;
        }

        scene.Occurs(act);
        if (!dice.OneIn(4))
            scene.Servers.Freeze(server);
        scene.Servers.TakeOut(server, scene.Scenario.ServersTtl + scene.Scenario.Sloppiness);
        scene.History?.Note(scene, $"operator: takes ns{server + 1} out of the zone");
    }

    // Where a host has another one. What RolloverD never saw of the host it cannot know.
    private void TakesAddressOut(Fault act)
    {
        Listener one = dice.Pick(scene.Mail.Listeners);
        Listener[] there = [.. scene.Mail.Listeners.Where(l => l.Address == one.Address)];
        if (one.IsOut || !there.All(scene.Knowledge.HasFound)
            || !there.All(l => scene.Mail.At(l.Endpoint).Any(o => !o.IsOut && o.Address != one.Address)))
        {
            return;
        }

        scene.Occurs(act);
        bool isLeftAlone = !dice.OneIn(4);
        scene.Mail.TakeOut(one.Address, isLeftAlone, scene.Scenario.AddressTtl + scene.Scenario.Sloppiness);
        string machine = isLeftAlone ? ", and its machine is left as it is" : "";
        scene.History?.Note(scene, $"operator: takes {one.Address} out of DNS{machine}");
    }

    private void Edits(Fault act, Func<RecordSet, RecordSet?> edit)
    {
        TlsaOwner owner = AnyOwner();
        if (edit(owner.Held.Records) is not { } set)
            return;

        scene.Occurs(act);
        owner.Hold(scene.Publish(owner, Timed(set), Origin.Operator, scene.Now));
    }

    private RecordSet Timed(RecordSet set) =>
        set.Ttl > TimeSpan.Zero ? set : new(set.Records, scene.Scenario.BeforeTtl);

    // A harmless one leaves every sender a match; another may be of parameters that senders prefer to all others there.
    private TlsaRecord ForeignRecord(bool harmless)
    {
        Chain other = scene.StrangerChain("other", KeyAlgorithm.EcdsaP256);
        string parameters = harmless ? dice.Pick(["3 1 1", "2 1 1"]) : dice.Pick(["3 1 2", "3 0 2", "2 1 2", "3 0 1"]);
        TlsaRecord record = scene.Record(Scenario.Parameters(parameters)[0], other);
        foreach (TlsaOwner owner in scene.Owners.All)
            scene.Owners.IsNowForeign(owner, record);
        return record;
    }

    private void ReplacesCertificate(Fault act)
    {
        string name = AnyCertificate();
        DesiredCertificate certificate = scene.Desired.Certificates[name];
        Shown shown = scene.NewShown(scene.StrangerChain("hand", certificate.Key), Origin.Operator, null);
        Listener[] here = [.. scene.Mail.Listeners.Where(l => certificate.Endpoints.Contains(l.Endpoint))];
        bool everywhere = dice.OneIn(2);
        scene.Occurs(act);
        scene.Troubles++;
        scene.Mail.Pinned.Add(name);
        foreach (Listener listener in everywhere ? here : [dice.Pick(here)])
            scene.Mail.Show(listener, name, shown);
        scene.History?.Note(scene, $"operator: {name} is replaced by {shown}{(everywhere ? "" : " at one address")}");

        // Some time later the server is set to read live/ again, as it was told.
        scene.Timeline.In(dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(20)), () =>
        {
            if (!scene.FaultsOn)
                return;

            scene.Troubles--;
            scene.LastTrouble = scene.Now;
            scene.Mail.Pinned.Remove(name);
            if (dice.OneIn(2))
                scene.Mail.TakeOn(name, _ => true);
            else // he thinks of the reload only later
                scene.Timeline.In(
                    dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(20)),
                    () => scene.Mail.TakeOn(name, _ => true));
        });
    }

    // As `rolloverd roll` does.
    private void Asks(Fault act, bool newKey, bool emergency)
    {
        string name = AnyCertificate();
        Changes(facts =>
        {
            CertificateFacts known = facts.Certificate(name);
            DateTimeOffset now = scene.Clock.GetUtcNow();
            if (known.WaitsFor(emergency, scene.Desired.Timing.VerificationPatience, now) is not null)
                return facts;

            scene.Occurs(act);
            scene.Wishes[name] = (scene.Mail.Live(name), newKey);
            return facts.With(known.Ask(newKey, emergency, now));
        });
    }

    // As `rolloverd adopt` does, with the records; a chain is adopted by the same word.
    private Facts Adopts(Fault act, Facts facts)
    {
        DesiredCertificate certificate = scene.Desired.Certificates[AnyCertificate()];
        foreach (ForeignRecords records in Adoption.RecordsOf(facts, certificate))
        {
            scene.Occurs(act);
            facts = facts.Adopt(records);
            foreach (TlsaRecord record in records.Records)
                scene.Owners.IsNowOurs(records.Owner, record);
        }

        foreach (ForeignChain chain in Adoption.ServedAt(scene.Desired, facts, certificate, scene.Clock.GetUtcNow()))
            facts = facts.Adopt(certificate, chain.Chain, scene.Clock.GetUtcNow());
        return facts;
    }

    // Another process, beside the daemon, with the same store.
    private void Changes(Func<Facts, Facts> change)
    {
        bool inDaemon = scene.InDaemon;
        scene.InDaemon = false;
        new FactsStore(scene.Store, scene.Clock, scene.Clock).Update(facts => (change(facts), []));
        scene.InDaemon = inDaemon;
    }

    private string AnyCertificate() => dice.Pick([.. scene.Desired.Certificates.Keys]);

    private void Reconfigures(Fault act)
    {
        Desired desired = scene.Desired;
        string name = AnyCertificate();
        DesiredCertificate certificate = desired.Certificates[name];
        ImmutableArray<TlsaParameters> list = Scenario.Parameters(Scenario.AnyList(dice));
        ImmutableArray<Endpoint> endpoints = act == Fault.OperatorChangesEndpoints
            ? OtherEndpoints(certificate.Endpoints)
            : certificate.Endpoints;
        bool alone = act == Fault.OperatorChangesParameters && desired.Certificates.Count > 1 && dice.OneIn(3);
        Desired? changed = act switch
        {
            Fault.OperatorChangesTtl => desired with
            {
                Timing = desired.Timing with
                {
                    Ttl = TimeSpan.FromSeconds(
                        Math.Ceiling(dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(6)).TotalSeconds)),
                },
            },
            Fault.OperatorChangesKeyPolicy => With(
                certificate with { KeyPolicy = dice.Pick(Enum.GetValues<KeyPolicy>()) }),
            Fault.OperatorChangesKeyAlgorithm => With(
                certificate with
                {
                    Key = certificate.Key.Family() == KeyFamily.Rsa
                        ? dice.Pick([KeyAlgorithm.Rsa2048, KeyAlgorithm.Rsa3072])
                        : dice.Pick([KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384]),
                }),
            Fault.OperatorChangesIssuer => With(
                certificate with { Issuer = certificate.Issuer == "ca1" ? "ca2" : "ca1" }),
            Fault.OperatorChangesParameters => desired with
            {
                Certificates = Each(c => c == certificate || !alone ? c with { Tlsa = list } : c),
            },
            Fault.OperatorChangesEndpoints => desired with
            {
                Certificates = Each(c =>
                    c.Endpoints.SequenceEqual(certificate.Endpoints) ? c with { Endpoints = endpoints } : c),
            },
            _ => null,
        };
        if (changed is null)
            return;

        scene.Occurs(act);
        scene.History?.Note(scene, $"operator: {act}");
        scene.Reconfigure(changed);

        Desired With(DesiredCertificate other) =>
            desired with { Certificates = desired.Certificates.SetItem(name, other) };

        ImmutableSortedDictionary<string, DesiredCertificate> Each(
            Func<DesiredCertificate, DesiredCertificate> other) =>
            desired.Certificates.SetItems(desired.Certificates.Values
                .Select(c => KeyValuePair.Create(c.Name, other(c))));
    }

    // One more port that the same mail server serves, or one less that RolloverD looks after.
    private ImmutableArray<Endpoint> OtherEndpoints(ImmutableArray<Endpoint> endpoints)
    {
        if (endpoints.Length > 1)
            return endpoints.RemoveAt(dice.Below(endpoints.Length));

        var added = new Endpoint(endpoints[0].Host, dice.Pick([2525, 465, 587]));
        if (endpoints.Contains(added))
            return endpoints;

        if (!scene.Mail.At(added).Any())
            scene.Mail.Open(added, scene.Mail.At(endpoints[0]));
        return endpoints.Add(added);
    }

    // The CNAMEs of some names stay where they are, half of the time when there are several.
    private string[] Staying(bool givesUpZone)
    {
        string[] names =
        [
            .. scene.Desired.Certificates.Values.SelectMany(c => c.Endpoints).Select(e => e.TlsaName).Distinct(),
        ];
        return givesUpZone || names.Length < 2 || scene.Scenario.AliasTtl == TimeSpan.Zero || dice.OneIn(2)
            ? []
            : names[..dice.Between(1, names.Length - 1)];
    }

    private TlsaOwner AnyOwner() => scene.Owners.Of(
        dice.Pick([.. scene.Desired.Certificates.Values.SelectMany(c => c.Endpoints)]).TlsaName);
}

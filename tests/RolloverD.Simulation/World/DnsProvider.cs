using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Simulation.Judgement;

namespace RolloverD.Simulation.World;

/// <summary>The provider that keeps the zone's records, with everything that such interfaces do.</summary>
internal sealed class DnsProvider(Scene scene) : IDnsProvider
{
    private static readonly Fault[] Faults =
    [
        Fault.ProviderAppliesAndFails, Fault.ProviderAppliesLate, Fault.ProviderAppliesHalf,
        Fault.ProviderLosesUpdate, Fault.ProviderRefuses, Fault.ProviderAway,
    ];

    private readonly ChangeJudge judge = new(scene);

    /// <summary>The TTL that it gives to every set, whatever is asked for.</summary>
    public TimeSpan? ForcedTtl { get; set; }

    public Task<DnsReadOutcome> ReadAsync(string owner, DnsRecordType type, CancellationToken cancellation)
    {
        TlsaOwner held = scene.Owners.Named(owner);
        scene.Knowledge.Tell(held.Held);
        return Task.FromResult<DnsReadOutcome>(
            new DnsReadOutcome.Found(Authority.SetOf(owner, held.Held.Records)));
    }

    public Task<DnsChangeOutcome> ChangeAsync(DnsChange change, CancellationToken cancellation)
    {
        scene.Knowledge.MustHaveLooked($"change of {change.Owner}");
        TlsaOwner owner = scene.Owners.Named(change.Owner);
        judge.Judge(owner, change, Fits(owner, change)
            ? Target(change, change.Add.Length, change.Remove.Length)
            : owner.Held.Records);
        scene.BeforeEffect("change of records");
        DateTimeOffset called = scene.Now;
        scene.Pause(TimeSpan.FromMilliseconds(scene.Dice.Between(5, 400)));
        DnsChangeOutcome outcome = scene.Strikes(Faults) switch
        {
            Fault.ProviderRefuses => new DnsChangeOutcome.Refused("BADTIME", "set the clock"),
            Fault.ProviderAway => new DnsChangeOutcome.Unknown("no answer in time", "see to the provider"),
            Fault.ProviderAppliesLate => Late(owner, change, called),
            Fault.ProviderAppliesHalf => Half(owner, change, called),
            Fault.ProviderLosesUpdate => new DnsChangeOutcome.Applied(
                Authority.SetOf(owner.Name, Target(change, change.Add.Length, change.Remove.Length))),
            Fault.ProviderAppliesAndFails when Try(owner, change, called, PauseBetween) is DnsChangeOutcome.Applied =>
                new DnsChangeOutcome.Unknown("the answer was lost", "see to the provider"),
            _ => Try(owner, change, called, PauseBetween),
        };
        scene.AfterEffect("change of records");
        return Task.FromResult(outcome);
    }

    private DnsChangeOutcome.Unknown Late(TlsaOwner owner, DnsChange change, DateTimeOffset called)
    {
        TimeSpan delay = scene.Dice.Spread(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(9));
        scene.Timeline.In(delay, () => Try(owner, change, called, () => { }));
        return new("no answer in time; it is queued", "see to the provider");
    }

    // A provider that changes one record at a time and stops in the middle. It took the condition before.
    private DnsChangeOutcome.Unknown Half(TlsaOwner owner, DnsChange change, DateTimeOffset called)
    {
        if (Fits(owner, change) && change.Add.Length + change.Remove.Length > 1)
        {
            int done = scene.Dice.Between(1, change.Add.Length + change.Remove.Length - 1);
            int added = Math.Min(done, change.Add.Length);
            RecordSet half = Target(change, added, done - added);
            owner.Hold(Publish(owner, half, change.Ttl, called) with { IsHalf = true });
        }

        return new("the third request of the change failed", "see to the provider");
    }

    private DnsChangeOutcome Try(TlsaOwner owner, DnsChange change, DateTimeOffset called, Action betweenParts)
    {
        bool inParts = false;
        RecordSet target = Target(change, change.Add.Length, change.Remove.Length);
        if (!owner.Held.Records.HasSameRecords(target))
        {
            if (!Fits(owner, change))
            {
                scene.Knowledge.Tell(owner.Held);
                return new DnsChangeOutcome.Conflict(Authority.SetOf(owner.Name, owner.Held.Records));
            }

            inParts = scene.Scenario.ChangesInParts && change.Add.Length + change.Remove.Length > 1;
            if (inParts)
                HoldInParts(owner, change, called, betweenParts);
            else
                Hold(owner, target, change.Ttl, called);
        }
        else if (owner.Held.Records.Ttl != (ForcedTtl ?? change.Ttl) && !target.IsAbsent)
        {
            Hold(owner, target, change.Ttl, called);
        }

        return new DnsChangeOutcome.Applied(Authority.SetOf(owner.Name, owner.Held.Records), inParts);
    }

    // Each record is a request of its own. What lies in between is known to whoever hears of the success.
    private void HoldInParts(TlsaOwner owner, DnsChange change, DateTimeOffset called, Action betweenParts)
    {
        Edition before = owner.Held;
        int all = change.Add.Length + change.Remove.Length;
        var parts = new List<Edition>();
        for (int done = 1; done < all; done++)
        {
            int added = Math.Min(done, change.Add.Length);
            RecordSet part = Target(change, before.Records, added, done - added);
            parts.Add(Publish(owner, part, change.Ttl, called) with { IsHalf = true, Base = before });
            owner.Hold(parts[^1]);
            betweenParts();
        }

        RecordSet target = Target(change, before.Records, change.Add.Length, change.Remove.Length);
        owner.Hold(Publish(owner, target, change.Ttl, called) with { Base = before });
        foreach (Edition part in parts)
            scene.Knowledge.Tell(part);
    }

    private void PauseBetween() =>
        scene.Pause(scene.Dice.Spread(TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(8)));

    private void Hold(TlsaOwner owner, RecordSet set, TimeSpan ttl, DateTimeOffset called) =>
        owner.Hold(Publish(owner, set, ttl, called));

    private Edition Publish(TlsaOwner owner, RecordSet set, TimeSpan ttl, DateTimeOffset called) =>
        scene.Publish(owner, new(set.Records, ForcedTtl ?? ttl), Origin.RolloverD, called) with
        {
            LastsLonger = ForcedTtl > ttl,
        };

    private static bool Fits(TlsaOwner owner, DnsChange change) =>
        change.Expected is not { } expected
        || Authority.SetOf(owner.Name, owner.Held.Records).HasSameValues(expected);

    private RecordSet Target(DnsChange change, int added, int removed) =>
        Target(change, scene.Owners.Named(change.Owner).Held.Records, added, removed);

    private static RecordSet Target(DnsChange change, RecordSet held, int added, int removed)
    {
        IEnumerable<string> values = (change.Expected ?? held.Records.Select(r => r.ToString()))
            .Concat(change.Add.Take(added))
            .Except(change.Remove.Take(removed));
        return new([.. values.Select(TlsaRecord.Parse)], change.Ttl);
    }
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Tests.Engine.Model;

/// <summary>
/// A zone on a primary and a secondary that lags a little, and the caches of all who asked either. Holds the TLSA
/// records of any number of owners.
/// </summary>
internal sealed class TestZone(Effects effects, TestClock clock) : IDnsProvider, IAuthority
{
    private static readonly TimeSpan Lag = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, List<(RecordSet Set, TimeSpan From)>> history = [];

    /// <summary>Answers a change instead of making it; null makes it.</summary>
    public Func<DnsChange, DnsChangeOutcome?> Instead { get; set; } = _ => null;

    /// <summary>Nothing can be found out of the zone.</summary>
    public bool IsUnknown { get; set; }

    /// <summary>The secondary was taken out of the zone, and answers who asks it all the same.</summary>
    public bool IsSecondaryOut { get; set; }

    public static TimeSpan ServersTtl { get; } = TimeSpan.FromMinutes(10);

    public RecordSet Held(string owner) => HistoryOf(owner)[^1].Set;

    /// <summary>Somebody else changes the records.</summary>
    public void Put(string owner, RecordSet set) => HistoryOf(owner).Add((set, clock.Real));

    /// <summary>Every set that some sender may be using now: given out, or in a cache.</summary>
    public IEnumerable<RecordSet> InUse(string owner)
    {
        List<(RecordSet Set, TimeSpan From)> all = HistoryOf(owner);
        return all.Where((s, i) => i == all.Count - 1 || clock.Real < all[i + 1].From + Lag + s.Set.Ttl)
            .Select(s => s.Set).Distinct();
    }

    public Task<DnsReadOutcome> ReadAsync(string owner, DnsRecordType type, CancellationToken cancellation) =>
        throw new NotSupportedException("the engine does not read at the provider");

    public Task<DnsChangeOutcome> ChangeAsync(DnsChange change, CancellationToken cancellation)
    {
        effects.Do("change records");
        if (Instead(change) is { } instead)
            return Task.FromResult(instead);

        RecordSet held = Held(change.Owner);
        string[] values = [.. held.Records.Select(r => r.ToString())];
        bool done = !change.Add.Except(values).Any() && !change.Remove.Intersect(values).Any();
        if (!done && change.Expected is { } expected && expected.Except(values).Concat(values.Except(expected)).Any())
            return Task.FromResult<DnsChangeOutcome>(new DnsChangeOutcome.Conflict(Written(change.Owner, held)));

        if (!done)
        {
            Put(change.Owner, new(
                [.. values.Union(change.Add).Except(change.Remove).Select(TlsaRecord.Parse)], change.Ttl));
        }

        return Task.FromResult<DnsChangeOutcome>(
            new DnsChangeOutcome.Applied(Written(change.Owner, Held(change.Owner))));
    }

    /// <summary>The names that were asked for.</summary>
    public List<string> Asked { get; } = [];

    public Task<OwnerObservation> ObserveAsync(
        string name, DnsRecordType type, ImmutableArray<FormerServer> former, CancellationToken cancellation)
    {
        DateTimeOffset start = clock.GetUtcNow();
        effects.Do("ask servers");
        Asked.Add(name);
        List<(RecordSet Set, TimeSpan From)> all = HistoryOf(name);
        var secondary = new FormerServer("ns2.example.net", "192.0.2.2");
        RecordSet second = all.Last(s => s.From == TimeSpan.Zero || s.From + Lag <= clock.Real).Set;
        return Task.FromResult(new OwnerObservation(
            name, name, IsUnknown ? null : "example.net", type, start, clock.GetUtcNow(), [],
            IsUnknown ? new ZoneSecurity.Unknown("timed out") : new ZoneSecurity.Secure(),
            TimeSpan.FromMinutes(5),
            [
                new("ns1.example.net", "192.0.2.1", Answer(name, all[^1].Set)),
                .. !IsSecondaryOut || former.Contains(secondary)
                    ? [new ServerAnswer(secondary.Server, secondary.Address, Answer(name, second), !IsSecondaryOut)]
                    : ImmutableArray<ServerAnswer>.Empty,
            ],
            new ResolverView.Validated(Written(name, all[^1].Set)),
            ServersTtl));
    }

    private List<(RecordSet Set, TimeSpan From)> HistoryOf(string owner) =>
        history.TryGetValue(owner, out List<(RecordSet, TimeSpan)>? all)
            ? all
            : history[owner] = [(RecordSet.Absent, TimeSpan.Zero)];

    private AnswerContent Answer(string owner, RecordSet set) => set.IsAbsent
        ? new AnswerContent.Absent(true)
        : new AnswerContent.Serves(Written(owner, set), clock.GetUtcNow().AddDays(14));

    private static DnsRecordSet Written(string owner, RecordSet set) =>
        new(owner, DnsRecordType.Tlsa, set.Ttl, [.. set.Records.Select(r => r.ToString())]);
}

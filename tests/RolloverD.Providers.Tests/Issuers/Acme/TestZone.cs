using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.Tests.Issuers.Acme;

/// <summary>
/// A zone in memory, with the provider that writes it and two servers that serve it: the second may lag, be away or
/// serve something else.
/// </summary>
public sealed class TestZone(string zone) : IDnsProvider, IAuthority
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DnsRecordSet> _sets = [];

    /// <summary>Names that lead to other names.</summary>
    public Dictionary<string, string> Aliases { get; } = [];

    public TimeSpan NegativeTtl { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What the second server answers instead of what the provider holds; null: the same.</summary>
    public Func<int, AnswerContent?> Second { get; set; } = _ => null;

    /// <summary>Answers a change instead of making it; null: it is made.</summary>
    public Func<DnsChange, DnsChangeOutcome?> OnChange { get; set; } = _ => null;

    public int Observations { get; private set; }

    public List<DnsChange> Changes { get; } = [];

    public ProviderSurroundings Surroundings(TimeProvider? time = null) => new(
        time ?? TimeProvider.System, this,
        n => DnsName.IsAtOrBelow(n, zone) ? (zone, this) : null);

    /// <summary>Puts a value there that is somebody else's.</summary>
    public void Place(string owner, string value, TimeSpan ttl)
    {
        lock (_lock)
            _sets[owner] = new(owner, DnsRecordType.Txt, ttl, [value]);
    }

    /// <summary>Every record that there is, as <c>owner value</c>.</summary>
    public IReadOnlyList<string> Everything
    {
        get
        {
            lock (_lock)
                return [.. _sets.Values.SelectMany(s => s.Values.Select(v => $"{s.Owner} {v}"))];
        }
    }

    public DnsRecordSet Held(string owner)
    {
        lock (_lock)
        {
            return _sets.TryGetValue(owner, out DnsRecordSet? set)
                ? set : new(owner, DnsRecordType.Txt, TimeSpan.Zero, []);
        }
    }

    public Task<DnsReadOutcome> ReadAsync(string owner, DnsRecordType type, CancellationToken cancellation) =>
        Task.FromResult<DnsReadOutcome>(new DnsReadOutcome.Found(Held(owner)));

    public Task<DnsChangeOutcome> ChangeAsync(DnsChange change, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_lock)
        {
            Changes.Add(change);
            if (OnChange(change) is { } instead)
                return Task.FromResult(instead);

            ImmutableArray<string> values =
                [.. Held(change.Owner).Values.Union(change.Add).Except(change.Remove).Order(StringComparer.Ordinal)];
            if (values.IsEmpty)
                _sets.Remove(change.Owner);
            else
                _sets[change.Owner] = new(change.Owner, change.Type, change.Ttl, values);
            return Task.FromResult<DnsChangeOutcome>(new DnsChangeOutcome.Applied(Held(change.Owner)));
        }
    }

    public Task<OwnerObservation> ObserveAsync(
        string name, DnsRecordType type, ImmutableArray<FormerServer> former, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_lock)
        {
            Observations++;
            string owner = Aliases.GetValueOrDefault(name, name);
            DnsRecordSet set = Held(owner);
            DateTimeOffset now = DateTimeOffset.UnixEpoch;
            AnswerContent content = set.Values.IsEmpty
                ? new AnswerContent.Absent(false) : new AnswerContent.Serves(set, now);
            return Task.FromResult(new OwnerObservation(
                name, owner, zone, type, now, now, [], new ZoneSecurity.Secure(), NegativeTtl,
                [
                    new("ns1.example.test", "192.0.2.1", content),
                    new("ns2.example.test", "192.0.2.2", Second(Observations) ?? content),
                ],
                new ResolverView.NotValidated("not asked")));
        }
    }
}

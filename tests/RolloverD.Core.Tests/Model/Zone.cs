using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;

namespace RolloverD.Core.Tests.Model;

/// <summary>
/// One owner as it really is: what the provider holds, what each authoritative server gives out, and everything that
/// any cache may still have got from any of them.
/// </summary>
internal sealed class Zone
{
    private readonly Timeline time;
    private readonly Random random;
    private readonly Server[] servers;

    public Zone(Timeline time, Random random, int serverCount, bool hiddenPrimary, RecordSet initial)
    {
        this.time = time;
        this.random = random;
        Held = initial;
        servers = [.. Enumerable.Range(0, serverCount).Select(i => new Server(i == 0 && !hiddenPrimary, initial))];
    }

    private sealed class Server(bool isPrimary, RecordSet initial)
    {
        public bool IsPrimary { get; } = isPrimary;

        public bool OutOfReach { get; set; }

        public bool Frozen { get; set; }

        public RecordSet Gives { get; set; } = initial;

        public List<(RecordSet Set, DateTimeOffset Last)> Gave { get; } = [];
    }

    /// <summary>What the provider holds.</summary>
    public RecordSet Held { get; private set; }

    /// <summary>Another TTL than asked for, when the provider has a mind of its own.</summary>
    public TimeSpan? ForcedTtl { get; init; }

    /// <summary>How much longer than its TTL a sloppy cache keeps a set.</summary>
    public TimeSpan Sloppiness { get; init; }

    /// <summary>
    /// Every set that some sender may be using now: given out, or in the cache of somebody who asked just in time.
    /// </summary>
    public IEnumerable<RecordSet> InUse => servers.SelectMany(s => s.Gave
        .Where(g => time.Now < g.Last + g.Set.Ttl + Sloppiness)
        .Select(g => g.Set)
        .Append(s.Gives)).Distinct();

    /// <summary>
    /// A server stops taking transfers, or hides from RolloverD while it goes on answering everybody else.
    /// </summary>
    public void Disturb(TimeSpan how)
    {
        Server server = servers[random.Next(servers.Length)];
        bool freeze = random.Next(2) == 0 && !server.IsPrimary;
        (server.Frozen, server.OutOfReach) = (server.Frozen || freeze, server.OutOfReach || !freeze);
        time.In(how, () =>
        {
            (server.Frozen, server.OutOfReach) = (false, false);
            Transfer(server);
        });
    }

    /// <summary>Somebody else adds or removes a record by hand; it harms nobody.</summary>
    public void EditByHand(TlsaRecord record) =>
        Hold(Held.Contains(record) ? Held.Without(new HashSet<TlsaRecord> { record }) : Held.With([record]));

    /// <summary>A change with compare-and-set, and everything that can go wrong with it.</summary>
    public StepOutcome Change(RecordSet expected, RecordSet target, bool faults)
    {
        target = new(target.Records, ForcedTtl ?? target.Ttl);
        int fault = faults ? random.Next(10) : 9;
        if (fault == 0)
            return new StepOutcome.Refused("BADTIME", "set the clock");
        if (fault == 1)
            return new StepOutcome.Unknown("timed out", "");
        if (fault == 2)
        {
            time.In(TimeSpan.FromSeconds(random.Next(60)), () => TryHold(expected, target));
            return new StepOutcome.Unknown("timed out, and it arrived later", "");
        }

        if (!TryHold(expected, target))
            return new StepOutcome.Differs(Held);
        return fault == 3 ? new StepOutcome.Unknown("the answer was lost", "") : new StepOutcome.Published(Held);
    }

    /// <summary>One round of questions, each server asked at a time of its own.</summary>
    public OwnerObservation Observe(Func<TimeSpan> pause)
    {
        DateTimeOffset started = time.Now;
        var answers = ImmutableArray.CreateBuilder<AnswerContent>();
        foreach (Server server in servers)
        {
            time.Advance(pause());
            answers.Add(server.OutOfReach
                ? random.Next(2) == 0
                    ? new AnswerContent.Unreachable("timed out") : new AnswerContent.Failed("SERVFAIL")
                : Look.Serves(server.Gives, Some.Start.AddYears(9)));
        }

        return Look.At(started, answers.ToImmutable()) with { FinishedAt = time.Now };
    }

    private bool TryHold(RecordSet expected, RecordSet target)
    {
        if (Held.HasSameRecords(target))
            return true;
        if (!Held.HasSameRecords(expected))
            return false;
        Hold(target);
        return true;
    }

    private void Hold(RecordSet set)
    {
        Held = set;
        foreach (Server server in servers)
        {
            if (server.IsPrimary)
                Transfer(server);
            else
                time.In(TimeSpan.FromMilliseconds(random.Next(random.Next(5) == 0 ? 3_000_000 : 5_000)), () =>
                    Transfer(server));
        }
    }

    private void Transfer(Server server)
    {
        if (server.Frozen || server.Gives.Equals(Held))
            return;
        server.Gave.RemoveAll(g => time.Now > g.Last + g.Set.Ttl + Sloppiness);
        server.Gave.Add((server.Gives, time.Now));
        server.Gives = Held;
    }
}

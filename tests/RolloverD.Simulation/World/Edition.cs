using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Simulation.World;

/// <summary>Whose doing something is.</summary>
internal enum Origin
{
    /// <summary>It was so before RolloverD came.</summary>
    Before,

    Operator,

    RolloverD,
}

/// <summary>One publication of a record set, as it went through the provider.</summary>
/// <param name="Number">In the order of publication, over all owners.</param>
/// <param name="Records">The set.</param>
/// <param name="Origin">Who published it.</param>
/// <param name="Base">The edition that it was made from; null for the first.</param>
/// <param name="CalledAt">When its author asked for it.</param>
internal sealed record Edition(int Number, RecordSet Records, Origin Origin, Edition? Base, DateTimeOffset CalledAt)
{
    private DnsRecordSet? answer;

    /// <summary>The edition as servers give it out; made once, for it is asked for at every look.</summary>
    public DnsRecordSet AnswerFor(string owner) =>
        answer is { } made && made.Owner == owner ? made : answer = Authority.SetOf(owner, Records);

    /// <summary>Whether a provider stopped in the middle of a change of several records.</summary>
    public bool IsHalf { get; init; }

    /// <summary>Whether the provider gave it a longer TTL than was asked for; only who sees it can know.</summary>
    public bool LastsLonger { get; init; }

    /// <summary>How far the clock of RolloverD's host was ahead when it was asked for.</summary>
    public TimeSpan ClockAhead { get; init; }

    /// <summary>When RolloverD was first told of it, by a server or by the provider; null: it cannot know.</summary>
    public DateTimeOffset? ToldAt { get; set; }

    public bool Equals(Edition? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Number;

    public override string ToString() => $"edition {Number} [{Short.Of(Records)}] of {Origin}";
}

/// <summary>Records in a few letters, for people who read a history.</summary>
internal static class Short
{
    public static string Of(RecordSet set) =>
        set.IsAbsent ? "none" : $"{string.Join(", ", set.Records.Select(Of))} ttl {set.Ttl.TotalSeconds:0}";

    public static string Of(TlsaRecord record) => $"{record.Parameters} {Of(record.Data)}";

    public static string Of(string data) => data.Length <= 8 ? data : data[..8];
}

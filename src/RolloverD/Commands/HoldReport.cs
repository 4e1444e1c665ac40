using System.Text.Json.Serialization;
using RolloverD.Core.Rollover;

namespace RolloverD.Commands;

/// <summary>Why the next step may not run yet, with who is to act.</summary>
internal sealed record HoldReport(
    string Gate, string Subject, DateTimeOffset Since, DateTimeOffset? Until, string Reason, string Remedy, string Who,
    string Demand)
{
    private const string Nothing = "nothing";

    /// <summary>Describes a hold as of a time.</summary>
    public static HoldReport Of(Hold hold, DateTimeOffset now) => new(
        hold.Gate.ToString(),
        hold.Subject,
        hold.Since,
        hold.Until,
        hold.Reason,
        hold.Remedy,
        WhoActs(hold.ActorAt(now)),
        hold.Rule);

    /// <summary>The rule in words: <c>caches</c>, <c>rollback window</c>.</summary>
    [JsonIgnore]
    public string Rule => Words.OfName(Gate);

    /// <summary>Whether somebody has to act before it ends.</summary>
    [JsonIgnore]
    public bool Acts => Who != "nobody";

    /// <summary>Who is to act, as the beginning of a sentence.</summary>
    [JsonIgnore]
    public string WhoText => !Acts ? "nobody has to act" : $"the {Who} has to act";

    /// <summary>Who is to act and how, as a sentence.</summary>
    [JsonIgnore]
    public string WhoAndHow => (Acts, Remedy) switch
    {
        (false, ['n', 'o', 't', 'h', 'i', 'n', 'g', ':' or ' ', ..]) => $"{WhoText}{Remedy[Nothing.Length..]}",
        (false, _) => $"{WhoText} yet; when it lasts: {Remedy}",
        _ => $"{WhoText}: {Otherwise ?? Remedy}",
    };

    // Nothing was to do while it was brief; it is not any more.
    private string? Otherwise =>
        Remedy.StartsWith(Nothing, StringComparison.Ordinal)
        && Remedy.Split("; otherwise ", 2) is [_, var otherwise]
            ? otherwise
            : null;

    private static string WhoActs(Actor actor) => actor switch
    {
        Actor.Nobody => "nobody",
        Actor.DnsHost => "DNS host",
        Actor.MailServer => "mail server's keeper",
        _ => "operator",
    };
}

using RolloverD.Core.Rollover;

namespace RolloverD.Commands;

/// <summary>Why the next step may not run yet, with who is to act.</summary>
internal sealed record HoldReport(
    string Gate, string Subject, DateTimeOffset Since, DateTimeOffset? Until, string Reason, string Remedy, string Who,
    string Demand)
{
    /// <summary>Describes a hold as of a time.</summary>
    public static HoldReport Of(Hold hold, DateTimeOffset now) => new(
        hold.Gate.ToString(), hold.Subject, hold.Since, hold.Until, hold.Reason, hold.Remedy, WhoActs(hold.ActorAt(now)),
        hold.Rule);

    /// <summary>The rule in words: <c>caches</c>, <c>rollback window</c>.</summary>
    public string Rule => Words.OfName(Gate);

    /// <summary>Who is to act, as a sentence.</summary>
    public string WhoText => Who == "nobody" ? "nobody has to act" : $"the {Who} has to act";

    private static string WhoActs(Actor actor) => actor switch
    {
        Actor.Nobody => "nobody",
        Actor.DnsHost => "DNS host",
        Actor.Issuer => "issuer",
        Actor.MailServer => "mail server's keeper",
        _ => "operator",
    };
}

using System.Text.Json.Serialization;
using RolloverD.Core.Rollover;

namespace RolloverD.Commands;

/// <summary>Why the next step may not run yet, with who is to act.</summary>
internal sealed record HoldReport(
    string Gate, string Subject, DateTimeOffset Since, DateTimeOffset? Until, string Reason, string Remedy, string Who)
{
    private const string Nothing = "nothing";

    // So long a server may lag, or a reload take, before a person should look.
    private static readonly TimeSpan Brief = TimeSpan.FromMinutes(5);

    /// <summary>Describes a hold as of a time.</summary>
    public static HoldReport Of(Hold hold, DateTimeOffset now) => new(
        hold.Gate.ToString(), hold.Subject, hold.Since, hold.Until, hold.Reason, hold.Remedy, WhoActs(hold, now));

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
        _ => $"{WhoText}: {Remedy}",
    };

    // A remedy of nothing ends by itself; the rules that depend on others name them.
    private static string WhoActs(Hold hold, DateTimeOffset now) => hold.Gate switch
    {
        _ when hold.Remedy.StartsWith(Nothing + ":", StringComparison.Ordinal) => "nobody",
        Core.Rollover.Gate.Caches or Core.Rollover.Gate.RollbackWindow => "nobody",
        Core.Rollover.Gate.Propagation => now - hold.Since < Brief ? "nobody" : "DNS host",
        Core.Rollover.Gate.ZoneNotSecure or Core.Rollover.Gate.SignatureExpiry => "DNS host",
        Core.Rollover.Gate.Verification => now - hold.Since < Brief ? "nobody" : "operator",
        _ => "operator",
    };
}

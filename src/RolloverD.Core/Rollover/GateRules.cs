namespace RolloverD.Core.Rollover;

/// <summary>Who has to act for a hold to end.</summary>
public enum Actor
{
    /// <summary>Nobody: it ends by itself.</summary>
    Nobody,

    /// <summary>Whoever runs RolloverD.</summary>
    Operator,

    /// <summary>Whoever runs the zone: its provider, its authoritative servers, its signer.</summary>
    DnsHost,

    /// <summary>Whoever runs the mail server.</summary>
    MailServer,
}

/// <summary>What each gate demands, in one sentence, and who has to act when it stays shut: the one place.</summary>
public static class GateRules
{
    /// <summary>The rule behind a gate.</summary>
    public static string Rule(this Gate gate) => gate switch
    {
        Gate.ZoneNotSecure =>
            "records change only where DNSSEC protects them, and chains only where it is known whether it does",
        Gate.Resolver => "nothing is changed while the validating resolver of this host does not confirm the owner",
        Gate.Propagation =>
            "a set counts as replaced only when every authoritative address serves its successor, validly signed",
        Gate.Caches =>
            "an older set counts for its own TTL and the margin, and never less than twice its TTL", // RFC 7671 §8.1
        Gate.SignatureExpiry => "the signatures in place must outlast the wait that a change needs",
        Gate.Retry => "a step that failed rests before it is tried again, longer each time",
        Gate.MailServer => "every mail server must be ready before the live files are swapped",
        Gate.Verification => "a chain is in service when every address showed only it, several rounds in a row",
        Gate.RollbackWindow => "old records stay for the rollback window after the new chain was verified",
        Gate.Safety => "no step may make a sender refuse that does not refuse already",
        Gate.Chain => "every kind of record that is configured must be possible to make of the chain",
        Gate.Stranger =>
            "a chain that RolloverD did not deploy gets a record only where nobody on the way can show it, or when "
            + "it was adopted",
        Gate.Uncovered => "every visible record set must cover every chain that is served",
        Gate.Rest => "after an abort nothing begins by itself for a while",
        Gate.StateDirectory => "nothing is done that was not written down before",
        Gate.Orphan => "a record of a key of RolloverD's stays only where it is wanted and RolloverD looks after it",
        _ => throw new ArgumentOutOfRangeException(nameof(gate), gate, "no such gate"),
    };

    /// <summary>So long a server may lag, or a mail server take, before somebody should look.</summary>
    private static readonly TimeSpan Brief = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Who has to act for this hold to end: nobody when it has an end, or when it most often ends within minutes and
    /// has lasted no longer yet.
    /// </summary>
    public static Actor ActorAt(this Hold hold, DateTimeOffset now) => hold.Gate switch
    {
        Gate.Retry when hold.Remedy.StartsWith("nothing:", StringComparison.Ordinal) => Actor.Nobody,
        Gate.Retry => OfStep(hold.Subject),
        _ when hold.Until is not null => Actor.Nobody,
        Gate.Propagation or Gate.Verification when now - hold.Since < Brief => Actor.Nobody,
        Gate.ZoneNotSecure or Gate.Propagation or Gate.SignatureExpiry => Actor.DnsHost,
        Gate.MailServer or Gate.Verification => Actor.MailServer,
        Gate.Caches or Gate.RollbackWindow => Actor.Nobody,
        _ => Actor.Operator,
    };

    // A failed step comes round again by itself, but most often somebody has to do something for it to succeed. An
    // order fails by the issuer, the zone that has to prove the names, or what was configured: the operator sees which.
    private static Actor OfStep(string subject) =>
        Enum.TryParse(subject.Split(' ')[0], out StepKind kind)
            ? kind switch
            {
                StepKind.Publish or StepKind.Withdraw => Actor.DnsHost,
                StepKind.Deploy or StepKind.PutBack or StepKind.Reload => Actor.MailServer,
                _ => Actor.Operator,
            }
            : Actor.Operator;
}

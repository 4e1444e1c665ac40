using System.Text.Json.Serialization;

namespace RolloverD.Core.Rollover;

/// <summary>What a hold waits for; every gate is one rule.</summary>
public enum Gate
{
    /// <summary>The owner's zone is not secure, so records there protect nothing or break everything.</summary>
    ZoneNotSecure,

    /// <summary>The local resolver does not validate or does not answer.</summary>
    Resolver,

    /// <summary>Some authoritative server does not serve the new set yet.</summary>
    Propagation,

    /// <summary>A cache may still hold an older set.</summary>
    Caches,

    /// <summary>A signature would expire inside the wait.</summary>
    SignatureExpiry,

    /// <summary>The last try of a step failed and is not yet to be repeated.</summary>
    Retry,

    /// <summary>The mail server is not ready to take on a chain.</summary>
    MailServer,

    /// <summary>Not every address shows only the new chain yet.</summary>
    Verification,

    /// <summary>Old records stay until a rollback can no longer be wanted.</summary>
    RollbackWindow,

    /// <summary>The step would make some sender fail.</summary>
    Safety,

    /// <summary>The chain lacks what the configured records need.</summary>
    Chain,

    /// <summary>Some address shows a chain that RolloverD did not deploy and may not trust unasked.</summary>
    Stranger,

    /// <summary>Senders that hold some visible set refuse some served chain now.</summary>
    Uncovered,

    /// <summary>The operator aborted: nothing begins by itself for a while.</summary>
    Rest,

    /// <summary>
    /// What is seen and decided cannot be written down. Found where it is shown: it cannot be stored.
    /// </summary>
    StateDirectory,

    /// <summary>Records stay where nobody looks after them any more.</summary>
    Orphan,
}

/// <summary>Why the next step may not run yet.</summary>
/// <param name="Gate">The rule.</param>
/// <param name="Subject">What it is about: an owner, an endpoint, a server, a kind of step.</param>
/// <param name="Since">Since when it holds.</param>
/// <param name="Until">When it will be over by itself; null when it waits for something that has no time.</param>
/// <param name="Reason">What is waited for and why.</param>
/// <param name="Remedy">What a person can do, or that nothing needs doing.</param>
public sealed record Hold(
    Gate Gate,
    string Subject,
    DateTimeOffset Since,
    DateTimeOffset? Until,
    string Reason,
    string Remedy)
{
    /// <summary>The rule that it follows from, in one sentence.</summary>
    [JsonIgnore]
    public string Rule => Gate.Rule();
}

using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>What came of a step, as far as the facts need to know.</summary>
public abstract record StepOutcome
{
    private StepOutcome()
    {
    }

    /// <summary>The key exists, its file is durable.</summary>
    public sealed record KeyReady(PublicKey Key) : StepOutcome;

    /// <summary>The provider holds this set now.</summary>
    /// <param name="Now">The set.</param>
    /// <param name="InParts">Whether what lies between the set before and this one was given out for a while.</param>
    public sealed record Published(RecordSet Now, bool InParts = false) : StepOutcome;

    /// <summary>The provider held another set than expected and changed nothing.</summary>
    public sealed record Differs(RecordSet Found) : StepOutcome;

    /// <summary>The certificate is there, its files are durable.</summary>
    public sealed record Certified(Chain Chain) : StepOutcome;

    /// <summary>The live link points at the generation.</summary>
    /// <param name="Reloaded">
    /// Whether every mail server said that it took the files on; false while one does not read them.
    /// </param>
    /// <param name="Summary">What the mail servers said.</param>
    public sealed record Deployed(bool Reloaded, string Summary) : StepOutcome;

    /// <summary>Done; nothing more to say.</summary>
    public sealed record Done : StepOutcome;

    /// <summary>It asked for patience: try again then.</summary>
    public sealed record Later(string Reason, DateTimeOffset RetryAt) : StepOutcome;

    /// <summary>Refused for certain: nothing was changed.</summary>
    /// <param name="Reason">What happened, to what and why.</param>
    /// <param name="Remedy">What to do.</param>
    /// <param name="RetryAt">Not to be tried before; null for the usual backoff.</param>
    public sealed record Refused(string Reason, string Remedy, DateTimeOffset? RetryAt = null) : StepOutcome;

    /// <summary>Not reached, or no answer: it may or may not have happened.</summary>
    public sealed record Unknown(string Reason, string Remedy) : StepOutcome;
}

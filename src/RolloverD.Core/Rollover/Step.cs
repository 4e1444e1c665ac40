using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>The kinds of steps, for setbacks, logs and the journal.</summary>
public enum StepKind
{
    GenerateKey,
    KeepKey,
    Promote,
    Publish,
    Issue,
    Deploy,
    PutBack,
    Withdraw,
    Archive,
    Reload,
}

/// <summary>One change to the world. Every step may be repeated after a crash.</summary>
/// <param name="Kind">Which kind it is.</param>
/// <param name="Certificate">The certificate for which it is done.</param>
/// <param name="Reason">Why it is done now, for people.</param>
public abstract record Step(StepKind Kind, string Certificate, string Reason)
{
    /// <summary>
    /// What the step changes when there may be several that have nothing to do with each other: an owner. Null when a
    /// certificate has one at a time. A failure holds back the steps of the same kind and subject.
    /// </summary>
    public virtual string? Subject => null;

    /// <summary>One sentence for the timeline, without the reason.</summary>
    public abstract string Describe();

    /// <summary>Make a key: for the next generation, or to stand by.</summary>
    public sealed record GenerateKey(
        string Certificate, int Generation, KeyAlgorithm Algorithm, bool ForStandby, string Reason)
        : Step(StepKind.GenerateKey, Certificate, Reason)
    {
        public override string Describe() =>
            $"generate the {(ForStandby ? "standby " : "")}key of generation {Generation}";
    }

    /// <summary>Start a generation with the key of an earlier one.</summary>
    public sealed record KeepKey(string Certificate, int Generation, int From, string Reason)
        : Step(StepKind.KeepKey, Certificate, Reason)
    {
        public override string Describe() => $"begin generation {Generation} with the key of generation {From}";
    }

    /// <summary>Let the standby key become the next generation.</summary>
    public sealed record Promote(string Certificate, int Generation, string Reason)
        : Step(StepKind.Promote, Certificate, Reason)
    {
        public override string Describe() => $"take the standby key of generation {Generation} into use";
    }

    /// <summary>Add records to an owner's set.</summary>
    public sealed record Publish(
        string Certificate,
        string Owner,
        RecordSet Expected,
        RecordSet Target,
        ImmutableArray<TlsaRecord> Added,
        string Reason)
        : Step(StepKind.Publish, Certificate, Reason)
    {
        public override string? Subject => Owner;

        public override string Describe() => Added.IsEmpty
            ? $"give the records at {Owner} a TTL of {Target.Ttl.TotalSeconds:0} s"
            : $"publish {string.Join(", ", Added)} at {Owner}";
    }

    /// <summary>Remove records of RolloverD's own from an owner's set.</summary>
    public sealed record Withdraw(
        string Certificate,
        string Owner,
        RecordSet Expected,
        RecordSet Target,
        ImmutableArray<TlsaRecord> Removed,
        string Reason)
        : Step(StepKind.Withdraw, Certificate, Reason)
    {
        public override string? Subject => Owner;

        public override string Describe() => $"withdraw {string.Join(", ", Removed)} at {Owner}";
    }

    /// <summary>Have the generation's key certified.</summary>
    public sealed record Issue(string Certificate, int Generation, string Reason)
        : Step(StepKind.Issue, Certificate, Reason)
    {
        /// <summary>
        /// The configured issuer that is asked: what another one refused holds this one back from nothing.
        /// </summary>
        public string? Issuer { get; init; }

        public override string? Subject => Issuer;

        public override string Describe() => $"order the certificate of generation {Generation}";
    }

    /// <summary>Put the generation into service on every mail server, or once more make them take it on.</summary>
    public sealed record Deploy(string Certificate, int Generation, string Reason)
        : Step(StepKind.Deploy, Certificate, Reason)
    {
        /// <summary>
        /// Of a deployment that was begun: whether the live link leads elsewhere still, so that its time begins anew.
        /// </summary>
        public bool IsFresh { get; init; }

        public override string Describe() => $"deploy generation {Generation}";
    }

    /// <summary>Put the earlier generation back because the new one could not be verified.</summary>
    public sealed record PutBack(string Certificate, int Generation, int Failed, string Reason)
        : Step(StepKind.PutBack, Certificate, Reason)
    {
        public override string Describe() => $"put generation {Generation} back in place of {Failed}";
    }

    /// <summary>Make the mail servers take on the generation in service: one shows an earlier one.</summary>
    public sealed record Reload(string Certificate, int Generation, string Reason)
        : Step(StepKind.Reload, Certificate, Reason)
    {
        public override string Describe() => $"have the mail servers take on generation {Generation} once more";
    }

    /// <summary>End a generation: nothing refers to it any more, its private key is destroyed.</summary>
    public sealed record Archive(string Certificate, int Generation, string Reason)
        : Step(StepKind.Archive, Certificate, Reason)
    {
        public override string Describe() => $"archive generation {Generation}";
    }
}

/// <summary>A decision: the next step, or none and when to look again, and everything that is waited for.</summary>
/// <param name="Next">What may be done now; null when nothing may.</param>
/// <param name="WakeAt">When to decide again at the latest.</param>
/// <param name="Holds">What is waited for.</param>
public sealed record Plan(Step? Next, DateTimeOffset WakeAt, ImmutableArray<Hold> Holds);

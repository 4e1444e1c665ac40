namespace RolloverD.Core.Policy;

/// <summary>What a rule has to say about a value of the configuration.</summary>
/// <param name="Key">The value.</param>
/// <param name="Message">What is wrong, and why.</param>
/// <param name="Remedy">What to do about it.</param>
public abstract record PolicyFinding(KeyPath Key, string Message, string Remedy)
{
    /// <summary>RolloverD could not keep its promise with this configuration, and does not start.</summary>
    public sealed record Error(KeyPath Key, string Message, string Remedy) : PolicyFinding(Key, Message, Remedy);

    /// <summary>It works, but perhaps not as the operator thinks.</summary>
    public sealed record Warning(KeyPath Key, string Message, string Remedy) : PolicyFinding(Key, Message, Remedy);
}

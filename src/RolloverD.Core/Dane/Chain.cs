using System.Collections.Immutable;

namespace RolloverD.Core.Dane;

/// <summary>
/// What a server shows in its handshake: the leaf, the certificates that really lead up from it (each one's signature
/// on the one before was verified by whoever read the chain), and what else it sent.
/// </summary>
/// <remarks>
/// RFC 7671 §5.2: a usage 2 record counts only when the CA it names is an ancestor of the leaf in the chain as sent,
/// so certificates that were sent but lead nowhere are kept apart.
/// </remarks>
public sealed class Chain : IEquatable<Chain>
{
    /// <param name="leaf">The server's own certificate.</param>
    /// <param name="ancestors">Its issuer, that one's issuer, and so on, as far as they were sent.</param>
    /// <param name="unrelated">Certificates that were sent but sign nothing in the path.</param>
    public Chain(
        ChainCertificate leaf,
        ImmutableArray<ChainCertificate> ancestors,
        ImmutableArray<ChainCertificate> unrelated = default)
    {
        Leaf = leaf;
        Ancestors = ancestors.IsDefault ? [] : ancestors;
        Unrelated = unrelated.IsDefault ? [] : unrelated;
    }

    public ChainCertificate Leaf { get; }

    public ImmutableArray<ChainCertificate> Ancestors { get; }

    public ImmutableArray<ChainCertificate> Unrelated { get; }

    public PublicKey Key => Leaf.Key;

    /// <summary>The time before which some certificate of the path is not valid yet.</summary>
    public DateTimeOffset NotBefore =>
        Ancestors.IsEmpty ? Leaf.NotBefore : Max(Leaf.NotBefore, Ancestors.Max(a => a.NotBefore));

    /// <summary>The time from which some certificate of the path is no longer valid.</summary>
    public DateTimeOffset NotAfter =>
        Ancestors.IsEmpty ? Leaf.NotAfter : Min(Leaf.NotAfter, Ancestors.Min(a => a.NotAfter));

    /// <summary>Same leaf and same ancestors: every TLSA record matches both or neither.</summary>
    public bool Equals(Chain? other) =>
        other is not null && Leaf.Equals(other.Leaf) && Ancestors.AsSpan().SequenceEqual(other.Ancestors.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as Chain);

    public override int GetHashCode() => Leaf.GetHashCode();

    public override string ToString() => $"{Leaf}, {Ancestors.Length} CA certificate(s)";

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}

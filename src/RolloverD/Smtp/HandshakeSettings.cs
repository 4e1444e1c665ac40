using RolloverD.Core.Dane;

namespace RolloverD.Smtp;

/// <summary>How much is asked of each address.</summary>
public enum HandshakeDepth
{
    /// <summary>One handshake, as any sender makes it: quick, sees one of several certificates.</summary>
    Default,

    /// <summary>And one for each other key family: sees RSA, ECDSA and EdDSA certificates side by side.</summary>
    EveryFamily,
}

/// <summary>How handshakes are made.</summary>
public sealed record HandshakeSettings
{
    public HandshakeDepth Depth { get; init; } = HandshakeDepth.EveryFamily;

    /// <summary>For one handshake, from connecting to its end.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The name given in EHLO; null: this host's own when it is a full one, otherwise the connection's address.
    /// </summary>
    /// <exception cref="ArgumentException">It is no DNS name.</exception>
    public string? OwnName
    {
        get;
        init => field = value is null || DnsName.TryNormalise(value, out _)
            ? value
            : throw new ArgumentException($"'{value}' is not a DNS name", nameof(value));
    }
}

using RolloverD.Core.Dane;

namespace RolloverD.Core.Policy;

/// <summary>The kinds of keys that can be made, as they are written in the configuration.</summary>
public enum KeyAlgorithm
{
    Rsa2048,
    Rsa3072,
    Rsa4096,
    EcdsaP256,
    EcdsaP384,
    Ed25519,
}

/// <summary>What happens to the key when a certificate is renewed.</summary>
public enum KeyPolicy
{
    /// <summary>
    /// The next key always exists and is published; a renewal keeps the current key, a roll moves to the standby.
    /// </summary>
    Standby,

    /// <summary>The key stays until <c>rotate-after</c>; a renewal changes no record made from the key.</summary>
    Reuse,

    /// <summary>A new key each renewal.</summary>
    Rotate,
}

/// <summary>The words of the configuration for both.</summary>
public static class PolicyWords
{
    public static readonly IReadOnlyDictionary<string, KeyAlgorithm> KeyAlgorithms =
        new Dictionary<string, KeyAlgorithm>(StringComparer.Ordinal)
        {
            ["rsa-2048"] = KeyAlgorithm.Rsa2048,
            ["rsa-3072"] = KeyAlgorithm.Rsa3072,
            ["rsa-4096"] = KeyAlgorithm.Rsa4096,
            ["ecdsa-p256"] = KeyAlgorithm.EcdsaP256,
            ["ecdsa-p384"] = KeyAlgorithm.EcdsaP384,
            ["ed25519"] = KeyAlgorithm.Ed25519,
        };

    public static readonly IReadOnlyDictionary<string, KeyPolicy> KeyPolicies =
        new Dictionary<string, KeyPolicy>(StringComparer.Ordinal)
        {
            ["standby"] = KeyPolicy.Standby,
            ["reuse"] = KeyPolicy.Reuse,
            ["rotate"] = KeyPolicy.Rotate,
        };

    /// <summary>The algorithm family by which a TLS client picks one of several certificates on a port.</summary>
    public static KeyFamily Family(this KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.Rsa2048 or KeyAlgorithm.Rsa3072 or KeyAlgorithm.Rsa4096 => KeyFamily.Rsa,
        KeyAlgorithm.EcdsaP256 or KeyAlgorithm.EcdsaP384 => KeyFamily.Ecdsa,
        KeyAlgorithm.Ed25519 => KeyFamily.EdDsa,
        _ => KeyFamily.Unknown,
    };
}

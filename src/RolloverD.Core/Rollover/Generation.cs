using System.Text.Json.Serialization;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>One key and the chain issued for it. Numbers rise and are never used again.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Algorithm">The kind of key.</param>
/// <param name="Key">Its public half.</param>
/// <param name="KeyCreatedAt">
/// From when the key's age counts: when it was made, or taken into use after it stood by. Kept when a later generation
/// takes the key over.
/// </param>
/// <param name="State">How far it came.</param>
public sealed record Generation(
    int Number,
    KeyAlgorithm Algorithm,
    PublicKey Key,
    DateTimeOffset KeyCreatedAt,
    GenerationState State)
{
    /// <summary>The chain, once it was issued.</summary>
    [JsonIgnore]
    public Chain? Chain => State switch
    {
        GenerationState.Issued issued => issued.Chain,
        GenerationState.Deploying deploying => deploying.Chain,
        GenerationState.Live live => live.Chain,
        GenerationState.Superseded superseded => superseded.Chain,
        _ => null,
    };

    public override string ToString() => $"generation {Number} ({State.Word}, key {Key})";
}

/// <summary>How far a generation came, with what is known at that point.</summary>
[JsonDerivedType(typeof(Standby), "standby")]
[JsonDerivedType(typeof(Preparing), "preparing")]
[JsonDerivedType(typeof(Issued), "issued")]
[JsonDerivedType(typeof(Deploying), "deploying")]
[JsonDerivedType(typeof(Live), "live")]
[JsonDerivedType(typeof(Superseded), "superseded")]
[JsonDerivedType(typeof(Archived), "archived")]
public abstract record GenerationState
{
    private GenerationState()
    {
    }

    /// <summary>One word for people and for <c>--json</c>.</summary>
    [JsonIgnore]
    public string Word => this switch
    {
        Standby => "standby",
        Preparing => "preparing",
        Issued => "issued",
        Deploying => "deploying",
        Live => "live",
        Superseded => "superseded",
        _ => "archived",
    };

    /// <summary>A key kept ready, its record published ahead of need.</summary>
    public sealed record Standby : GenerationState;

    /// <summary>A key that is to go into service; its certificate is still to come.</summary>
    public sealed record Preparing(DateTimeOffset Since) : GenerationState;

    /// <summary>Certified, not in service.</summary>
    /// <param name="Chain">Its chain.</param>
    /// <param name="At">Since when.</param>
    /// <param name="Issuer">The issuer in the configuration that certified it; null when that is not known.</param>
    public sealed record Issued(Chain Chain, DateTimeOffset At, string? Issuer = null) : GenerationState;

    /// <summary>
    /// Being put into service: from here until it is verified this chain and the one before both count as served.
    /// </summary>
    /// <param name="Chain">Its chain.</param>
    /// <param name="IntendedAt">
    /// When the intent of the try was saved by which the live link came to lead there, before anything was touched.
    /// </param>
    /// <param name="ReloadedAt">When the mail servers last said that they had reloaded; null before.</param>
    /// <param name="CleanRounds">How many rounds of handshakes in a row saw only this chain at every address.</param>
    /// <param name="GoesBack">Whether it was in service before and is put back in place of a later one.</param>
    /// <param name="Issuer">The issuer in the configuration that certified it; null when that is not known.</param>
    /// <param name="IssuedAt">When it was certified; null when that is not known.</param>
    public sealed record Deploying(
        Chain Chain, DateTimeOffset IntendedAt, DateTimeOffset? ReloadedAt, int CleanRounds,
        bool GoesBack = false, string? Issuer = null, DateTimeOffset? IssuedAt = null)
        : GenerationState;

    /// <summary>
    /// In service: seen at every address of every endpoint, or replaced before that, beside one that kept it from it.
    /// </summary>
    /// <param name="Chain">Its chain.</param>
    /// <param name="VerifiedAt">When the last address was seen to show it, or when it was replaced.</param>
    public sealed record Live(Chain Chain, DateTimeOffset VerifiedAt) : GenerationState;

    /// <summary>It was in service; its records stay until the rollback window has passed.</summary>
    public sealed record Superseded(Chain Chain, DateTimeOffset At) : GenerationState;

    /// <summary>Over: no record of it is visible, its private key is destroyed.</summary>
    public sealed record Archived(DateTimeOffset At) : GenerationState;
}

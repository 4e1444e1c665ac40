using RolloverD.Core.Policy;

namespace RolloverD.Providers.Issuers.Acme;

/// <summary>The settings of one configured ACME issuer.</summary>
/// <param name="Directory">Where the server's directory is.</param>
/// <param name="Contact">The mail address for the authority's warnings; null gives none.</param>
/// <param name="CaFile">PEM file with the only roots to trust for the server itself; null trusts the system's.</param>
/// <param name="EabKid">Name of the account at the authority; null when it needs none.</param>
/// <param name="EabHmacFile">File with that account's secret.</param>
/// <param name="PreferredChain">Common name of an issuer; a chain in which it issued comes first.</param>
/// <param name="Wait">How long name servers may lag before that is a failure, and what one request may take.</param>
/// <param name="TxtTtl">TTL of the TXT records that prove names.</param>
public sealed record AcmeSettings(
    Uri Directory,
    string? Contact,
    string? CaFile,
    string? EabKid,
    string? EabHmacFile,
    string? PreferredChain,
    TimeSpan Wait,
    TimeSpan TxtTtl)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long one attempt waits at one place. What takes longer is pending, and the next attempt goes on there: so
    /// people see what is waited for, and whoever asked is free for something else.
    /// </summary>
    public TimeSpan Look => Wait < LongestLook ? Wait : LongestLook;

    public static readonly ProviderDescription Description = new(
        "acme",
        "a certificate authority that speaks ACME (RFC 8555), such as Let's Encrypt; names are proven by TXT records",
        [
            new("directory", SettingKind.Url, true, "the address of the server's directory"),
            new("contact", SettingKind.MailAddress, false, "where the authority may send warnings"),
            new("challenge", SettingKind.Choice, false, "how names are proven; dns-01 when left out")
            {
                Choices = ["dns-01"],
            },
            new("ca-file", SettingKind.File, false,
                "PEM file with the root of a private or test server; then it alone is trusted for the server"),
            new("eab-kid", SettingKind.Text, false, "name of your account at the authority, if it asks for one"),
            new("eab-hmac-file", SettingKind.File, false, "file with that account's secret (base64url)"),
            new("preferred-chain", SettingKind.Text, false,
                "common name of an issuer: of several chains, one in which it issued comes first"),
            new("timeout", SettingKind.Duration, false,
                "how long name servers may lag before that counts as a failure; 2m when left out"),
            new("txt-ttl", SettingKind.Duration, false, "TTL of the TXT records that prove names; 1m when left out"),
        ]);

    /// <summary>Reads settings that were checked against <see cref="Description"/>.</summary>
    public static AcmeSettings From(ProviderSettings settings) => new(
        new(settings.Get("directory"), UriKind.Absolute),
        settings.Find("contact"),
        settings.Find("ca-file"),
        settings.Find("eab-kid"),
        settings.Find("eab-hmac-file"),
        settings.Find("preferred-chain"),
        DurationOf(settings, "timeout", TimeSpan.FromMinutes(2)),
        DurationOf(settings, "txt-ttl", TimeSpan.FromMinutes(1)));

    private static TimeSpan DurationOf(ProviderSettings settings, string key, TimeSpan otherwise) =>
        settings.Find(key) is { } text && DurationText.TryParse(text, out TimeSpan duration)
            ? duration < Shortest ? Shortest : duration
            : otherwise;
}

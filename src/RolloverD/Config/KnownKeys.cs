using System.Collections.Immutable;
using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>One key of the configuration: by these the file is read and config/README.md is written.</summary>
/// <param name="Name">The key.</param>
/// <param name="Meaning">What it decides, in a sentence without a final dot.</param>
/// <param name="Example">A value as TOML writes it.</param>
internal abstract record KeyDefinition(string Name, string Meaning, string Example)
{
    /// <summary>What the value must be, in words.</summary>
    public abstract string Type { get; }

    /// <summary>What counts when the key is left out, in words.</summary>
    public required string WhenLeftOut { get; init; }
}

/// <summary>A key that holds a text; more is asked of it where it is read.</summary>
internal sealed record TextKey(string Name, string Meaning, string Example, string Kind)
    : KeyDefinition(Name, Meaning, Example)
{
    public override string Type => Kind;
}

/// <summary>A key that holds one of a few words.</summary>
internal sealed record ChoiceKey(string Name, string Meaning, string Example, ImmutableArray<string> Words)
    : KeyDefinition(Name, Meaning, Example)
{
    public override string Type => $"one of {string.Join(", ", Words.Select(w => $"`{w}`"))}";
}

/// <summary>A key that holds a length of time within bounds.</summary>
internal sealed record DurationKey(string Name, string Meaning, string Example, TimeSpan Least, TimeSpan Most)
    : KeyDefinition(Name, Meaning, Example)
{
    public override string Type => $"length of time, {Bounds}";

    public string Bounds => $"{DurationText.Format(Least)} to {DurationText.Format(Most)}";
}

/// <summary>A key that holds a list of texts.</summary>
internal sealed record ListKey(string Name, string Meaning, string Example, string Kind)
    : KeyDefinition(Name, Meaning, Example)
{
    public override string Type => $"list of {Kind}";
}

/// <summary>A table of the configuration.</summary>
/// <param name="Heading">As it is written: <c>[timing]</c>, <c>[zones."NAME"]</c>.</param>
/// <param name="Summary">What the table is for, in one sentence.</param>
/// <param name="Keys">Its keys, without those of a provider.</param>
internal sealed record SectionDefinition(string Heading, string Summary, ImmutableArray<KeyDefinition> Keys);

/// <summary>Every key that is not a provider's own.</summary>
internal static class KnownKeys
{
    public const string DefaultStateDirectory = "/var/lib/rolloverd";
    public const string DefaultResolver = "127.0.0.1:53";

    public static readonly TimeSpan DefaultTtl = TimeSpan.FromHours(1);
    public static readonly TimeSpan DefaultSafetyMargin = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan DefaultRollbackWindow = TimeSpan.FromHours(1);
    public static readonly TimeSpan DefaultVerificationPatience = TimeSpan.FromMinutes(2);
    public static readonly TimeSpan DefaultRotateAfter = TimeSpan.FromDays(365);

    public static readonly TextKey StateDirectory = new(
        "directory",
        "where RolloverD keeps its database, the private keys, `live/` and `archive/`; made when it does not exist",
        $"\"{DefaultStateDirectory}\"",
        "absolute path of a directory")
    { WhenLeftOut = $"`{DefaultStateDirectory}`" };

    public static readonly ListKey ResolverServers = new(
        "servers",
        "the validating resolver on this host; its answers confirm what the authoritative servers say",
        $"[\"{DefaultResolver}\"]",
        "`address:port`, IPv6 in brackets")
    { WhenLeftOut = $"`[\"{DefaultResolver}\"]`" };

    public static readonly TextKey TrustAnchor = new(
        "trust-anchor",
        "DS or DNSKEY records of the root zone, as in a zone file",
        "\"/usr/share/dns/root.key\"",
        "absolute path of a file")
    { WhenLeftOut = "the anchors that are built in" };

    public static readonly DurationKey Ttl = new(
        "ttl",
        "TTL of the TLSA records that are published; a key whose record is new waits at least twice as long",
        "\"30m\"",
        TimeSpan.FromSeconds(1),
        TimeSpan.FromDays(7))
    { WhenLeftOut = "`1h`" };

    public static readonly DurationKey SafetyMargin = new(
        "safety-margin",
        "added to every wait for caches, for clocks and resolvers that are a little off",
        "\"10m\"",
        TimeSpan.Zero,
        TimeSpan.FromDays(7))
    { WhenLeftOut = "`5m`" };

    public static readonly DurationKey RollbackWindow = new(
        "rollback-window",
        "how long the old records stay after the new chain was verified, so that the old generation can go back",
        "\"2h\"",
        TimeSpan.Zero,
        TimeSpan.FromDays(30))
    { WhenLeftOut = "`1h`" };

    public static readonly DurationKey VerificationPatience = new(
        "verification-patience",
        "how long an address may show another chain, or fail the handshake, after a deployment before the old "
        + "generation is put back; one that does not answer is waited for, and while the reload itself reports failure "
        + "also one that shows another chain; one that worked with no chain for long before, or shows one from longer "
        + "ago, is no reason",
        "\"5m\"",
        TimeSpan.FromSeconds(1),
        TimeSpan.FromDays(1))
    { WhenLeftOut = "`2m`" };

    public static readonly ListKey Names = new(
        "names",
        "the DNS names that are certified, the most important first",
        "[\"mx1.example.net\", \"mail.example.net\"]",
        "host names, `*.` allowed in front")
    { WhenLeftOut = "required" };

    public static readonly TextKey Issuer = new(
        "issuer",
        "who issues it: the NAME of a table `[issuers.NAME]`",
        "\"letsencrypt\"",
        "name")
    { WhenLeftOut = "required" };

    public static readonly ChoiceKey Key = new(
        "key",
        "the kind of key; when it is changed the next key is of the new kind",
        "\"rsa-3072\"",
        [.. PolicyWords.KeyAlgorithms.Keys])
    { WhenLeftOut = "`ecdsa-p256`" };

    public static readonly ChoiceKey KeyPolicy = new(
        "key-policy",
        "what happens to the key at a renewal: `standby` keeps it, with the next key's record always published; "
            + "`reuse` keeps it and publishes nothing ahead; `rotate` makes a new one each time, "
            + "but none while an address keeps the last one from being verified",
        "\"rotate\"",
        [.. PolicyWords.KeyPolicies.Keys])
    { WhenLeftOut = "`standby`" };

    public static readonly DurationKey RotateAfter = new(
        "rotate-after",
        "the age at which a key is replaced whatever the policy",
        "\"180d\"",
        TimeSpan.FromSeconds(1),
        TimeSpan.FromDays(3650))
    { WhenLeftOut = "`365d`" };

    public static readonly DurationKey RenewBefore = new(
        "renew-before",
        "how long before its end a certificate is renewed",
        "\"20d\"",
        TimeSpan.FromSeconds(1),
        TimeSpan.FromDays(3650))
    { WhenLeftOut = "a third of the certificate's lifetime" };

    public static readonly ListKey Tlsa = new(
        "tlsa",
        "the kinds of TLSA records to publish: usage, selector, matching type",
        "[\"3 1 1\", \"2 1 1\"]",
        "`3 0 1`, `3 0 2`, `3 1 1`, `3 1 2`, `2 0 1`, `2 0 2`, `2 1 1`, `2 1 2`")
    { WhenLeftOut = "`[\"3 1 1\"]`" };

    public static readonly ListKey Endpoints = new(
        "endpoints",
        "where it is served: each gets TLSA records, and each is looked at by a TLS handshake",
        "[\"mx1.example.net:25\", \"mx1.example.net:465\"]",
        "`host:port`, port 25 when left out")
    { WhenLeftOut = "port 25 of the first of `names`" };

    public static readonly TextKey Provider = new(
        "provider", "which provider changes the zone", "\"rfc2136\"", "provider")
    { WhenLeftOut = "required" };

    public static readonly TextKey IssuerType = new(
        "type", "which kind of issuer it is", "\"acme\"", "issuer")
    { WhenLeftOut = "required" };

    public static readonly TextKey MailServer = new(
        "server", "which kind of mail server it is", "\"postfix\"", "mail server")
    { WhenLeftOut = "required" };

    public static readonly SectionDefinition State = new(
        "[state]", "What RolloverD writes on this host.", [StateDirectory]);

    public static readonly SectionDefinition Resolver = new(
        "[resolver]", "How it asks the DNS.", [ResolverServers, TrustAnchor]);

    public static readonly SectionDefinition Timing = new(
        "[timing]", "How long it waits.", [Ttl, SafetyMargin, RollbackWindow, VerificationPatience]);

    public static readonly SectionDefinition Zones = new(
        "[zones.\"NAME\"]", "A zone that it may write, for TLSA records and for the proofs of ACME.", [Provider]);

    public static readonly SectionDefinition Issuers = new(
        "[issuers.NAME]", "Who issues certificates.", [IssuerType]);

    public static readonly SectionDefinition Certificates = new(
        "[certificates.NAME]",
        "A certificate to keep fresh. NAME is its word in every command and its directory below `live/`.",
        [Names, Issuer, Key, KeyPolicy, RotateAfter, RenewBefore, Tlsa, Endpoints]);

    public static readonly SectionDefinition Deploy = new(
        "[[certificates.NAME.deploy]]",
        "A mail server that serves the certificate. There may be several; they go in or back together.",
        [MailServer]);

    /// <summary>All tables, in the order in which people read them.</summary>
    public static readonly ImmutableArray<SectionDefinition> Sections =
        [State, Resolver, Timing, Zones, Issuers, Certificates, Deploy];
}

using System.Collections.Immutable;
using System.Text.Json.Serialization;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Commands;

/// <summary>What <c>check --json</c> prints.</summary>
internal sealed record CheckReport(string? Domain, string? Problem, ImmutableArray<HostReport> Hosts)
{
    /// <summary>Whether a sender hands mail over at every address that it may choose.</summary>
    public bool Delivers => Problem is null && Hosts.All(h => h.Addresses.All(a => a.Delivers));
}

internal sealed record HostReport(
    string Endpoint, string? TlsaOwner, ImmutableArray<string> Records, ImmutableArray<AddressReport> Addresses);

internal sealed record AddressReport(
    string Address,
    string Verdict,
    bool Delivers,
    string Reason,
    string? Protocol,
    string? Certificate,
    DateTimeOffset? NotAfter)
{
    public static AddressReport Of(string address, Verdict verdict, Presented? presented)
    {
        (string word, string reason) = verdict switch
        {
            Core.Dane.Verdict.Verified { Depth: 0 } verified => ("verified", $"{verified.Record} matches the server's certificate"),
            Core.Dane.Verdict.Verified verified =>
                ("verified", $"{verified.Record} matches the CA certificate at depth {verified.Depth}"),
            Core.Dane.Verdict.Refused refused => ("refused", refused.Reason),
            Core.Dane.Verdict.Unauthenticated unauthenticated => ("unauthenticated", unauthenticated.Reason),
            Core.Dane.Verdict.NoDane none => ("no dane", none.Reason),
            Core.Dane.Verdict.Deferred deferred => ("deferred", deferred.Reason),
            Core.Dane.Verdict.NoTls without => ("no tls", without.Reason),
            _ => throw new InvalidOperationException($"unknown verdict {verdict}"),
        };
        var shows = presented as Presented.Shows;
        return new(
            address, word, verdict.Delivers, reason,
            shows?.Protocol, shows?.Chain.Leaf.Subject, shows?.Chain.Leaf.NotAfter);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(CheckReport))]
internal sealed partial class CheckJson : JsonSerializerContext;

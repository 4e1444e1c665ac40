using System.Collections.Immutable;
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
    DateTimeOffset? NotAfter,
    string Remedy)
{
    /// <summary>The address that stands for all of a host about which nothing could be found out.</summary>
    public const string AnyAddress = "every address";

    public static AddressReport Of(string address, Verdict verdict, Presented? presented)
    {
        (string word, string reason) = verdict switch
        {
            Core.Dane.Verdict.Verified { Depth: 0 } verified =>
                ("verified", $"{verified.Record} matches the server's certificate"),
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
            shows?.Protocol, shows?.Chain.Leaf.Subject, shows?.Chain.Leaf.NotAfter, RemedyOf(verdict));
    }

    // What the postmaster of the host does about it.
    private static string RemedyOf(Verdict verdict) => verdict switch
    {
        Core.Dane.Verdict.Verified { Depth: 0 } => "nothing: DANE works",
        Core.Dane.Verdict.Verified =>
            "nothing: DANE works, as long as this CA issues the certificate and is sent with it",
        Core.Dane.Verdict.Refused =>
            "mail is being lost: publish a 3 1 1 record of the certificate that this server shows "
            + "('rolloverd tlsa FILE.pem' prints it), or put the certificate that the records expect back into service",
        Core.Dane.Verdict.Unauthenticated =>
            "mail is encrypted but nobody is authenticated: publish a 3 1 1 record in place of the unusable ones",
        Core.Dane.Verdict.NoDane =>
            "mail is delivered without DANE: sign the zone if it is not, and publish a 3 1 1 record, "
            + "or let rolloverd do it",
        Core.Dane.Verdict.Deferred =>
            "mail waits at the sender: see to the DNSSEC of the zone and that the servers named here can be reached",
        Core.Dane.Verdict.NoTls =>
            "mail is being lost: let this server offer STARTTLS and complete a TLS handshake, "
            + "or withdraw the TLSA records",
        _ => throw new InvalidOperationException($"unknown verdict {verdict}"),
    };
}

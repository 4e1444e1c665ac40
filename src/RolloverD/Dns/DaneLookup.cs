using System.Collections.Immutable;
using System.Globalization;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Dns.Messages;
using RolloverD.Dns.Transport;

namespace RolloverD.Dns;

/// <summary>Looks a mail host or domain up exactly as a sending mail server that validates DANE does.</summary>
/// <remarks>RFC 7672 §2.2.</remarks>
public sealed class DaneLookup(ResolverSettings settings, TimeProvider clock, DnsPatience? patience = null)
{
    /// <summary>Looks up one host. Failures of the network are values; only cancellation is thrown.</summary>
    /// <exception cref="InvalidDataException">The resolver's address or the trust anchor cannot be used.</exception>
    public async Task<HostFinding> FindHostAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        await using Round round = await BeginAsync(cancellation);
        return await FindHostAsync(round, endpoint);
    }

    /// <summary>Looks up a domain's MX records and every host that they name; without any, the domain itself.</summary>
    /// <exception cref="InvalidDataException">The resolver's address or the trust anchor cannot be used.</exception>
    public async Task<DomainFinding> FindDomainAsync(string domain, int port, CancellationToken cancellation)
    {
        await using Round round = await BeginAsync(cancellation);
        LookupAnswer mx = await ValidatingResolver.LookupAsync(round, domain, RecordType.Mx);
        MailHost[] hosts = await Task.WhenAll(
            ListHosts(domain, mx).Select(async h =>
                new MailHost(h.Preference, await FindHostAsync(round, new(h.Host, port)))));
        return new(domain, mx, [.. hosts.OrderBy(h => h.Preference)]);
    }

    private Task<Round> BeginAsync(CancellationToken cancellation) =>
        Round.BeginAsync(settings, clock, patience ?? DnsPatience.Usual, cancellation);

    private static ImmutableArray<(int Preference, string Host)> ListHosts(string domain, LookupAnswer mx) =>
        mx.Content switch
        {
            // RFC 7505 §3: the root as the only exchange means that the domain takes no mail.
            LookupContent.Found { Values: ["0 ."] } => [],
            LookupContent.Found found => [.. found.Values.Select(v => v.Split(' ')).Select(ReadHost)],
            // RFC 5321 §5.1: without MX records the domain is its own host.
            LookupContent.NoData => [(0, mx.Owner)],
            _ => [],
        };

    private static (int Preference, string Host) ReadHost(string[] fields) =>
        (int.Parse(fields[0], CultureInfo.InvariantCulture), fields[1]);

    private static async Task<HostFinding> FindHostAsync(Round round, Endpoint endpoint)
    {
        LookupAnswer[] addresses = await Task.WhenAll(
            ValidatingResolver.LookupAsync(round, endpoint.Host, RecordType.A),
            ValidatingResolver.LookupAsync(round, endpoint.Host, RecordType.Aaaa));
        var tried = ImmutableArray.CreateBuilder<TlsaLookup>();
        DaneOutcome outcome = WithoutAddress(endpoint, addresses) is { } missing
            ? missing
            : await FindRecordsAsync(round, endpoint, BaseDomains(endpoint, addresses), tried);
        return new(endpoint, addresses[0], addresses[1], tried.ToImmutable(), outcome);
    }

    private static DaneOutcome.MustNotBeUsed? WithoutAddress(Endpoint endpoint, LookupAnswer[] addresses)
    {
        if (addresses.Any(a => !a.Values.IsEmpty))
            return null;
        return addresses.FirstOrDefault(a => a.Content.IsError) is { } failed
            ? new DaneOutcome.MustNotBeUsed(
                $"the addresses of {endpoint.Host} cannot be looked up: {failed.Content.Problem}")
            : new DaneOutcome.MustNotBeUsed($"{endpoint.Host} has no address");
    }

    // The fully expanded name when every step to it is secure, then the name itself when it is in a signed zone: a
    // secure alias may lead out into an insecure zone. RFC 7672 §2.2.2, RFC 7671 §7.
    private static ImmutableArray<string> BaseDomains(Endpoint endpoint, LookupAnswer[] addresses)
    {
        LookupAnswer best = addresses.Where(a => !a.Values.IsEmpty).OrderByDescending(a => a.IsSecure).First();
        string? expanded = best.IsSecure ? best.Owner : null;
        string? initial = best.IsSecure || best.Aliases is [{ Standing: Standing.Secure }, ..] ? endpoint.Host : null;
        return [.. new[] { expanded, initial }.OfType<string>().Distinct()];
    }

    private static async Task<DaneOutcome> FindRecordsAsync(
        Round round, Endpoint endpoint, ImmutableArray<string> bases, ImmutableArray<TlsaLookup>.Builder tried)
    {
        if (bases.IsEmpty)
            return new DaneOutcome.DoesNotApply($"the addresses of {endpoint.Host} are not signed");
        string reason = "";
        foreach (string baseDomain in bases)
        {
            string name = new Endpoint(baseDomain, endpoint.Port).TlsaName;
            LookupAnswer answer = await ValidatingResolver.LookupAsync(round, name, RecordType.Tlsa);
            tried.Add(new(baseDomain, answer));
            // RFC 7672 §2.1.2: an error is never taken for absence.
            if (answer.Content.IsError)
                return new DaneOutcome.MustNotBeUsed($"{name} cannot be looked up: {answer.Content.Problem}");
            if (answer is { IsSecure: true, Content: LookupContent.Found found })
                return new DaneOutcome.Applies(baseDomain, answer.Owner, ToRecords(found));
            reason = answer.Content is LookupContent.Found
                ? $"the TLSA records of {name} are not signed"
                : $"{name} has no TLSA record";
        }

        return new DaneOutcome.DoesNotApply(reason);
    }

    private static RecordSet ToRecords(LookupContent.Found found) =>
        new(
            [
                .. found.Values
                    .Select(v => TlsaRecord.TryParse(v, out TlsaRecord record) ? record : null)
                    .OfType<TlsaRecord>(),
            ],
            found.Ttl);
}

using System.CommandLine;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Dns;
using RolloverD.Smtp;

namespace RolloverD.Commands;

/// <summary>
/// <c>rolloverd check</c>: looks at a host as a sending mail server would, and says what that one concludes.
/// </summary>
internal static class CheckCommand
{
    public static Command Create(CommonOptions common)
    {
        var host = new Argument<string?>("HOST[:PORT]")
        {
            Description = "A mail host; port 25 when left out.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var domain = new Option<string?>("--domain")
        {
            Description = "A mail domain: every host of its MX records is looked at.",
            HelpName = "DOMAIN",
        };
        var command = new Command(
            "check",
            """
            Looks at a mail host, or at every MX host of a domain, exactly as a sender that validates DANE does: DNSSEC
            from the trust anchor, TLSA records, a STARTTLS handshake with every address; and says what that sender
            concludes (RFC 7672) and what to do about it.
            Needs no configuration file; [resolver] is used when there is one.

            The verdicts: 'verified', a record matches what the server shows; 'no dane', delivered without DANE;
            'unauthenticated', encrypted, but no record is usable; 'refused', no record matches; 'no tls', records
            demand TLS and there is none; 'deferred', it cannot be told now. Mail is delivered with the first three.
            """);
        Lesson.Teach(command, new(
            [
                ("check mx1.example.net", "One host, every address, port 25."),
                ("check --domain example.net", "Every host that receives mail for a domain."),
            ],
            [
                (0, "mail is delivered at every address"),
                (1, "it is not; the text says where, why and what to do"),
                (64, "neither a host nor a domain was named"),
                (78, "there is a configuration file and it is wrong"),
            ]));
        command.Arguments.Add(host);
        command.Options.Add(domain);
        command.Validators.Add(result =>
        {
            if (result.GetValue(host) is null == result.GetValue(domain) is null)
                result.AddError("say either HOST[:PORT] or --domain DOMAIN");
        });
        command.SetAction((parsed, cancellation) => CheckAsync(
            Resolver(parsed.GetValue(common.File)!),
            parsed.GetValue(host),
            parsed.GetValue(domain),
            parsed.GetValue(common.Json),
            cancellation));
        return command;
    }

    private static ResolverSettings Resolver(string file) =>
        file == CommonOptions.DefaultFile && !File.Exists(file)
            ? new(["127.0.0.1:53"], null)
            : Composition.Load(file).Resolver;

    private static async Task<int> CheckAsync(
        ResolverSettings resolver, string? host, string? domain, bool json, CancellationToken cancellation)
    {
        TimeProvider time = TimeProvider.System;
        var lookup = new DaneLookup(resolver, time);
        CheckReport report;
        if (domain is not null)
        {
            if (!DnsName.TryNormalise(domain, out string name))
            {
                throw new CommandException(
                    ExitCode.Usage, $"'{domain}' is not a domain name", "write it as example.net");
            }

            DomainFinding found = await lookup.FindDomainAsync(name, 25, cancellation);
            HostReport[] hosts = await Task.WhenAll(
                found.Hosts.Select(h => JudgeAsync(h.Finding, [name], time, cancellation)));
            report = new(name, MxProblem(found), [.. hosts]);
        }
        else
        {
            HostFinding found = await lookup.FindHostAsync(CommonOptions.EndpointOf(host!), cancellation);
            report = new(null, null, [await JudgeAsync(found, [], time, cancellation)]);
        }

        if (json)
            ReportJson.Print(report, ReportJson.Default.CheckReport);
        else
            Terminal.Print(CheckText.Of(report, time.GetUtcNow(), Terminal.Width));
        return report.Delivers ? ExitCode.Good : ExitCode.Bad;
    }

    private static string? MxProblem(DomainFinding found) => found.Mx.Content switch
    {
        LookupContent.Bogus bogus => $"the MX lookup is bogus, senders defer: {bogus.Reason}",
        LookupContent.Failed failed => $"the MX lookup failed, senders defer: {failed.Reason}",
        LookupContent.NoName => "the domain does not exist",
        _ when found.Hosts.IsEmpty => "the domain takes no mail",
        _ => null,
    };

    private static async Task<HostReport> JudgeAsync(
        HostFinding found, string[] domains, TimeProvider time, CancellationToken cancellation)
    {
        (TlsaFinding finding, string? owner, string name) = found.Outcome switch
        {
            DaneOutcome.Applies applies => (
                (TlsaFinding)new TlsaFinding.Secure(applies.Records), (string?)applies.Owner, applies.BaseDomain),
            DaneOutcome.DoesNotApply not => (
                new TlsaFinding.None(not.Reason), null, found.Endpoint.Host),
            DaneOutcome.MustNotBeUsed must => (new TlsaFinding.Failed(must.Reason), null, found.Endpoint.Host),
            _ => throw new InvalidOperationException($"unknown outcome {found.Outcome}"),
        };
        string[] records = finding is TlsaFinding.Secure secure
            ? [.. secure.Records.Records.Select(r => r.ToString())]
            : [];
        if (finding is TlsaFinding.Failed failed)
        {
            Verdict deferred = new Verdict.Deferred(failed.Reason);
            return new(
                found.Endpoint.ToString(),
                owner,
                [.. records],
                [AddressReport.Of(AddressReport.AnyAddress, deferred, null)]);
        }

        // RFC 7672 §8.1: the name in SNI is the TLSA base domain.
        var handshake = new Handshake(
            new Known(found), new() { Depth = HandshakeDepth.Default }, time);
        EndpointObservation seen = await handshake.ObserveAsync(new(name, found.Endpoint.Port), [], cancellation);
        string[] references = [.. domains.Append(name).Append(found.Endpoint.Host).Distinct()];
        return new(
            found.Endpoint.ToString(),
            owner,
            [.. records],
            [
                .. seen.Addresses.Select(a => AddressReport.Of(
                    a.Address, Verdict.Of(finding, a.Presented[0], references, time.GetUtcNow()), a.Presented[0])),
                .. seen.AddressProblem is { } problem
                    ? [AddressReport.Of(AddressReport.AnyAddress, new Verdict.Deferred(problem), null)]
                    : (AddressReport[])[],
            ]);
    }

    /// <summary>The addresses that the lookup already found.</summary>
    private sealed class Known(HostFinding found) : IAddressLookup
    {
        public Task<Smtp.HostAddresses> FindAsync(string host, CancellationToken cancellation) =>
            Task.FromResult<Smtp.HostAddresses>(found.Addresses is { IsEmpty: false } addresses
                ? new Smtp.HostAddresses.Found(addresses)
                : new Smtp.HostAddresses.Unknown($"{found.Endpoint.Host} has no address"));
    }
}

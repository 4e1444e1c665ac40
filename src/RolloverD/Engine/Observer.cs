using System.Collections.Immutable;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Engine;

/// <summary>
/// Looks at the world on behalf of one certificate: its owners' servers, its endpoints, its mail servers.
/// </summary>
internal sealed class Observer(
    Desired desired,
    IAuthority authority,
    IHandshake handshake,
    IGenerationFiles files,
    Func<DesiredCertificate, ImmutableArray<IMailServer>> mailServers)
{
    /// <summary>
    /// One look. Mail servers are asked only when a deployment is at hand: each question starts processes.
    /// </summary>
    public Task<Observation> ObserveAsync(
        DesiredCertificate certificate, Facts known, CancellationToken cancellation) =>
        ObserveAsync(
            certificate, known, Deploys(known.Certificate(certificate.Name)) ? mailServers(certificate) : [],
            cancellation);

    /// <summary>What safety asks of the world: name servers and endpoints, without the mail servers.</summary>
    public Task<Observation> ObserveExposureAsync(
        DesiredCertificate certificate, Facts known, CancellationToken cancellation) =>
        ObserveAsync(certificate, known, [], cancellation);

    private async Task<Observation> ObserveAsync(
        DesiredCertificate certificate,
        Facts known,
        ImmutableArray<IMailServer> asked,
        CancellationToken cancellation)
    {
        Task<OwnerObservation>[] owners =
        [
            .. certificate.Endpoints.Select(e => e.TlsaName)
                .Concat(Orphans.LookedAfterBy(desired, known, certificate.Name))
                .Distinct()
                .Select(name => authority.ObserveAsync(name, DnsRecordType.Tlsa, cancellation)),
        ];
        Task<EndpointObservation>[] endpoints =
        [
            .. certificate.Endpoints.Select(e => handshake.ObserveAsync(e, cancellation)),
        ];
        Task<MailServerOutcome>[] servers =
        [
            .. asked.Select(m => m.PrepareAsync(files.Live(certificate.Name), cancellation)),
        ];

        await Task.WhenAll([.. owners, .. endpoints, .. servers]);
        return new(
            owners.Select(o => o.Result).ToImmutableDictionary(o => o.Name),
            endpoints.Select(e => e.Result).ToImmutableDictionary(e => e.Endpoint),
            [.. servers.Select(s => s.Result)],
            files.LiveGeneration(certificate.Name));
    }

    private static bool Deploys(CertificateFacts known) =>
        known.Next is { State: GenerationState.Issued }
        || known.Current is { State: GenerationState.Deploying { ReloadedAt: null } };
}

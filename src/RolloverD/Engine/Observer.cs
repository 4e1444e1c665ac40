using System.Collections.Immutable;
using RolloverD.Core.Dane;
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
            certificate, known, [], null,
            ComingOf(known.Certificate(certificate.Name)) is null ? [] : mailServers(certificate),
            cancellation);

    /// <summary>
    /// What safety asks of the world: name servers and endpoints, without the mail servers. Before records change, it
    /// asks where the names of other certificates lead now, and what is served where they lead to the same owner.
    /// </summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="known">What is known.</param>
    /// <param name="changed">The owner whose records are about to change; null: none.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<Observation> ObserveExposureAsync(
        DesiredCertificate certificate, Facts known, string? changed, CancellationToken cancellation)
    {
        ImmutableArray<Endpoint> others =
            changed is null ? [] : [.. desired.Layout.Endpoints.Except(certificate.Endpoints)];
        return ObserveAsync(certificate, known, others, changed, [], cancellation);
    }

    /// <summary>The generation that is to be put into service next, or null.</summary>
    public static int? ComingOf(CertificateFacts known) =>
        known.Current is { State: GenerationState.Deploying { ReloadedAt: null } } begun ? begun.Number
        : known.Next is { State: GenerationState.Issued } issued ? issued.Number
        : null;

    private async Task<Observation> ObserveAsync(
        DesiredCertificate certificate,
        Facts known,
        ImmutableArray<Endpoint> others,
        string? changed,
        ImmutableArray<IMailServer> asked,
        CancellationToken cancellation)
    {
        bool isDeploying = known.Certificate(certificate.Name).Current is { State: GenerationState.Deploying };
        ImmutableArray<string> orphans = Orphans.LookedAfterBy(desired, known, certificate.Name);
        ImmutableArray<Endpoint> left = Orphans.EndpointsAt(desired, known, orphans);
        others = [.. others, .. left];
        List<Task<OwnerObservation>> owners = [];
        List<Task<EndpointObservation>> endpoints = [];
        foreach (Endpoint endpoint in certificate.Endpoints)
            owners.Add(AskAsync(endpoint.TlsaName, known.EndpointOf(endpoint).Owner));
        foreach (string orphan in orphans.Where(o => !left.Any(e => e.TlsaName == o)))
            owners.Add(AskAsync(orphan, orphan));
        foreach (Endpoint other in others)
            owners.Add(AskAsync(other.TlsaName, known.EndpointOf(other).Owner));
        foreach (Endpoint endpoint in certificate.Endpoints)
            endpoints.Add(MeetAsync(endpoint));
        foreach (Endpoint other in others.Where(e => known.EndpointOf(e).Owner == changed || left.Contains(e)))
            endpoints.Add(MeetAsync(other));
        LiveFiles live = files.Live(certificate.Name, ComingOf(known.Certificate(certificate.Name)));
        Task<MailServerOutcome>[] servers = [.. asked.Select(m => m.PrepareAsync(live, cancellation))];

        await Task.WhenAll([.. owners, .. endpoints, .. servers]);
        var names = ImmutableDictionary.CreateBuilder<string, OwnerObservation>();
        foreach (Task<OwnerObservation> owner in owners)
            names[owner.Result.Name] = owner.Result;
        var rounds = ImmutableDictionary.CreateBuilder<Endpoint, EndpointObservation>();
        foreach (Task<EndpointObservation> round in endpoints)
            rounds[round.Result.Endpoint] = round.Result;
        return new(
            names.ToImmutable(),
            rounds.ToImmutable(),
            [.. servers.Select(s => s.Result)],
            files.LiveGeneration(certificate.Name),
            [
                .. known.Certificate(certificate.Name).Generations
                    .Where(g => g.State is GenerationState.Standby or GenerationState.Preparing
                        or GenerationState.Issued or GenerationState.Deploying
                        || (g.State is GenerationState.Live && isDeploying)
                        || g.Number == Aborting.AskedBack(known.Certificate(certificate.Name))?.Number)
                    .Select(g => g.Number)
                    .Where(g => IsGone(certificate.Name, g)),
            ],
            others,
            files.HasKeyAlone(certificate.Name, known.Certificate(certificate.Name).NextNumber)
                ? known.Certificate(certificate.Name).NextNumber
                : null);

        Task<EndpointObservation> MeetAsync(Endpoint endpoint) => handshake.ObserveAsync(
            endpoint, [.. known.EndpointOf(endpoint).FormerAddresses.Select(a => a.Address)], cancellation);

        Task<OwnerObservation> AskAsync(string name, string owner) => authority.ObserveAsync(
            name, DnsRecordType.Tlsa,
            [.. known.Owner(owner).FormerServers.Select(s => new FormerServer(s.Server, s.Address))], cancellation);
    }

    private bool IsGone(string certificate, int generation)
    {
        try
        {
            return files.FindKey(certificate, generation) is null;
        }
        catch (StoreException)
        {
            return false; // damaged: whoever needs it says so
        }
    }
}

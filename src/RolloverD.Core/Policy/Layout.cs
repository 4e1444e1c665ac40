using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Policy;

/// <summary>What is served where, read once from the configuration: every decision asks it many times.</summary>
public sealed class Layout
{
    private readonly ImmutableSortedDictionary<string, DesiredCertificate> source;

    internal Layout(ImmutableSortedDictionary<string, DesiredCertificate> certificates)
    {
        source = certificates;
        Certificates = [.. certificates.Values];
        Endpoints = [.. Certificates.SelectMany(c => c.Endpoints).Distinct()];
    }

    /// <summary>The certificates, by name.</summary>
    public ImmutableArray<DesiredCertificate> Certificates { get; }

    /// <summary>The endpoints of all certificates, each once.</summary>
    public ImmutableArray<Endpoint> Endpoints { get; }

    internal bool IsOf(ImmutableSortedDictionary<string, DesiredCertificate> certificates) =>
        ReferenceEquals(source, certificates);
}

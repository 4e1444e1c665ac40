using RolloverD.Core.Ports;
using Xunit;

namespace RolloverD.Providers.Tests.Dns.Rfc2136;

/// <summary>The rfc2136 provider against a real BIND.</summary>
public sealed class Rfc2136Conformance(BindServer bind) : Rfc2136ConformanceIn(bind, BindServer.Zone);

/// <summary>The same in a zone that BIND signs apart, so that a change shows a little later.</summary>
public sealed class Rfc2136SignedConformance(BindServer bind) : Rfc2136ConformanceIn(bind, BindServer.SignedZone);

public abstract class Rfc2136ConformanceIn(BindServer bind, string zone)
    : DnsProviderConformance, IClassFixture<BindServer>
{
    protected override IDnsProvider Provider { get; } = bind.Provider(zone: zone);

    protected override string Zone => zone;

    protected override Task PlaceAsync(DnsRecordSet records) => bind.PlaceAsync(records);

    protected override Task TakeAwayAsync(DnsRecordSet records) => bind.PlaceAsync(records, remove: true);
}

using RolloverD.Core.Ports;
using Xunit;

namespace RolloverD.Providers.Tests.Dns.Rfc2136;

/// <summary>The rfc2136 provider against a real BIND.</summary>
public sealed class Rfc2136Conformance(BindServer bind) : DnsProviderConformance, IClassFixture<BindServer>
{
    protected override IDnsProvider Provider { get; } = bind.Provider();

    protected override string Zone => BindServer.Zone;

    protected override Task PlaceAsync(DnsRecordSet records) => bind.PlaceAsync(records);

    protected override Task TakeAwayAsync(DnsRecordSet records) => bind.PlaceAsync(records, remove: true);
}

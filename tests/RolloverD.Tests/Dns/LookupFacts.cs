using Microsoft.Extensions.Time.Testing;
using RolloverD.Core.Dane;
using RolloverD.Dns;
using RolloverD.Dns.Messages;
using Xunit;

namespace RolloverD.Tests.Dns;

/// <summary>What a sending mail server finds, looked up through the local resolver and validated here.</summary>
[Collection("signed internet")]
public sealed class LookupFacts(SignedInternet internet)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Signed_records_are_secure()
    {
        LookupAnswer answer = await LookupAsync("mx1.example.test", RecordType.A);
        Assert.True(answer.IsSecure);
        Assert.Equal(["127.0.53.2"], answer.Values);
        Assert.Equal(["::1"], (await LookupAsync("mx1.example.test", RecordType.Aaaa)).Values);
        Assert.Equal(
            ["10 mx1.example.test", "20 alias.example.test"],
            (await LookupAsync("example.test", RecordType.Mx)).Values);
    }

    [Fact]
    public async Task All_addresses_of_a_host_are_found_or_the_reason_told()
    {
        HostAddresses found = await internet.ValidatingResolver.FindAddressesAsync("alias.example.test", Cancellation);
        Assert.Equal(["::1", "127.0.53.2"], found.Addresses.Select(a => a.ToString()));
        Assert.Null(found.Problem);
        Assert.Equal(TimeSpan.FromSeconds(60), found.Ttl);
        found = await internet.ValidatingResolver.FindAddressesAsync("mx1.bogus.test", Cancellation);
        Assert.Empty(found.Addresses);
        Assert.Contains("bogus", found.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Capitals_do_not_matter() =>
        Assert.True((await LookupAsync("MX1.Example.TEST.", RecordType.A)).IsSecure);

    [Fact]
    public async Task Records_of_an_unsigned_zone_are_insecure()
    {
        LookupAnswer answer = await LookupAsync("mx1.unsigned.test", RecordType.A);
        Assert.Equal(Standing.Insecure, answer.Content.Standing);
        Assert.Equal(["127.0.53.2"], answer.Values);
    }

    [Fact]
    public async Task Absence_is_secure_or_insecure_too()
    {
        LookupContent none = (await LookupAsync("mx1.example.test", RecordType.Mx)).Content;
        Assert.Equal(Standing.Secure, Assert.IsType<LookupContent.NoData>(none).Standing);
        none = (await LookupAsync("nothing.n3.test", RecordType.A)).Content;
        Assert.Equal(Standing.Secure, Assert.IsType<LookupContent.NoName>(none).Standing);
        none = (await LookupAsync("nothing.unsigned.test", RecordType.A)).Content;
        Assert.Equal(Standing.Insecure, Assert.IsType<LookupContent.NoName>(none).Standing);
        none = (await LookupAsync("nothing.optout.test", RecordType.A)).Content;
        Assert.Equal(Standing.Insecure, Assert.IsType<LookupContent.NoName>(none).Standing);
    }

    [Fact]
    public async Task A_bogus_zone_is_bogus_and_not_merely_failed() =>
        Assert.IsType<LookupContent.Bogus>((await LookupAsync("mx1.bogus.test", RecordType.A)).Content);

    [Fact]
    public async Task Expired_signatures_are_bogus()
    {
        var later = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(45));
        LookupAnswer answer = await new ValidatingResolver(internet.Settings, later)
            .LookupAsync("mx1.example.test", RecordType.A, Cancellation);
        Assert.IsType<LookupContent.Bogus>(answer.Content);
    }

    [Fact]
    public async Task An_alias_into_an_insecure_zone_is_insecure()
    {
        LookupAnswer answer = await LookupAsync("outside.example.test", RecordType.A);
        Assert.False(answer.IsSecure);
        Assert.Equal(Standing.Secure, Assert.Single(answer.Aliases).Standing);
        Assert.Equal("mx1.unsigned.test", answer.Owner);
    }

    [Theory]
    [InlineData("mx1.example.test", "mx1.example.test", TestZones.Old)]
    [InlineData("alias.example.test", "mx1.example.test", TestZones.Old)]
    [InlineData("outside.example.test", "outside.example.test", TestZones.New)]
    public async Task The_base_domain_is_the_securely_expanded_name_or_else_the_first(
        string host, string expected, string data)
    {
        HostFinding finding = await FindAsync(host);
        var applies = Assert.IsType<DaneOutcome.Applies>(finding.Outcome);
        Assert.Equal(expected, applies.BaseDomain);
        Assert.Equal([TlsaRecord.Parse("3 1 1 " + data)], applies.Records.Records);
        Assert.Equal(["::1", "127.0.53.2"], finding.Addresses.Select(a => a.ToString()));
    }

    [Fact]
    public async Task Dane_does_not_apply_without_records_or_signatures()
    {
        Assert.IsType<DaneOutcome.DoesNotApply>((await FindAsync("mx1.unsigned.test")).Outcome);
        HostFinding finding = await internet.DaneLookup.FindHostAsync(new("mx1.example.test", 465), Cancellation);
        Assert.IsType<DaneOutcome.DoesNotApply>(finding.Outcome);
    }

    [Fact]
    public async Task A_host_with_a_bogus_address_must_not_be_used() =>
        Assert.IsType<DaneOutcome.MustNotBeUsed>((await FindAsync("mx1.bogus.test")).Outcome);

    [Fact]
    public async Task A_domain_leads_to_its_hosts_by_preference()
    {
        DomainFinding finding = await internet.DaneLookup.FindDomainAsync("example.test", 25, Cancellation);
        Assert.Equal([10, 20], finding.Hosts.Select(h => h.Preference));
        Assert.All(finding.Hosts, h => Assert.IsType<DaneOutcome.Applies>(h.Finding.Outcome));
    }

    [Fact]
    public async Task A_domain_without_mx_records_is_its_own_host()
    {
        DomainFinding finding = await internet.DaneLookup.FindDomainAsync("mx1.example.test", 25, Cancellation);
        Assert.Equal("mx1.example.test", Assert.Single(finding.Hosts).Finding.Endpoint.Host);
    }

    private Task<LookupAnswer> LookupAsync(string name, RecordType type) =>
        internet.ValidatingResolver.LookupAsync(name, type, Cancellation);

    private Task<HostFinding> FindAsync(string host) =>
        internet.DaneLookup.FindHostAsync(new(host, 25), Cancellation);
}

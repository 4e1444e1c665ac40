using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using RolloverD.Core.Ports;
using RolloverD.Dns;
using Xunit;

namespace RolloverD.Tests.Dns;

/// <summary>What is seen of real servers, BIND and Unbound, well and ill.</summary>
[Collection("signed internet")]
public sealed class AuthorityFacts(SignedInternet internet)
{
    private const string Old = "3 1 1 " + TestZones.Old;
    private const string New = "3 1 1 " + TestZones.New;

    [Fact]
    public async Task Every_server_of_a_healthy_zone_serves_the_set_verified()
    {
        OwnerObservation seen = await ObserveAsync("_25._tcp.mx1.example.test");
        Assert.IsType<ZoneSecurity.Secure>(seen.Security);
        Assert.Equal("example.test", seen.Zone);
        Assert.Equal(TimeSpan.FromSeconds(7), seen.NegativeTtl);
        Assert.Equal([SignedInternet.Primary, SignedInternet.Secondary], seen.Servers.Select(s => s.Address));
        Assert.All(seen.Servers, s =>
        {
            var serves = Assert.IsType<AnswerContent.Serves>(s.Content);
            Assert.Equal([Old], serves.Set.Values);
            Assert.Equal(TimeSpan.FromSeconds(30), serves.Set.Ttl);
            Assert.InRange(serves.SignatureExpires - seen.FinishedAt, TimeSpan.FromDays(29), TimeSpan.FromDays(31));
        });
        Assert.Equal([Old], Assert.IsType<ResolverView.Validated>(seen.Resolver).Set.Values);
    }

    [Fact]
    public async Task Text_records_are_put_together_from_their_strings()
    {
        OwnerObservation seen = await ObserveAsync("txt.example.test", DnsRecordType.Txt);
        Assert.All(seen.Servers, s => Assert.Equal(["hello world"], Served(s)));
        Assert.Equal(["hello world"], Assert.IsType<ResolverView.Validated>(seen.Resolver).Set.Values);
    }

    [Theory]
    [InlineData("nothing.example.test", false)]
    [InlineData("mx1.example.test", true)]
    [InlineData("_tcp.mx1.example.test", true)]
    [InlineData("a.wild.example.test", true)]
    [InlineData("nothing.n3.test", false)]
    [InlineData("host.n3.test", true)]
    [InlineData("_tcp.host.n3.test", true)]
    [InlineData("a.wild.n3.test", true)]
    public async Task Absence_is_proven(string name, bool exists)
    {
        OwnerObservation seen = await ObserveAsync(name);
        Assert.Equal(2, seen.Servers.Length);
        Assert.All(seen.Servers, s => Assert.Equal(new AnswerContent.Absent(exists), s.Content));
        Assert.Empty(Assert.IsType<ResolverView.Validated>(seen.Resolver).Set.Values);
    }

    [Theory]
    [InlineData("_25._tcp.mx.optout.test", DnsRecordType.Tlsa)]
    [InlineData("_acme-challenge.mx.optout.test", DnsRecordType.Txt)]
    [InlineData("_25._tcp.open.example.test", DnsRecordType.Tlsa)]
    public async Task A_signed_record_is_proven_absent_where_unsigned_delegations_are_not(
        string name, DnsRecordType type)
    {
        OwnerObservation seen = await ObserveAsync(name, type);
        Assert.Equal("optout.test", seen.Zone);
        Assert.IsType<ZoneSecurity.Secure>(seen.Security);
        Assert.Equal(2, seen.Servers.Length);
        Assert.All(seen.Servers, s => Assert.Equal(new AnswerContent.Absent(false), s.Content));
        Assert.Empty(Assert.IsType<ResolverView.Validated>(seen.Resolver).Set.Values);
    }

    [Theory]
    [InlineData("_25._tcp.nothing.plain.optout.test")]
    [InlineData("nothing.unsigned.test")]
    [InlineData("_25._tcp.none.example.test")]
    public async Task Nothing_is_proven_absent_in_an_insecure_zone(string name)
    {
        OwnerObservation seen = await ObserveAsync(name);
        Assert.IsType<ZoneSecurity.Insecure>(seen.Security);
        Assert.Equal(2, seen.Servers.Length);
        Assert.All(
            seen.Servers, s => Assert.Empty(Assert.IsType<AnswerContent.Unsigned>(s.Content).Set.Values));
        Assert.IsType<ResolverView.NotValidated>(seen.Resolver);
    }

    [Theory]
    [InlineData("a.wild.example.test", "wild")]
    [InlineData("a.b.wild.example.test", "wild")]
    [InlineData("b.c.wild.example.test", "deep")]
    [InlineData("a.b.wild.n3.test", "wild")]
    public async Task What_a_wildcard_answers_verifies(string name, string text)
    {
        OwnerObservation seen = await ObserveAsync(name, DnsRecordType.Txt);
        Assert.All(seen.Servers, s => Assert.Equal([text], Served(s)));
    }

    [Fact]
    public async Task A_wildcard_does_not_reach_below_a_name_that_exists()
    {
        OwnerObservation seen = await ObserveAsync("a.c.wild.example.test", DnsRecordType.Txt);
        Assert.All(seen.Servers, s => Assert.Equal(new AnswerContent.Absent(false), s.Content));
    }

    [Fact]
    public async Task An_alias_is_followed_with_its_own_ttl()
    {
        OwnerObservation seen = await ObserveAsync("_25._tcp.mx2.example.test");
        Assert.Equal("dane.example.test", seen.Owner);
        Assert.Equal(
            [new Alias("_25._tcp.mx2.example.test", "dane.example.test", TimeSpan.FromSeconds(90))], seen.Aliases);
        Assert.All(seen.Servers, s => Assert.Equal([New, Old], Served(s)));
        Assert.Equal("dane.example.test", Assert.IsType<ResolverView.Validated>(seen.Resolver).Set.Owner);
    }

    [Fact]
    public async Task An_alias_leads_into_another_zone()
    {
        OwnerObservation seen = await ObserveAsync("_25._tcp.abroad.example.test");
        Assert.Equal(("_25._tcp.host.n3.test", "n3.test"), (seen.Owner, seen.Zone));
        Assert.All(seen.Servers, s => Assert.Equal([New], Served(s)));
    }

    [Fact]
    public async Task A_bogus_alias_counts_whatever_its_server_says_of_the_owner()
    {
        OwnerObservation seen = await ObserveAsync("mx.half.test");
        Assert.Equal("dane.half.test", seen.Owner);
        Assert.Equal([Old], Served(At(seen, SignedInternet.Primary)));
        AnswerContent[] other =
            [.. seen.Servers.Where(s => s.Address == SignedInternet.Secondary).Select(s => s.Content)];
        Assert.Equal(2, other.Length);
        Assert.Single(other.OfType<AnswerContent.Bogus>());
        Assert.Equal([Old], Assert.Single(other.OfType<AnswerContent.Serves>()).Set.Values);
        Assert.All(seen.Servers, s => Assert.True(s.IsOfZone));
    }

    [Fact]
    public async Task A_server_of_the_aliass_zone_alone_is_missed_and_is_none_of_the_owners()
    {
        OwnerObservation seen = await ObserveAsync("far.half.test");
        Assert.Equal(("dane.lone.test", "lone.test"), (seen.Owner, seen.Zone));
        ServerAnswer serves = At(seen, SignedInternet.Primary), missed = At(seen, SignedInternet.Secondary);
        Assert.Equal([Old], Served(serves));
        Assert.IsType<AnswerContent.Bogus>(missed.Content);
        Assert.Equal((true, true), (serves.IsListed, serves.IsOfZone));
        Assert.Equal((true, false), (missed.IsListed, missed.IsOfZone));
    }

    [Fact]
    public async Task A_renamed_subtree_is_followed()
    {
        OwnerObservation seen = await ObserveAsync("_25._tcp.mx.moved.example.test");
        Assert.Equal("_25._tcp.mx.elsewhere.example.test", seen.Owner);
        Assert.All(seen.Servers, s => Assert.Equal([Old], Served(s)));
    }

    [Fact]
    public async Task An_alias_into_an_insecure_zone_makes_all_insecure()
    {
        OwnerObservation seen = await ObserveAsync("_25._tcp.plain.example.test");
        Assert.IsType<ZoneSecurity.Insecure>(seen.Security);
        Assert.All(seen.Servers, s => Assert.IsType<AnswerContent.Unsigned>(s.Content));
    }

    [Fact]
    public async Task Aliases_in_a_circle_are_refused()
    {
        OwnerObservation seen = await ObserveAsync("_25._tcp.one.example.test");
        Assert.All(seen.Servers, s => Assert.IsType<AnswerContent.Failed>(s.Content));
        Assert.IsType<ResolverView.Failed>(seen.Resolver);
    }

    [Fact]
    public async Task Servers_that_disagree_on_an_alias_are_told_apart()
    {
        OwnerObservation seen = await ObserveAsync("mx.split.test");
        Assert.Equal("mx.split.test", seen.Owner);
        Assert.Equal([Old], Served(At(seen, SignedInternet.Primary)));
        var elsewhere = Assert.IsType<AnswerContent.LeadsElsewhere>(At(seen, SignedInternet.Secondary).Content);
        Assert.Contains("other.split.test", elsewhere.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secondary_that_lags_serves_the_old_set()
    {
        OwnerObservation seen = await ObserveAsync("mx.lagging.test");
        Assert.Equal([New], Served(At(seen, SignedInternet.Primary)));
        Assert.Equal([Old], Served(At(seen, SignedInternet.Secondary)));
    }

    [Fact]
    public async Task A_tampered_record_is_bogus_at_the_server_that_has_it()
    {
        OwnerObservation seen = await ObserveAsync("mx.tampered.test");
        Assert.IsType<ZoneSecurity.Secure>(seen.Security);
        Assert.Equal([Old], Served(At(seen, SignedInternet.Primary)));
        Assert.IsType<AnswerContent.Bogus>(At(seen, SignedInternet.Secondary).Content);
    }

    [Fact]
    public async Task An_unsigned_zone_is_insecure()
    {
        OwnerObservation seen = await ObserveAsync("_25._tcp.mx1.unsigned.test");
        Assert.IsType<ZoneSecurity.Insecure>(seen.Security);
        Assert.All(
            seen.Servers, s => Assert.Equal([Old], Assert.IsType<AnswerContent.Unsigned>(s.Content).Set.Values));
        var view = Assert.IsType<ResolverView.NotValidated>(seen.Resolver);
        Assert.Contains("validates", view.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_zone_whose_key_the_parent_does_not_know_is_bogus()
    {
        OwnerObservation seen = await ObserveAsync("_25._tcp.mx1.bogus.test");
        Assert.IsType<ZoneSecurity.Bogus>(seen.Security);
        Assert.Equal(2, seen.Servers.Length);
        Assert.All(seen.Servers, s => Assert.IsType<AnswerContent.Bogus>(s.Content));
        Assert.IsType<ResolverView.Failed>(seen.Resolver);
    }

    [Fact]
    public async Task A_signature_lasts_no_longer_than_those_of_the_keys_that_it_was_made_with()
    {
        OwnerObservation seen = await ObserveAsync("mx.offline.test");
        Assert.Equal(2, seen.Servers.Length);
        Assert.All(seen.Servers, s => Assert.InRange(
            Assert.IsType<AnswerContent.Serves>(s.Content).SignatureExpires - seen.FinishedAt,
            TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(20)));
        seen = await ObserveAsync("_25._tcp.cut.example.test");
        Assert.All(seen.Servers, s => Assert.InRange(
            Assert.IsType<AnswerContent.Serves>(s.Content).SignatureExpires - seen.FinishedAt,
            TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(20)));
    }

    [Fact]
    public async Task Signatures_that_have_expired_are_bogus()
    {
        var later = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(45));
        OwnerObservation seen = await new Authority(internet.Settings, later, port: internet.Port).ObserveAsync(
            "_25._tcp.mx1.example.test", DnsRecordType.Tlsa, [], TestContext.Current.CancellationToken);
        var bogus = Assert.IsType<ZoneSecurity.Bogus>(seen.Security);
        Assert.Contains("expired", bogus.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Servers_of_the_delegation_and_of_the_zone_count_even_when_they_do_not_answer()
    {
        OwnerObservation seen = await ObserveAsync("mx.away.test");
        Assert.Equal(["ns1.test", "ns4.test", "ns4.test", "ns5.test"], seen.Servers.Select(s => s.Server));
        Assert.Equal([Old], Served(At(seen, SignedInternet.Primary)));
        Assert.Contains("refused", Unreachable(At(seen, "127.0.53.4")), StringComparison.Ordinal);
        Assert.Contains("refused", Unreachable(At(seen, "::1")), StringComparison.Ordinal);
        Assert.Contains("within 1 s", Unreachable(At(seen, "127.0.53.5")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_only_the_parents_glue_tells_counts_like_those_of_the_zone()
    {
        OwnerObservation seen = await ObserveAsync("mx.moved.test");
        Assert.Equal(2, seen.Servers.Length);
        Assert.Equal([New], Served(At(seen, SignedInternet.Primary)));
        Assert.Equal([Old], Served(At(seen, SignedInternet.Secondary)));
    }

    [Fact]
    public async Task Servers_that_were_not_asked_because_the_list_never_ends_are_missing()
    {
        OwnerObservation seen = await ObserveAsync("mx.endless.test");
        Assert.Equal(4, seen.Servers.Count(s => s.Content is AnswerContent.Unsigned));
        var failed = Assert.Single(seen.Servers.Select(s => s.Content).OfType<AnswerContent.Failed>());
        Assert.Contains("w5.test", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_resolver_nothing_is_known()
    {
        var authority = new Authority(
            internet.Settings with { Servers = [$"127.0.53.4:{internet.Port}"] }, TimeProvider.System);
        OwnerObservation seen = await authority.ObserveAsync(
            "_25._tcp.mx1.example.test", DnsRecordType.Tlsa, [], TestContext.Current.CancellationToken);
        Assert.IsType<ZoneSecurity.Unknown>(seen.Security);
        Assert.IsType<ResolverView.Failed>(seen.Resolver);
        Assert.Empty(seen.Servers);
    }

    [Fact]
    public async Task With_a_foreign_trust_anchor_everything_is_bogus()
    {
        var authority = new Authority(
            internet.Settings with { TrustAnchorFile = null }, TimeProvider.System, port: internet.Port);
        OwnerObservation seen = await authority.ObserveAsync(
            "_25._tcp.mx1.example.test", DnsRecordType.Tlsa, [], TestContext.Current.CancellationToken);
        Assert.IsType<ZoneSecurity.Bogus>(seen.Security);
    }

    [Fact]
    public async Task A_round_of_questions_takes_milliseconds()
    {
        Authority authority = internet.Authority;
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < 40; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await authority.ObserveAsync(
                "_25._tcp.mx1.example.test", DnsRecordType.Tlsa, [], TestContext.Current.CancellationToken);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            best = took < best ? took : best;
        }

        TestContext.Current.SendDiagnosticMessage($"best of 40 rounds: {best.TotalMilliseconds:0.0} ms");
        Assert.InRange(best.TotalMilliseconds, 0, 100);
    }

    [Fact]
    public async Task A_server_that_was_taken_out_of_the_zone_is_asked_and_told_apart()
    {
        OwnerObservation seen = await ObserveAsync(
            "mx.away.test", DnsRecordType.Tlsa, new("ns1.test", SignedInternet.Primary),
            new("ns2.test", SignedInternet.Secondary), new("ns9.test", "no address"));
        ServerAnswer former = At(seen, SignedInternet.Secondary);
        Assert.Equal(("ns2.test", false), (former.Server, former.IsListed));
        Assert.Equal([Old], Served(former));
        Assert.True(At(seen, SignedInternet.Primary).IsListed);
        Assert.Single(seen.Servers, s => !s.IsListed);
    }

    [Fact]
    public async Task A_former_server_is_asked_where_an_alias_leads()
    {
        OwnerObservation seen = await ObserveAsync(
            "alias.away.test", DnsRecordType.Tlsa, new FormerServer("ns2.test", SignedInternet.Secondary));
        Assert.Equal("mx.away.test", seen.Owner);
        Assert.Equal([Old], Served(Assert.Single(seen.Servers, s => !s.IsListed)));
    }

    [Theory]
    [InlineData("_25._tcp.mx1.example.test")]
    [InlineData("mx.moved.test")]
    public async Task It_is_told_how_long_resolvers_know_where_the_zone_is(string name) =>
        Assert.Equal(TimeSpan.FromSeconds(60), (await ObserveAsync(name)).ServersTtl);

    private Task<OwnerObservation> ObserveAsync(
        string name, DnsRecordType type = DnsRecordType.Tlsa, params ImmutableArray<FormerServer> former) =>
        internet.Authority.ObserveAsync(name, type, former, TestContext.Current.CancellationToken);

    private static ServerAnswer At(OwnerObservation seen, string address) =>
        seen.Servers.Single(s => s.Address == address);

    private static ImmutableArray<string> Served(ServerAnswer answer) =>
        Assert.IsType<AnswerContent.Serves>(answer.Content).Set.Values;

    private static string Unreachable(ServerAnswer answer) =>
        Assert.IsType<AnswerContent.Unreachable>(answer.Content).Reason;
}

[CollectionDefinition("signed internet")]
public sealed class SignedInternetCollection : ICollectionFixture<SignedInternet>;

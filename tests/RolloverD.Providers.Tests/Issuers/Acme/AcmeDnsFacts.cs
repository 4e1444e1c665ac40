using System.Collections.Immutable;
using System.Diagnostics;
using RolloverD.Core.Ports;
using Xunit;

namespace RolloverD.Providers.Tests.Issuers.Acme;

/// <summary>How the acme issuer treats the zone in which it proves names.</summary>
public sealed class AcmeDnsFacts : IDisposable
{
    private const string Owner = "_acme-challenge.mx1.example.test";

    private readonly ScriptedServer _server = new();
    private readonly TestZone _zone = new("example.test");
    private readonly TestOrder _order = new(["mx1.example.test"]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _server.Dispose();
        _order.Dispose();
    }

    [Fact]
    public async Task Values_of_others_and_their_TTL_survive()
    {
        _zone.Place(Owner, "somebody else's", TimeSpan.FromSeconds(900));
        _order.AssertCertifiedBy(await IssueAsync());
        DnsRecordSet held = _zone.Held(Owner);
        Assert.Equal(["somebody else's"], held.Values);
        Assert.Equal(TimeSpan.FromSeconds(900), held.Ttl);
    }

    [Fact]
    public async Task A_record_of_its_own_gets_the_configured_TTL()
    {
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Equal(TimeSpan.FromSeconds(60), _zone.Changes[0].Ttl);
    }

    [Fact]
    public async Task The_authority_is_not_told_before_the_last_server_serves_the_record()
    {
        int toldTooEarly = 0;
        _zone.Second = seen =>
        {
            toldTooEarly += _server.Count("/c/1");
            return seen <= 5 ? new AnswerContent.Absent(false) : null;
        };
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Equal(0, toldTooEarly);
        Assert.Equal(6, _zone.Observations);
    }

    [Fact]
    public async Task A_server_that_lags_is_named_with_what_it_serves_and_the_order_goes_on_when_it_has_caught_up()
    {
        _zone.Second = _ => new AnswerContent.Serves(
            new(Owner, DnsRecordType.Txt, TimeSpan.FromSeconds(60), ["an old value"]), DateTimeOffset.MaxValue);
        var away = Assert.IsType<IssueOutcome.Unavailable>(await IssueAsync(TimeSpan.FromMilliseconds(400)));
        Assert.Contains($"ns2.example.test (192.0.2.2) does not serve the TXT record of {Owner}", away.Reason);
        Assert.Contains("it serves only \"an old value\"", away.Reason);
        Assert.Equal(0, _server.Count("/c/1"));
        Assert.Single(_zone.Everything);

        _zone.Second = _ => null;
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Equal(1, _server.Count("/order"));
        Assert.Empty(_zone.Everything);
    }

    [Fact]
    public async Task A_server_that_lags_for_a_short_while_is_waited_for_by_the_next_attempts()
    {
        _zone.Second = _ => new AnswerContent.Absent(false);
        long start = Stopwatch.GetTimestamp();
        var pending = Assert.IsType<IssueOutcome.Pending>(await IssueAsync(TimeSpan.FromMinutes(2)));
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Contains($"ns2.example.test (192.0.2.2) does not serve the TXT record of {Owner}", pending.Reason);
        Assert.Contains("NOTIFY", pending.Reason);
        Assert.Single(_zone.Everything);
        Assert.Equal(0, _server.Count("/c/1"));

        _zone.Second = _ => null;
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Equal(1, _server.Count("/order"));
    }

    [Fact]
    public async Task A_server_that_lags_over_several_attempts_becomes_a_failure()
    {
        _zone.Second = _ => new AnswerContent.Absent(false);
        Assert.IsType<IssueOutcome.Pending>(await IssueAsync(TimeSpan.FromSeconds(7)));
        var away = Assert.IsType<IssueOutcome.Unavailable>(await IssueAsync(TimeSpan.FromSeconds(7)));
        Assert.Contains("ns2.example.test (192.0.2.2) does not serve", away.Reason);
        Assert.Equal(1, _server.Count("/order"));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_named()
    {
        _zone.Second = _ => new AnswerContent.Unreachable("connection refused");
        var away = Assert.IsType<IssueOutcome.Unavailable>(await IssueAsync(TimeSpan.FromMilliseconds(300)));
        Assert.Contains("ns2.example.test (192.0.2.2)", away.Reason);
        Assert.Contains("does not answer (connection refused)", away.Reason);
    }

    [Fact]
    public async Task An_unsigned_zone_proves_names_as_well()
    {
        _zone.Second = _ => _zone.Held(Owner) is { Values.IsEmpty: false } set ? new AnswerContent.Unsigned(set) : null;
        _order.AssertCertifiedBy(await IssueAsync());
    }

    [Fact]
    public async Task An_alias_is_followed_to_where_the_records_belong()
    {
        _zone.Aliases[Owner] = "mx1.proofs.example.test";
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.All(_zone.Changes, change => Assert.Equal("mx1.proofs.example.test", change.Owner));
        Assert.Empty(_zone.Everything);
    }

    [Fact]
    public async Task An_alias_out_of_every_configured_zone_is_a_refusal_that_names_both()
    {
        _zone.Aliases[Owner] = "mx1.elsewhere.test";
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains($"no configured zone holds mx1.elsewhere.test, to which {Owner} is an alias", refused.Reason);
        Assert.Empty(_zone.Changes);
    }

    [Fact]
    public async Task A_provider_that_refuses_is_a_refusal_with_its_remedy()
    {
        _zone.OnChange = change => change.Add.IsEmpty ? null : new DnsChangeOutcome.Refused("not allowed", "allow it");
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains("not allowed", refused.Reason);
        Assert.Equal("allow it", refused.Remedy);
    }

    [Fact]
    public async Task A_lost_answer_of_the_provider_is_made_up_for_at_the_next_attempt()
    {
        bool lost = true;
        _zone.OnChange = _ => lost ? new DnsChangeOutcome.Unknown("time-out", "try again") : null;
        Assert.IsType<IssueOutcome.Unavailable>(await IssueAsync());
        lost = false;
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Empty(_zone.Everything);
    }

    [Fact]
    public async Task A_record_that_cannot_be_removed_does_not_hold_the_certificate_and_goes_with_the_next_one()
    {
        bool stuck = true;
        _zone.OnChange =
            change => stuck && !change.Remove.IsEmpty ? new DnsChangeOutcome.Unknown("time-out", "") : null;
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Single(_zone.Everything);

        stuck = false;
        using var next = new TestOrder(["mx1.example.test"], _order.Notebook);
        next.AssertCertifiedBy(await _server.Issuer(_zone).IssueAsync(next.Request, Cancellation));
        Assert.Empty(_zone.Everything);
    }

    [Fact]
    public async Task The_catalogue_makes_the_issuer_from_text()
    {
        Entry<IIssuer> entry = Assert.Single(Catalogue.Issuers, e => e.Description.Type == "acme");
        IIssuer issuer = entry.Create(
            new("acme", new Dictionary<string, string>
            {
                ["directory"] = _server.Origin + "/dir",
                ["challenge"] = "dns-01",
                ["timeout"] = "3s",
                ["txt-ttl"] = "30s",
            }.ToImmutableDictionary()),
            _zone.Surroundings());
        _order.AssertCertifiedBy(await issuer.IssueAsync(_order.Request, Cancellation));
        Assert.Equal(TimeSpan.FromSeconds(30), _zone.Changes[0].Ttl);
    }

    private Task<IssueOutcome> IssueAsync(TimeSpan? wait = null) =>
        _server.Issuer(_zone, wait).IssueAsync(_order.Request, Cancellation);
}

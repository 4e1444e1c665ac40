using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using RolloverD.Core.Ports;
using RolloverD.Providers.Issuers.Acme;
using Xunit;

namespace RolloverD.Providers.Tests.Issuers.Acme;

/// <summary>What the acme issuer makes of servers that refuse, fail, dawdle or answer nonsense.</summary>
public sealed class ScriptedServerFacts : IDisposable
{
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
    public async Task The_scripted_server_certifies_when_nothing_is_scripted()
    {
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Empty(_zone.Everything);
    }

    [Theory]
    [InlineData("120")]
    [InlineData("date")]
    public async Task A_rate_limit_is_a_refusal_until_the_time_that_the_server_names(string retryAfter)
    {
        DateTimeOffset at = DateTimeOffset.UtcNow.AddSeconds(120);
        string header = retryAfter == "date" ? at.ToString("R", CultureInfo.InvariantCulture) : retryAfter;
        _server.Script = (path, _) => path == "/order"
            ? Scripted.Problem(429, "rateLimited", "too many certificates", "", ("Retry-After", header)) : null;

        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.InRange(refused.RetryAt!.Value, at.AddSeconds(-2), at.AddSeconds(10));
        Assert.Contains("too many certificates (rateLimited)", refused.Reason);
    }

    [Theory]
    [InlineData("63072000")]
    [InlineData("31000000")]
    [InlineData("Fri, 31 Dec 2100 23:59:59 GMT")]
    public async Task A_server_that_wants_to_be_left_alone_for_years_is_asked_again_after_a_day(string retryAfter)
    {
        _server.Script = (path, _) => path == "/order"
            ? Scripted.Problem(429, "rateLimited", "too many certificates", "", ("Retry-After", retryAfter)) : null;

        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        DateTimeOffset latest = DateTimeOffset.UtcNow.AddDays(1);
        Assert.InRange(refused.RetryAt!.Value, latest.AddSeconds(-10), latest);
    }

    [Fact]
    public async Task Too_many_requests_without_a_problem_document_is_a_rate_limit_too()
    {
        _server.Script = (path, _) => path == "/order"
            ? new(429, "<html>slow down</html>", "text/html", ("Retry-After", "60")) : null;
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains("rateLimited", refused.Reason);
        Assert.NotNull(refused.RetryAt);
    }

    [Fact]
    public async Task The_parts_of_a_problem_are_told_name_by_name()
    {
        _server.Script = (path, _) => path == "/order"
            ? Scripted.Problem(403, "rejectedIdentifier", "some names are refused", """
                ,"subproblems":[
                  {"type":"urn:ietf:params:acme:error:caa","detail":"CAA\nforbids",
                   "identifier":{"type":"dns","value":"a.test"}},
                  {"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"policy",
                   "identifier":{"type":"dns","value":"b.test"}}]
                """) : null;
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.EndsWith(
            "refuses: some names are refused (rejectedIdentifier) [a.test: CAA forbids (caa); "
            + "b.test: policy (rejectedIdentifier)]",
            refused.Reason);
    }

    [Fact]
    public async Task An_order_that_turns_invalid_is_told_and_the_next_attempt_places_another()
    {
        bool broken = true;
        _server.Script = (path, _) => broken && path.StartsWith("/finalize/", StringComparison.Ordinal)
            ? new(200, _server.OrderBody("invalid", """
                ,"error":{"type":"urn:ietf:params:acme:error:caa","detail":"CAA changed"}
                """)) : null;
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains("CAA changed (caa)", refused.Reason);
        Assert.Empty(_zone.Everything);

        broken = false;
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Equal(2, _server.Count("/order"));
    }

    [Fact]
    public async Task A_failed_proof_is_a_refusal_and_its_records_are_removed()
    {
        _zone.NegativeTtl = TimeSpan.FromMinutes(30);
        _server.Script = (path, count) => path == "/z/1" && count > 1
            ? new(200, _server.AuthorizationBody("invalid", """
                ,"error":{"type":"urn:ietf:params:acme:error:unauthorized","detail":"No TXT record found"}
                """)) : null;
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains("mx1.example.test: No TXT record found (unauthorized)", refused.Reason);

        // Its resolver may remember that long that there was none.
        Assert.InRange(
            refused.RetryAt!.Value, DateTimeOffset.UtcNow.AddMinutes(29), DateTimeOffset.UtcNow.AddMinutes(31));
        Assert.Empty(_zone.Everything);
        _order.AssertCertifiedBy(await IssueAsync());
    }

    [Fact]
    public async Task A_server_out_of_order_is_unavailable_and_the_order_goes_on_later()
    {
        bool broken = true;
        _server.Script = (path, _) => broken && path.StartsWith("/finalize/", StringComparison.Ordinal)
            ? new(500, "oops", "text/plain") : null;
        var away = Assert.IsType<IssueOutcome.Unavailable>(await IssueAsync());
        Assert.Contains("HTTP 500", away.Reason);

        broken = false;
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Equal(1, _server.Count("/order"));
        Assert.Equal(1, _server.Count("/c/1"));
    }

    [Fact]
    public async Task A_server_that_says_when_it_is_back_is_asked_then()
    {
        _server.Script = (path, _) => path == "/dir"
            ? new(503, "", "text/plain", ("Retry-After", "300")) : null;
        var pending = Assert.IsType<IssueOutcome.Pending>(await IssueAsync());
        Assert.True(pending.RetryAt > DateTimeOffset.UtcNow.AddSeconds(250));
    }

    [Fact]
    public async Task An_order_that_is_processed_for_ever_is_pending_and_is_not_placed_again()
    {
        _server.AfterFinalize = "processing";
        _server.Script = (path, _) => path == "/o/1" && _server.Count("/finalize/1") > 0
            ? new(200, _server.OrderBody("processing")) : null;
        Assert.IsType<IssueOutcome.Pending>(await IssueAsync(TimeSpan.FromMilliseconds(500)));
        Assert.IsType<IssueOutcome.Pending>(await IssueAsync(TimeSpan.FromMilliseconds(500)));
        Assert.Equal(1, _server.Count("/order"));
        Assert.Equal(1, _server.Count("/finalize/1"));

        _server.Script = (_, _) => null;
        _order.AssertCertifiedBy(await IssueAsync());
    }

    [Fact]
    public async Task A_processing_order_is_asked_again_when_the_server_says()
    {
        _server.Script = (path, count) => path.StartsWith("/finalize/", StringComparison.Ordinal) && count == 1
            ? null
            : path == "/o/1" && count == 2
                ? new(200, _server.OrderBody("processing"), "application/json", ("Retry-After", "1")) : null;
        _server.AfterFinalize = "processing";
        long start = Stopwatch.GetTimestamp();
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.True(Stopwatch.GetElapsedTime(start) > TimeSpan.FromMilliseconds(900));
        Assert.Equal(3, _server.Count("/o/1"));
    }

    [Fact]
    public async Task An_order_to_be_asked_again_after_the_limit_is_pending_until_then_at_once()
    {
        _server.AfterFinalize = "processing";
        _server.Script = (path, count) => path == "/o/1" && count == 2
            ? new(200, _server.OrderBody("processing"), "application/json", ("Retry-After", "3600")) : null;
        long start = Stopwatch.GetTimestamp();
        var pending = Assert.IsType<IssueOutcome.Pending>(await IssueAsync());
        Assert.True(pending.RetryAt > DateTimeOffset.UtcNow.AddSeconds(3500));
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_certificate_for_another_key_is_refused_and_not_asked_for_again()
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _server.OtherKey = other;
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains("another key", refused.Reason);

        _server.OtherKey = null;
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Equal(2, _server.Count("/order"));
    }

    [Fact]
    public async Task A_slow_server_is_unavailable()
    {
        _server.Slowness = TimeSpan.FromSeconds(5);
        var away = Assert.IsType<IssueOutcome.Unavailable>(await IssueAsync(TimeSpan.FromMilliseconds(300)));
        Assert.Contains("did not answer within 0.3 s (/dir)", away.Reason);
    }

    [Fact]
    public async Task A_server_that_is_away_is_unavailable()
    {
        _server.Dispose();
        var away = Assert.IsType<IssueOutcome.Unavailable>(await IssueAsync());
        Assert.Contains("no connection to 127.0.0.1", away.Reason);
    }

    [Fact]
    public async Task An_endless_answer_is_not_read_to_its_end()
    {
        _server.Script = (path, _) => path == "/dir" ? new(200, new string(' ', 3 * 1024 * 1024)) : null;
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains("larger than 1024 KiB", refused.Reason);
    }

    [Theory]
    [InlineData("/dir", "<html>hello</html>")]
    [InlineData("/dir", "[]")]
    [InlineData("/dir", "{\"newNonce\":7}")]
    [InlineData("/dir", "{}")]
    [InlineData("/o/1", "{\"status\":\"pending\"}")]
    [InlineData("/o/1", "{\"status\":\"dancing\"}")]
    [InlineData("/z/1", "{\"status\":\"pending\"}")]
    [InlineData("/z/1", "null")]
    [InlineData("/z/1", "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":null}}")]
    [InlineData("/o/1", "{\"status\":\"ready\",\"finalize\":\"/f\",\"authorizations\":[null]}")]
    [InlineData("/o/1", "{\"status\":\"ready\",\"finalize\":7,\"authorizations\":[]}")]
    [InlineData("/order", "{\"status\":\"ready\",\"finalize\":\"/order\",\"authorizations\":[]}")]
    [InlineData("/cert/1", "no certificate")]
    [InlineData("/cert/1", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    [InlineData("/cert/1", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    public async Task Nonsense_is_a_refusal_that_names_the_resource(string path, string body)
    {
        _server.Script = (asked, _) => asked == path
            ? new(200, body, "application/json", ("Location", _server.Origin + "/o/1")) : null;
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains(path, refused.Reason);
        Assert.Empty(_zone.Everything);
    }

    [Fact]
    public async Task Holes_in_lists_do_no_harm()
    {
        _server.Script = (path, count) => path == "/z/1" && count > 1
            ? new(200, _server.AuthorizationBody("invalid", """
                ,"error":{"detail":"no","subproblems":[null,{"type":null}]}},null,{"type":"x"
                """)) : null;
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains("no (unknown) [no explanation (unknown)]", refused.Reason);
    }

    [Fact]
    public async Task A_server_that_refuses_every_nonce_is_not_asked_for_ever()
    {
        _server.Script = (path, _) => path == "/account" ? Scripted.Problem(400, "badNonce", "never") : null;
        Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.InRange(_server.Count("/account"), 5, 20);
    }

    [Fact]
    public async Task A_server_without_dns_01_is_a_refusal_that_names_what_it_offers()
    {
        _server.Script = (path, _) => path == "/z/1" ? new(200, """
            {"status":"pending","identifier":{"type":"dns","value":"mx1.example.test"},
             "challenges":[{"type":"http-01","url":"http://127.0.0.1/x","token":"abc","status":"pending"}]}
            """) : null;
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains("it offers: http-01", refused.Reason);
    }

    [Fact]
    public async Task A_plain_http_address_elsewhere_is_never_asked()
    {
        var issuer = new AcmeIssuer(
            _server.Settings with { Directory = new("http://acme.example.test/dir") }, _zone.Surroundings());
        var refused = Assert.IsType<IssueOutcome.Refused>(await issuer.IssueAsync(_order.Request, Cancellation));
        Assert.Contains("only https", refused.Reason);
    }

    [Fact]
    public async Task A_directory_that_points_elsewhere_is_told()
    {
        _server.Script = (path, _) => path == "/dir"
            ? new(301, "", "text/plain", ("Location", "https://elsewhere.example/dir")) : null;
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Contains("https://elsewhere.example/dir", refused.Reason);
    }

    [Fact]
    public async Task An_order_whose_certificate_is_gone_is_given_up_at_the_second_look()
    {
        _server.Script = (path, _) => path == "/cert/1"
            ? Scripted.Problem(404, "malformed", "certificate not found") : null;

        // A moment after it was made a certificate may not be everywhere yet.
        Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.IsType<IssueOutcome.Refused>(await IssueAsync());
        Assert.Equal((1, 2), (_server.Count("/order"), _server.Count("/cert/1")));

        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Equal(2, _server.Count("/order"));
    }

    [Fact]
    public async Task An_order_that_the_server_has_forgotten_is_placed_anew()
    {
        _server.AfterFinalize = "processing";
        _server.Script = (path, _) => path == "/o/1" && _server.Count("/finalize/1") > 0
            ? new(200, _server.OrderBody("processing")) : null;
        Assert.IsType<IssueOutcome.Pending>(await IssueAsync(TimeSpan.FromMilliseconds(300)));

        _server.AfterFinalize = "valid";
        _server.Script = (path, _) => path == "/o/1" ? Scripted.Problem(404, "malformed", "no such order") : null;
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Equal(2, _server.Count("/order"));
    }

    [Theory]
    [InlineData("/z/1")] // the order is placed
    [InlineData("/c/1")] // the authority was told to look
    [InlineData("/finalize/1")] // the request was sent
    [InlineData("/cert/1")] // the certificate was asked for
    public async Task Killed_while_a_request_is_under_way_it_goes_on_with_the_same_order(string path)
    {
        using var killed = new CancellationTokenSource();
        _server.Script = (asked, _) =>
        {
            if (asked == path)
                killed.Cancel();
            return null;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _server.Issuer(_zone).IssueAsync(_order.Request, killed.Token));

        _server.Script = (_, _) => null;
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Equal(1, _server.Count("/order"));
        Assert.Equal(1, _server.Count("/c/1"));
        Assert.Equal(1, _server.Count("/finalize/1"));
        Assert.Empty(_zone.Everything);
    }

    [Fact]
    public async Task Certificates_that_are_ordered_at_the_same_time_open_one_account()
    {
        _server.Script = (path, _) => path == "/order" ? Scripted.Problem(429, "rateLimited", "later") : null;
        using AcmeIssuer issuer = _server.Issuer(_zone);
        using var other = new TestOrder(["mx2.example.test"], _order.Notebook);
        await Task.WhenAll(
            issuer.IssueAsync(_order.Request, Cancellation), issuer.IssueAsync(other.Request, Cancellation));
        Assert.Equal(1, _server.Count("/account"));
    }

    [Fact]
    public async Task Cancellation_ends_an_attempt_at_once_and_leaves_the_records_noted()
    {
        using var stop = new CancellationTokenSource();
        _server.Script = (path, count) => path == "/z/1" && count > 1
            ? new(200, _server.AuthorizationBody("pending")) : null;
        Task<IssueOutcome> attempt = _server.Issuer(_zone).IssueAsync(_order.Request, stop.Token);
        while (_server.Count("/z/1") < 3)
            await Task.Delay(10, Cancellation);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attempt);
        Assert.Single(_zone.Everything);

        _server.Script = (_, _) => null;
        _order.AssertCertifiedBy(await IssueAsync());
        Assert.Empty(_zone.Everything);
        Assert.Equal(1, _server.Count("/order"));
        Assert.Equal(1, _server.Count("/c/1"));
    }

    private Task<IssueOutcome> IssueAsync(TimeSpan? wait = null) =>
        _server.Issuer(_zone, wait).IssueAsync(_order.Request, Cancellation);
}

using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using RolloverD.Core.Ports;
using RolloverD.Providers.Issuers.Acme;
using Xunit;

namespace RolloverD.Providers.Tests.Issuers.Acme;

/// <summary>Accounts, trust and chains, against real servers.</summary>
public sealed class PebbleFacts(PlainPebble pebble, GrumpyPebble grumpy, BindingPebble binding, DoubtingPebble doubting)
    : IClassFixture<PlainPebble>, IClassFixture<GrumpyPebble>, IClassFixture<BindingPebble>,
        IClassFixture<DoubtingPebble>
{
    private const int Rounds = 5;

    private readonly TestZone _zone = new("example.test");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_certificate_takes_no_longer_than_the_answers_of_the_server()
    {
        using var first = new TestOrder(["mx1.example.test"]);
        var times = new List<TimeSpan>();
        for (int i = 0; i < Rounds; i++)
        {
            using var order = new TestOrder(["mx1.example.test"], first.Notebook);
            long start = Stopwatch.GetTimestamp();
            order.AssertCertifiedBy(await IssueAsync(pebble.Settings, order));
            times.Add(Stopwatch.GetElapsedTime(start));
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"from request to certificate: {string.Join(", ", times.Select(t => $"{t.TotalMilliseconds:0} ms"))}");
        Assert.True(times.Min() < TimeSpan.FromSeconds(1), $"the quickest took {times.Min().TotalSeconds} s");
    }

    [Fact]
    public async Task Certificates_share_one_account()
    {
        using var first = new TestOrder(["mx1.example.test"]);
        first.AssertCertifiedBy(await IssueAsync(pebble.Settings, first));
        string account = AccountNote(first);
        using var second = new TestOrder(["mx2.example.test"], first.Notebook);
        second.AssertCertifiedBy(await IssueAsync(pebble.Settings, second));
        Assert.Equal(account, AccountNote(second));
    }

    [Fact]
    public async Task An_account_whose_address_was_not_noted_is_found_by_its_key()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        order.AssertCertifiedBy(await IssueAsync(pebble.Settings, order));
        string account = AccountNote(order);
        order.Notebook.Change(
            AccountKey(order), note => note.Replace("\"Url\":\"http", "\"Other\":\"http", StringComparison.Ordinal));
        order.AssertCertifiedBy(await IssueAsync(pebble.Settings, order));
        Assert.Equal(account, AccountNote(order));
    }

    [Fact]
    public async Task A_new_contact_is_told_to_the_server()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        order.AssertCertifiedBy(await IssueAsync(pebble.Settings, order));
        order.AssertCertifiedBy(await IssueAsync(pebble.Settings with { Contact = "tls@example.test" }, order));
        Assert.Contains("tls@example.test", AccountNote(order));
    }

    [Fact]
    public async Task A_server_that_has_forgotten_the_account_gets_it_again()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        order.AssertCertifiedBy(await IssueAsync(pebble.Settings, order));
        await pebble.RestartAsync();
        using var next = new TestOrder(["mx1.example.test"], order.Notebook);
        next.AssertCertifiedBy(await IssueAsync(pebble.Settings, next));
    }

    [Fact]
    public async Task A_note_that_cannot_be_read_counts_as_none()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        order.AssertCertifiedBy(await IssueAsync(pebble.Settings, order));
        foreach (string key in order.Notebook.Notes.Keys)
            order.Notebook.Change(key, _ => "{\"Key\":\"broken\",\"Url\":");
        order.AssertCertifiedBy(await IssueAsync(pebble.Settings, order));
    }

    [Fact]
    public async Task A_failed_validation_is_a_refusal_and_leaves_no_record()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync(doubting.Settings, order));
        Assert.Contains("did not accept the proof for mx1.example.test: ", refused.Reason);
        Assert.Empty(_zone.Everything);
        Assert.NotEmpty(_zone.Changes);
    }

    [Fact]
    public async Task Other_chains_follow_the_default_one()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        IssueOutcome.Issued issued = order.AssertCertifiedBy(await IssueAsync(grumpy.Settings, order));
        Assert.Equal(2, issued.Chains.Length);
        Assert.All(issued.Chains, chain => Assert.Equal(3, chain.Length));
        Assert.NotEqual(Top(issued, 0), Top(issued, 1));
    }

    [Fact]
    public async Task The_preferred_chain_comes_first()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        IssueOutcome.Issued usual = order.AssertCertifiedBy(await IssueAsync(grumpy.Settings, order));
        string second = Top(usual, 1);
        IssueOutcome.Issued preferred = order.AssertCertifiedBy(
            await IssueAsync(grumpy.Settings with { PreferredChain = second }, order));
        Assert.Equal(second, Top(preferred, 0));
        Assert.Equal(2, preferred.Chains.Length);

        IssueOutcome.Issued unknown = order.AssertCertifiedBy(
            await IssueAsync(grumpy.Settings with { PreferredChain = "Nobody" }, order));
        Assert.Equal(Top(usual, 0), Top(unknown, 0));
    }

    [Fact]
    public async Task An_account_is_bound_to_the_one_at_the_authority()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        string secret = binding.WriteFile("eab.key", BindingPebble.Secret + "\n");
        order.AssertCertifiedBy(await IssueAsync(
            binding.Settings with { EabKid = BindingPebble.Kid, EabHmacFile = secret }, order));
    }

    [Fact]
    public async Task Without_the_binding_that_the_authority_wants_it_says_what_to_set()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync(binding.Settings, order));
        Assert.Contains("'eab-kid' and 'eab-hmac-file'", refused.Remedy);
    }

    [Fact]
    public async Task A_wrong_binding_is_a_refusal_that_does_not_tell_the_secret()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        string secret = binding.WriteFile("wrong.key", "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmc=");
        var refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync(
            binding.Settings with { EabKid = BindingPebble.Kid, EabHmacFile = secret }, order));
        Assert.DoesNotContain("d3Jvbmct", refused.Reason + refused.Remedy);
    }

    [Fact]
    public async Task A_server_with_a_root_that_the_system_does_not_know_is_not_trusted()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        var away = Assert.IsType<IssueOutcome.Unavailable>(
            await IssueAsync(pebble.Settings with { CaFile = null }, order));
        Assert.Contains("no trusted connection", away.Reason);
        Assert.Contains("'ca-file'", away.Remedy);
    }

    [Fact]
    public async Task A_server_under_another_root_than_the_file_is_not_trusted()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        Assert.IsType<IssueOutcome.Unavailable>(
            await IssueAsync(pebble.Settings with { CaFile = grumpy.CaFile }, order));
    }

    [Fact]
    public async Task A_server_whose_certificate_does_not_name_its_host_is_not_trusted()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        var directory = new Uri($"https://localhost:{pebble.DirectoryUrl.Port}/dir");
        Assert.IsType<IssueOutcome.Unavailable>(
            await IssueAsync(pebble.Settings with { Directory = directory }, order));
    }

    [Fact]
    public async Task A_root_file_that_holds_no_root_is_told()
    {
        using var order = new TestOrder(["mx1.example.test"]);
        string file = pebble.WriteFile("empty.pem", "");
        var refused = Assert.IsType<IssueOutcome.Refused>(
            await IssueAsync(pebble.Settings with { CaFile = file }, order));
        Assert.Contains(file, refused.Reason);

        string leaf = Path.Combine(Path.GetDirectoryName(pebble.CaFile)!, "cert.pem");
        refused = Assert.IsType<IssueOutcome.Refused>(await IssueAsync(pebble.Settings with { CaFile = leaf }, order));
        Assert.Contains("which is not a root", refused.Reason);
    }

    private static string Top(IssueOutcome.Issued issued, int chain)
    {
        using X509Certificate2 top = X509CertificateLoader.LoadCertificate(issued.Chains[chain][^1].AsSpan());
        return top.GetNameInfo(X509NameType.SimpleName, forIssuer: true);
    }

    private static string AccountKey(TestOrder order) =>
        order.Notebook.Notes.Keys.Single(k => k.StartsWith("account:", StringComparison.Ordinal));

    private static string AccountNote(TestOrder order) => order.Notebook.Notes[AccountKey(order)];

    private Task<IssueOutcome> IssueAsync(AcmeSettings settings, TestOrder order) =>
        new AcmeIssuer(settings, _zone.Surroundings()).IssueAsync(order.Request, Cancellation);
}

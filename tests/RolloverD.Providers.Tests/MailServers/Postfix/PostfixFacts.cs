using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Providers.MailServers.Postfix;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Providers.Tests.MailServers.Postfix;

/// <summary>What is Postfix's own, beyond the kit.</summary>
public sealed class PostfixFacts : MailServerTests
{
    [Fact]
    public async Task The_missing_lines_are_named_exactly()
    {
        await using var postfix = new PostfixUnderTest();
        LiveFiles live = LiveOf(postfix).Files;

        var outcome = await PrepareAsync<MailServerOutcome.NotConfigured>(postfix, live);

        Assert.Equal($"Postfix in {postfix.Sandbox.ConfigDirectory} does not read {live.Combined}", outcome.Reason);
        Assert.Equal(
            $"put into {postfix.Sandbox.MainCf}: smtpd_tls_chain_files = {live.Combined} and "
            + "smtpd_tls_security_level = may; or let `rolloverd deploy --configure mx1` do it",
            outcome.Remedy);
    }

    [Fact]
    public async Task Chain_files_that_are_there_stay_and_TLS_that_is_on_is_left()
    {
        await using var postfix = new PostfixUnderTest();
        LiveFiles live = LiveOf(postfix).Files;
        Write(postfix, "etc/other.pem", Root.SignHost(Host, TestKey.Rsa));
        string third = Write(postfix, "third.pem", Root.SignHost(Host, TestKey.Ed25519));
        postfix.Sandbox.Add($"smtpd_tls_chain_files = $config_directory/other.pem,\n  {third}");
        postfix.Sandbox.Add("smtpd_tls_security_level = encrypt");

        var outcome = await PrepareAsync<MailServerOutcome.NotConfigured>(postfix, live);

        Assert.StartsWith(
            $"put into {postfix.Sandbox.MainCf}: smtpd_tls_chain_files = "
            + $"$config_directory/other.pem, {third}, {live.Combined}; or",
            outcome.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Services_with_files_of_their_own_are_named()
    {
        await using var postfix = new PostfixUnderTest();
        LiveDirectory live = LiveOf(postfix);
        live.Swap(Root.SignHost(Host));
        postfix.Sandbox.AddService(
            $"127.0.0.1:{PostfixSandbox.FreePort()} inet n - n - - smtpd\n"
            + "  -o smtpd_tls_security_level=encrypt -o { smtpd_tls_chain_files = /etc/ssl/other.pem }");
        postfix.Sandbox.Add($"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {live.Files.Combined}");
        await postfix.StartAsync();

        var done = await PrepareAsync<MailServerOutcome.Done>(postfix, live.Files);
        Assert.Matches(
            @"\(127\.0\.0\.1:\d+/inet\); master\.cf gives other files to 127\.0\.0\.1:\d+/inet$", done.Summary);
    }

    [Fact]
    public async Task When_master_cf_overrides_main_cf_everywhere_it_says_where()
    {
        await using var postfix = new PostfixUnderTest();
        LiveDirectory live = LiveOf(postfix);
        live.Swap(Root.SignHost(Host));
        string masterCf = $"{postfix.Sandbox.ConfigDirectory}/master.cf";
        File.WriteAllText(masterCf, File.ReadAllText(masterCf).Replace(
            " smtpd\n", " smtpd -o smtpd_tls_chain_files=/etc/ssl/other.pem\n", StringComparison.Ordinal));
        postfix.Sandbox.Add($"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {live.Files.Combined}");

        var outcome = await PrepareAsync<MailServerOutcome.NotConfigured>(postfix, live.Files);

        Assert.EndsWith(
            $"; in master.cf 127.0.0.1:{postfix.Port}/inet name other files by -o smtpd_tls_chain_files",
            outcome.Reason, StringComparison.Ordinal);
        Assert.StartsWith($"remove that option in {masterCf}", outcome.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", null)]
    [InlineData("tlsproxy_tls_chain_files = $smtpd_tls_chain_files", "", null)]
    [InlineData("tlsproxy_tls_chain_files = /etc/ssl/other.pem", "", "/etc/ssl/other.pem")]
    [InlineData("tlsproxy_tls_chain_files =", "", "no chain file")]
    [InlineData("", "-o tlsproxy_tls_chain_files=/etc/ssl/other.pem", "/etc/ssl/other.pem")]
    [InlineData("", "-o smtpd_tls_chain_files=/etc/ssl/other.pem", "/etc/ssl/other.pem")]
    [InlineData(
        "tlsproxy_tls_chain_files = /etc/ssl/other.pem\npostscreen_tls_security_level = none", "", null)]
    [InlineData("tlsproxy_tls_cert_file = /etc/ssl/other.pem", "", null)] // which chain files make it ignore
    public async Task What_postscreen_shows_to_new_senders_must_be_what_smtpd_reads(
        string mainCf, string proxyOptions, string? shown)
    {
        await using var postfix = new PostfixUnderTest();
        LiveDirectory live = LiveOf(postfix);
        live.Swap(Root.SignHost(Host));
        string masterCf = $"{postfix.Sandbox.ConfigDirectory}/master.cf";
        File.WriteAllText(masterCf, File.ReadAllText(masterCf).Replace(
            " n - - smtpd\n", " n - 1 postscreen\n", StringComparison.Ordinal));
        postfix.Sandbox.AddService(
            $"smtpd pass - - n - - smtpd\ntlsproxy unix - - n - 0 tlsproxy {proxyOptions}");
        postfix.Sandbox.Add(
            $"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {live.Files.Combined}\n{mainCf}");
        await postfix.StartAsync();

        if (shown is null)
        {
            await PrepareAsync<MailServerOutcome.Done>(postfix, live.Files);
            return;
        }

        var outcome = await PrepareAsync<MailServerOutcome.NotConfigured>(postfix, live.Files);
        Assert.EndsWith(
            $"127.0.0.1:{postfix.Port}/inet (postscreen) has tlsproxy/unix shake hands with new senders, which "
            + $"tlsproxy_tls_chain_files gives {shown} and not what smtpd reads",
            outcome.Reason, StringComparison.Ordinal);
        Assert.StartsWith("remove tlsproxy_tls_chain_files from main.cf", outcome.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuring_keeps_what_was_there_beside_and_says_what_it_wrote()
    {
        await using var postfix = new PostfixUnderTest();
        LiveDirectory live = LiveOf(postfix);
        live.Swap(Root.SignHost(Host));
        postfix.Sandbox.Add("smtpd_tls_cert_file = /etc/ssl/old.pem\nsmtpd_tls_eckey_file = /etc/ssl/old-ec.key");
        string before = File.ReadAllText(postfix.Sandbox.MainCf);

        var done = Assert.IsType<MailServerOutcome.Done>(await postfix.Server.ConfigureAsync(live.Files, default));

        Assert.Equal(before, File.ReadAllText($"{postfix.Sandbox.MainCf}.rolloverd-before"));
        Assert.Equal(
            $"{postfix.Sandbox.MainCf}: wrote into it: smtpd_tls_chain_files = {live.Files.Combined} and "
            + "smtpd_tls_security_level = may; commented out, because chain files replace them: "
            + "smtpd_tls_cert_file = /etc/ssl/old.pem, smtpd_tls_eckey_file = /etc/ssl/old-ec.key; what stood there "
            + $"before is in {postfix.Sandbox.MainCf}.rolloverd-before",
            done.Summary);
        string[] after = File.ReadAllLines(postfix.Sandbox.MainCf);
        Assert.Contains($"smtpd_tls_chain_files = {live.Files.Combined}", after);
        Assert.Contains("#smtpd_tls_cert_file = /etc/ssl/old.pem", after);
        Assert.DoesNotContain("smtpd_tls_eckey_file = /etc/ssl/old-ec.key", after);
    }

    [Fact]
    public async Task Rsa_and_ecdsa_side_by_side_are_both_served_and_both_seen()
    {
        await using var postfix = new PostfixUnderTest();
        TestCertificate rsa = Root.SignHost(Host, TestKey.Rsa);
        TestCertificate ecdsa = Root.SignHost(Host);
        TestCertificate renewed = Root.SignHost(Host, TestKey.Rsa);
        LiveDirectory rsaLive = LiveOf(postfix, "mx1-rsa");
        LiveDirectory ecdsaLive = LiveOf(postfix, "mx1-ecdsa");
        rsaLive.Swap(rsa, Root);
        ecdsaLive.Swap(ecdsa, Root);
        await ConfigureAndStartAsync(postfix, rsaLive, ecdsaLive);

        await ShowsOnlyAsync(postfix, rsa, ecdsa);

        rsaLive.Swap(renewed, Root);
        Assert.IsType<MailServerOutcome.Done>(await postfix.Server.ReloadAsync(rsaLive.Files, default));
        await ShowsOnlyAsync(postfix, renewed, ecdsa);
    }

    [Fact]
    public async Task An_ed25519_certificate_is_seen_beside_another()
    {
        await using var postfix = new PostfixUnderTest();
        TestCertificate edDsa = Root.SignHost(Host, TestKey.Ed25519);
        TestCertificate rsa = Root.SignHost(Host, TestKey.Rsa);
        LiveDirectory edDsaLive = LiveOf(postfix, "mx1-ed25519");
        LiveDirectory rsaLive = LiveOf(postfix, "mx1-rsa");
        edDsaLive.Swap(edDsa, Root);
        rsaLive.Swap(rsa, Root);
        await ConfigureAndStartAsync(postfix, edDsaLive, rsaLive);

        await ShowsOnlyAsync(postfix, edDsa, rsa);
        Presented.Shows[] shows = [.. (await PresentedAsync(postfix)).Cast<Presented.Shows>()];
        Assert.Equal([KeyFamily.EdDsa, KeyFamily.Rsa], shows.Select(s => s.Chain.Key.Family).OrderDescending());
    }

    [Fact]
    public async Task A_file_with_the_same_kind_of_key_gives_way_and_one_of_another_kind_stays()
    {
        await using var postfix = new PostfixUnderTest();
        TestCertificate otherKind = Root.SignHost(Host, TestKey.Rsa);
        TestCertificate ours = Root.SignHost(Host);
        string sameKindFile = Write(postfix, "same-kind.pem", Root.SignHost(Host));
        string otherKindFile = Write(postfix, "other-kind.pem", otherKind);
        postfix.Sandbox.Add(
            "smtpd_tls_security_level = may\n"
            + $"smtpd_tls_chain_files = {sameKindFile}, {otherKindFile}, /etc/ssl/gone.pem");
        LiveDirectory live = LiveOf(postfix);
        live.Swap(ours, Root);

        var done = Assert.IsType<MailServerOutcome.Done>(await postfix.Server.ConfigureAsync(live.Files, default));
        await postfix.StartAsync();

        Assert.Contains(
            $"smtpd_tls_chain_files = {otherKindFile}, {live.Files.Combined}; no longer listed, because Postfix takes "
            + $"one readable key of each kind: {sameKindFile}, /etc/ssl/gone.pem;",
            done.Summary, StringComparison.Ordinal);
        await ShowsOnlyAsync(postfix, ours, otherKind);
    }

    [Fact]
    public async Task Two_keys_of_a_kind_end_all_TLS_and_so_there_is_no_reload_with_them()
    {
        await using var postfix = new PostfixUnderTest();
        TestCertificate ours = Root.SignHost(Host, TestKey.Rsa);
        TestCertificate other = Root.SignHost(Host);
        string otherFile = Write(postfix, "other.pem", other);
        LiveDirectory live = LiveOf(postfix);
        live.Swap(ours, Root);
        postfix.Sandbox.Add(
            $"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {otherFile}, {live.Files.Combined}");
        await postfix.StartAsync();
        await ShowsOnlyAsync(postfix, ours, other);

        live.Swap(Root.SignHost(Host), Root); // now of the other's kind
        var outcome =
            Assert.IsType<MailServerOutcome.NotConfigured>(await postfix.Server.ReloadAsync(live.Files, default));

        Assert.Contains(
            $"offers no TLS: {otherFile} and {live.Files.Combined} both hold a key of the kind Ecdsa",
            outcome.Reason, StringComparison.Ordinal);

        // And so it is: what this guards against is real.
        postfix.Sandbox.Command("reload");
        await UntilAsync(postfix, seen => seen is [Presented.NoStartTls]);
    }

    [Fact]
    public async Task A_chain_of_a_kind_that_another_file_holds_is_refused_before_it_goes_in()
    {
        await using var postfix = new PostfixUnderTest();
        string rsaFile = Write(postfix, "rsa.pem", Root.SignHost(Host, TestKey.Rsa));
        LiveDirectory live = LiveOf(postfix);
        live.Swap(Root.SignHost(Host), Root);
        postfix.Sandbox.Add(
            $"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {rsaFile}, {live.Files.Combined}");
        await postfix.StartAsync();
        await PrepareAsync<MailServerOutcome.Done>(postfix, live.With(Root.SignHost(Host)));
        LiveFiles clashing = live.With(Root.SignHost(Host, TestKey.Rsa));

        var outcome = await PrepareAsync<MailServerOutcome.NotConfigured>(postfix, clashing);

        Assert.Contains(
            $"offers no TLS: {rsaFile} and {clashing.Coming}/combined.pem both hold a key of the kind Rsa",
            outcome.Reason, StringComparison.Ordinal);
        Assert.IsType<MailServerOutcome.Done>(await postfix.Server.ReloadAsync(clashing, default)); // of what is live
        Assert.Contains(
            $"one readable key of each kind: {rsaFile};",
            Assert.IsType<MailServerOutcome.Done>(await postfix.Server.ConfigureAsync(clashing, default)).Summary,
            StringComparison.Ordinal);
        await PrepareAsync<MailServerOutcome.Done>(postfix, clashing);
    }

    [Fact]
    public async Task A_chain_that_ends_a_clash_may_go_in()
    {
        await using var postfix = new PostfixUnderTest();
        string other = Write(postfix, "other.pem", Root.SignHost(Host));
        LiveDirectory live = LiveOf(postfix);
        live.Swap(Root.SignHost(Host), Root);
        postfix.Sandbox.Add(
            $"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {other}, {live.Files.Combined}");
        await postfix.StartAsync();

        await PrepareAsync<MailServerOutcome.NotConfigured>(postfix, live.Files);
        await PrepareAsync<MailServerOutcome.Done>(postfix, live.With(Root.SignHost(Host, TestKey.Rsa)));
    }

    [Fact]
    public async Task What_check_finds_is_told_from_the_instances_log()
    {
        await using var postfix = new PostfixUnderTest();
        LiveDirectory live = LiveOf(postfix);
        live.Swap(Root.SignHost(Host));
        await ConfigureAndStartAsync(postfix, live);
        postfix.Sandbox.Set("queue_directory = /nowhere/at/all");

        var failed = Assert.IsType<MailServerOutcome.Failed>(await postfix.Server.ReloadAsync(live.Files, default));

        Assert.Contains("/nowhere/at/all", failed.Reason, StringComparison.Ordinal);
        Assert.Contains("check` ended with 1: ", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_old_postfix_is_told_from_a_new_one()
    {
        using var commands = new FakeCommands("echo 'mail_version = 3.3.8'", "exit 1");

        var failed =
            Assert.IsType<MailServerOutcome.Failed>(await commands.Server().PrepareAsync(commands.Live, default));

        Assert.Contains(
            "is version 3.3.8, which does not know smtpd_tls_chain_files", failed.Reason, StringComparison.Ordinal);
        Assert.Equal("upgrade to Postfix 3.4 or later", failed.Remedy);
    }

    [Fact]
    public async Task Without_its_commands_it_is_unavailable()
    {
        using var commands = new FakeCommands("exit 0", "exit 0");
        var server = new PostfixServer(
            commands.Directory, "/nonexistent/postfix", "/nonexistent/postconf", TimeSpan.FromSeconds(5),
            TimeProvider.System);

        var outcome = Assert.IsType<MailServerOutcome.Unavailable>(await server.ReloadAsync(commands.Live, default));

        Assert.Contains("/nonexistent/postconf", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_hangs_is_ended()
    {
        using var commands = new FakeCommands("exec sleep 600", "exit 0");

        var outcome = Assert.IsType<MailServerOutcome.Unavailable>(
            await commands.Server(TimeSpan.FromSeconds(0.5)).ReloadAsync(commands.Live, default));

        Assert.Contains("could not be run: it did not end within", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_prints_without_end_is_bounded()
    {
        using var commands = new FakeCommands("head -c 50000000 /dev/zero | tr '\\0' x >&2; exit 1", "exit 0");

        var failed =
            Assert.IsType<MailServerOutcome.Failed>(await commands.Server().ReloadAsync(commands.Live, default));

        Assert.True(failed.Reason.Length < 100_000);
    }

    [Fact]
    public async Task When_postfix_does_not_like_the_result_main_cf_is_put_back()
    {
        await using var postfix = new PostfixUnderTest();
        LiveDirectory live = LiveOf(postfix);
        live.Swap(Root.SignHost(Host));
        string before = File.ReadAllText(postfix.Sandbox.MainCf);

        // Sound before the edit, unsound afterwards.
        string fake = $"{postfix.Directory}/postfix";
        await File.WriteAllTextAsync(
            fake, $"#!/bin/sh\ngrep -q chain_files {postfix.Sandbox.MainCf} || exit 0\necho no good >&2\nexit 1\n");
        File.SetUnixFileMode(fake, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var server = new PostfixServer(
            postfix.Sandbox.ConfigDirectory, fake, null, TimeSpan.FromSeconds(30), TimeProvider.System);

        var failed = Assert.IsType<MailServerOutcome.Failed>(await server.ConfigureAsync(live.Files, default));

        Assert.Contains("ended with 1: no good", failed.Reason, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(postfix.Sandbox.MainCf));
    }

    private static string Write(PostfixUnderTest postfix, string name, TestCertificate certificate)
    {
        string path = $"{postfix.Directory}/{name}";
        File.WriteAllText(path, certificate.CombinedPem());
        return path;
    }

    private static async Task<T> PrepareAsync<T>(PostfixUnderTest postfix, LiveFiles live) =>
        Assert.IsType<T>(await postfix.Server.PrepareAsync(live, default));

    /// <summary>Commands that say what a test wrote for them.</summary>
    private sealed class FakeCommands : IDisposable
    {
        private readonly DirectoryInfo _directory = System.IO.Directory.CreateTempSubdirectory("rolloverd-commands-");

        public FakeCommands(string postconf, string postfix)
        {
            Write("postconf", postconf);
            Write("postfix", postfix);
        }

        public string Directory => _directory.FullName;

        public LiveFiles Live => new("mx1", $"{Directory}/live/mx1");

        public PostfixServer Server(TimeSpan? timeout = null) => new(
            Directory, $"{Directory}/postfix", $"{Directory}/postconf", timeout ?? TimeSpan.FromSeconds(30),
            TimeProvider.System);

        public void Dispose() => _directory.Delete(recursive: true);

        private void Write(string name, string script)
        {
            File.WriteAllText($"{Directory}/{name}", $"#!/bin/sh\n{script}\n");
            File.SetUnixFileMode(
                $"{Directory}/{name}", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}

using System.Net;
using System.Net.Sockets;
using RolloverD.Core.Policy;
using RolloverD.Dns;
using RolloverD.Dns.Transport;
using Xunit;

namespace RolloverD.Tests.Dns;

/// <summary>
/// A small internet on addresses of 127.0.0.0/8, all on one free port: BIND with a signed root and <c>test</c>, two
/// more BIND servers for the zones below, and an Unbound that validates from that root. BIND listens only on addresses
/// that an interface has, so each stands behind a relay at its address of the small internet.
/// </summary>
public sealed class SignedInternet : IAsyncLifetime
{
    public const string Primary = "127.0.53.2";
    public const string Secondary = "127.0.53.3";
    private const string Parents = "127.0.53.1";
    private const string NobodyThere = "127.0.53.4";
    private const string Silent = "127.0.53.5";
    private const string Forger = "127.0.53.6";
    private const string Endless = "127.0.53.1";
    private const string Resolver = "127.0.53.9";
    private const string Start = "$TTL 60\n@ SOA ns1.test. postmaster.test. 1 60 60 3600 7\n";

    private static readonly string[] AtPrimaryOnly =
        ["away.test", "forged.test", "moved.test", "endless.test", "toy.test"];

    private readonly string directory = Directory.CreateTempSubdirectory("rolloverd-dns-").FullName;
    private readonly List<IAsyncDisposable> running = [];
    private readonly List<string> zones = [];
    private string delegations = "";
    private Authority? authority;

    /// <summary>The port of every server.</summary>
    public int Port { get; } = FreePort(IPAddress.Parse(Resolver));

    /// <summary>What the server <c>ns6.test</c> does to the primary's replies before it sends them on.</summary>
    public Func<byte[], byte[]> Forgery { get; set; } = reply => reply;

    /// <summary>Shorter than usual, because some servers here never answer.</summary>
    public static DnsPatience Patience { get; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));

    public ResolverSettings Settings => new([$"{Resolver}:{Port}"], Path.Combine(directory, "dsset-."));

    /// <summary>One for all tests, as the daemon has one: it keeps connections to the resolver open.</summary>
    public Authority Authority => authority ??= new(Settings, TimeProvider.System, Patience, Port);

    public ValidatingResolver ValidatingResolver => new(Settings, TimeProvider.System);

    public DaneLookup DaneLookup => new(Settings, TimeProvider.System);

    public async ValueTask InitializeAsync()
    {
        foreach (string server in (string[])["parents", "primary", "secondary"])
            Directory.CreateDirectory(Path.Combine(directory, server));
        try
        {
            await MakeZonesAsync();
            await StartServersAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable server in running)
            await server.DisposeAsync();
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
    }

    private async Task MakeZonesAsync()
    {
        string good = Start + Text("@ NS ns1.test.", "@ NS ns2.test.") + TestZones.Example;
        await AddZoneAsync("example.test", good);
        await AddZoneAsync("n3.test", Start + Text("@ NS ns1.test.", "@ NS ns2.test.") + TestZones.Hashed, "-3", "ab");
        await AddZoneAsync(
            "optout.test", Start + Text("@ NS ns1.test.", "@ NS ns2.test.", "plain NS ns1.test."), "-3", "-", "-A");
        // An unsigned zone below it, hidden in a span that proves nothing.
        await AddZoneAsync("plain.optout.test", good, servers: [], sign: false);
        await AddZoneAsync("unsigned.test", good, sign: false);
        await AddZoneAsync("bogus.test", good);
        // The last digit of the key's digest changed, whatever it was.
        delegations = delegations[..^2] + (delegations[^2] == '0' ? "1\n" : "0\n");

        string small = Start + Text("@ NS ns1.test.", "@ NS ns2.test.", $"mx TLSA 3 1 1 {TestZones.Old}");
        // The signature of its keys ends in 20 minutes, those made with them in 30 days.
        await AddZoneAsync("offline.test", small, "-X", "now+1200");
        await AddZoneAsync("tampered.test", small);
        Edit("secondary/tampered.test", TestZones.Old[..8].ToUpperInvariant(), "FFFFFFFF");
        await AddZoneAsync("lagging.test", small);
        File.Move(In("primary/lagging.test"), In("secondary/lagging.test"), overwrite: true);
        await SignAsync("lagging.test", small.Replace(TestZones.Old, TestZones.New, StringComparison.Ordinal));
        await AddZoneAsync("split.test", Start + Text("@ NS ns1.test.", "@ NS ns2.test.", "mx CNAME other"));
        File.Move(In("primary/split.test"), In("secondary/split.test"), overwrite: true);
        await SignAsync("split.test", small);

        await AddZoneAsync(
            "half.test",
            Start + Text(
                "@ NS ns1.test.", "@ NS ns2.test.", "mx CNAME dane", $"dane TLSA 3 1 1 {TestZones.Old}",
                "far CNAME dane.lone.test."));
        Edit("secondary/half.test", "CNAME dane", "CNAME dame");
        await AddZoneAsync(
            "lone.test", Start + Text("@ NS ns1.test.", $"dane TLSA 3 1 1 {TestZones.Old}"), servers: ["ns1.test."]);

        // The child lists a server that the parent does not know, and the other way round.
        await AddZoneAsync(
            "away.test",
            Start + Text("@ NS ns1.test.", "@ NS ns4.test.", $"mx TLSA 3 1 1 {TestZones.Old}", "alias CNAME mx"),
            servers: ["ns1.test.", "ns5.test."]);
        await AddZoneAsync(
            "forged.test",
            Start + Text("@ NS ns1.test.", "@ NS ns6.test.", $"mx TLSA 3 1 1 {TestZones.Old}", "other TXT other"),
            servers: ["ns1.test.", "ns6.test."]);

        // Its server moved to the primary's address; the parent's glue and the old machine do not know of it yet.
        string moved = Start + Text("@ NS ns", $"ns A {Primary}", $"mx TLSA 3 1 1 {TestZones.Old}");
        await AddZoneAsync("moved.test", moved, servers: ["ns.moved.test."]);
        delegations += $"ns.moved.test. A {Secondary}\n";
        await SignAsync("moved.test", moved.Replace(TestZones.Old, TestZones.New, StringComparison.Ordinal));

        // Each of its servers names one more.
        await AddZoneAsync("endless.test", Start + "@ NS w1.test.\n", servers: ["w1.test."], sign: false);
        await AddZoneAsync("toy.test", Start + "@ NS ns6.test.\n", servers: ["ns6.test."], sign: false);
        await MakeParentsAsync();
    }

    private async Task MakeParentsAsync()
    {
        string addresses = Text(
            $"ns0 A {Parents}", $"ns1 A {Primary}", $"ns2 A {Secondary}",
            $"ns4 A {NobodyThere}", "ns4 AAAA ::1", $"ns5 A {Silent}", $"ns6 A {Forger}",
            $"w1 A {Endless}1", $"w2 A {Endless}2", $"w3 A {Endless}3", $"w4 A {Endless}4", $"w5 A {NobodyThere}");
        await SignAsync("test", Start + "@ NS ns0\n" + addresses + delegations, server: "parents");
        string ds = await File.ReadAllTextAsync(In("dsset-test."));
        await SignAsync(".", Start + Text("@ NS ns0.test.", "test. NS ns0.test.", $"ns0.test. A {Parents}") + ds,
            server: "parents");
    }

    private Task AddZoneAsync(string zone, string text, params string[] signingOptions) =>
        AddZoneAsync(zone, text, ["ns1.test.", "ns2.test."], signingOptions);

    private async Task AddZoneAsync(
        string zone, string text, string[]? servers = null, string[]? signingOptions = null, bool sign = true)
    {
        zones.Add(zone);
        delegations += string.Concat((servers ?? ["ns1.test.", "ns2.test."]).Select(s => $"{zone}. NS {s}\n"));
        if (sign)
        {
            await SignAsync(zone, text, signingOptions);
            foreach (string line in await File.ReadAllLinesAsync(In($"dsset-{zone}.")))
                delegations += $"{zone}. {line[line.IndexOf("DS ", StringComparison.Ordinal)..]}\n";
        }
        else
        {
            await File.WriteAllTextAsync(In($"primary/{zone}"), text);
        }

        File.Copy(In($"primary/{zone}"), In($"secondary/{zone}"), overwrite: true);
    }

    private async Task SignAsync(string zone, string text, string[]? options = null, string server = "primary")
    {
        string file = In(zone == "." ? "root.zone" : zone + ".zone");
        if (!Directory.EnumerateFiles(directory, $"K{zone.TrimEnd('.')}.+*.key").Any())
            await Daemon.RunAsync("dnssec-keygen", "-q", "-K", directory, "-a", "ECDSAP256SHA256", "-f", "KSK", zone);
        string key = Directory.EnumerateFiles(directory, $"K{zone.TrimEnd('.')}.+*.key").Single();
        await File.WriteAllTextAsync(file, text + await File.ReadAllTextAsync(key));
        await Daemon.RunAsync(
            "dnssec-signzone",
            [
                "-q", "-z", "-o", zone, "-d", directory, "-K", directory, .. options ?? [],
                "-f", In($"{server}/{(zone == "." ? "root" : zone)}"), file,
            ]);
    }

    private async Task StartServersAsync()
    {
        int parents = await StartNamedAsync("parents", Parents, ["test", "."]);
        int primary = await StartNamedAsync("primary", Primary, zones);
        int secondary = await StartNamedAsync("secondary", Secondary, zones);
        running.Add(new SilentServer(new(IPAddress.Parse(Silent), Port)));
        Relay(Forger, primary, reply => Forgery(reply));
        for (int i = 1; i <= 4; i++)
        {
            byte next = (byte)('1' + i);
            Relay($"{Endless}{i}", primary, reply => NameNext(reply, next));
        }

        // Delegations name no port, so each zone's servers are told here.
        string stubs = Stub(".", parents) + Stub("test", parents)
            + string.Concat(zones.Select(z => Stub(z, AtPrimaryOnly.Contains(z) ? [primary] : [primary, secondary])));
        await File.WriteAllTextAsync(In("unbound.conf"), $"""
            server:
              interface: {Resolver}
              port: {Port}
              access-control: 127.0.0.0/8 allow
              do-daemonize: no
              username: ""
              chroot: ""
              directory: "{directory}"
              pidfile: ""
              use-syslog: no
              verbosity: 1
              do-not-query-localhost: no
              trust-anchor-file: "{In("dsset-.")}"
              local-zone: "test." nodefault
              module-config: "validator iterator"
            remote-control:
              control-enable: no
            {stubs}
            """);
        running.Add(await Daemon.StartAsync("/usr/sbin/unbound", "start of service", "-c", In("unbound.conf")));
    }

    private async Task<int> StartNamedAsync(string server, string address, IEnumerable<string> served)
    {
        int port = FreePort(IPAddress.Loopback);
        string blocks = string.Concat(served.Select(
            z => $"zone \"{z}\" {{ type primary; file \"{(z == "." ? "root" : z)}\"; }};\n"));
        await File.WriteAllTextAsync(In($"{server}.conf"), $$"""
            options {
              directory "{{In(server)}}"; pid-file none; session-keyfile none;
              listen-on port {{port}} { 127.0.0.1; }; listen-on-v6 { none; };
              recursion no; dnssec-validation no; notify no; minimal-responses yes; empty-zones-enable no;
            };
            controls { };
            {{blocks}}
            """);
        running.Add(await Daemon.StartAsync(
            "/usr/sbin/named", " running", "-g", "-n", "1", "-c", In($"{server}.conf")));
        Relay(address, port, reply => reply);
        return port;
    }

    private void Relay(string address, int port, Func<byte[], byte[]> forge) =>
        running.Add(new ForgingServer(new(IPAddress.Parse(address), Port), new(IPAddress.Loopback, port), forge));

    private static byte[] NameNext(byte[] reply, byte next)
    {
        int at = reply.AsSpan().LastIndexOf([(byte)2, (byte)'w', (byte)'1']);
        if (at >= 0)
            reply[at + 2] = next;
        return reply;
    }

    private static string Stub(string zone, params int[] ports) =>
        $"stub-zone:\n  name: \"{zone}\"\n" + string.Concat(ports.Select(p => $"  stub-addr: 127.0.0.1@{p}\n"));

    private void Edit(string file, string from, string to)
    {
        string text = File.ReadAllText(In(file));
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(In(file), text.Replace(from, to, StringComparison.Ordinal));
    }

    private string In(string file) => Path.Combine(directory, file);

    private static string Text(params string[] lines) => string.Concat(lines.Select(l => l + "\n"));

    private static int FreePort(IPAddress address)
    {
        using var listener = new TcpListener(address, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RolloverD.Core.Ports;
using RolloverD.Providers.Dns.Rfc2136;
using Xunit;

namespace RolloverD.Providers.Tests.Dns.Rfc2136;

/// <summary>
/// A real BIND on a free port of 127.0.0.1 with a zone, keys and an update policy of its own, in a temporary directory.
/// It is a child of the tests and ends with them.
/// </summary>
public sealed class BindServer : IAsyncLifetime
{
    public const string Zone = "example.test";

    /// <summary>The same zone, signed apart from where updates go (inline-signing).</summary>
    public const string SignedZone = "signed.test";

    /// <summary>BIND cuts TTLs of this zone down to 30 s, and says nothing of it.</summary>
    public const string CappedZone = "capped.test";

    /// <summary>BIND takes no third record of a name and type in this zone.</summary>
    public const string SmallZone = "small.test";

    /// <summary>May change TXT records of <c>allowed.example.test</c> only.</summary>
    public const string LimitedKey = "limited";

    private const string Named = "/usr/sbin/named";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("rolloverd-bind-");
    private readonly StringBuilder _log = new();
    private Process? _process;
    private Task? _restOfLog;

    public IPEndPoint Address { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>The path of the named key's file.</summary>
    public string KeyFile(string key) => Path.Combine(_directory.FullName, key + ".key");

    /// <summary>Writes a file beside the server's own and returns its path.</summary>
    public string WriteFile(string name, string text)
    {
        string path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    public Rfc2136Provider Provider(
        string key = "sha256", string zone = Zone, IPEndPoint? address = null, TimeProvider? time = null,
        TimeSpan? timeout = null, string? keyFile = null) =>
        new(zone, address ?? Address, keyFile ?? KeyFile(key), time ?? TimeProvider.System,
            timeout ?? TimeSpan.FromSeconds(5));

    public async ValueTask InitializeAsync()
    {
        Assert.True(File.Exists(Named), $"{Named} is missing: apt-get install bind9 bind9-dnsutils");
        Address.Port = FreePort();
        string keys = string.Concat(
            WriteKey("sha256", "hmac-sha256"), WriteKey("sha384", "hmac-sha384"), WriteKey("sha512", "hmac-sha512"),
            WriteKey(LimitedKey, "hmac-sha256"));
        WriteFile("example.zone", """
            $TTL 3600
            @ SOA ns1 postmaster 1 3600 600 86400 60
            @ NS ns1
            ns1 A 127.0.0.1
            mx1 A 127.0.0.1
            _25._tcp.alias CNAME _25._tcp.mx1
            *._tcp.wild 60 TLSA 3 1 1 dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
            child NS ns.child
            ns.child A 127.0.0.1

            """);
        const string apex = "@ SOA ns1 postmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n";
        WriteFile("small.zone", "$TTL 3600\n" + apex);
        WriteFile("signed.zone", "$TTL 3600\n" + apex);
        WriteFile("capped.zone", "$TTL 30\n@ SOA ns1 postmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 127.0.0.1\n");
        string configuration = WriteFile("named.conf", $$"""
            options {
                directory "{{_directory.FullName}}";
                listen-on port {{Address.Port}} { 127.0.0.1; };
                listen-on-v6 { none; };
                pid-file none;
                session-keyfile none;
                recursion no;
                notify no;
                dnssec-validation no;
                empty-zones-enable no;
                minimal-responses yes;
            };
            controls { };
            {{keys}}
            zone "{{Zone}}" {
                type primary;
                file "example.zone";
                update-policy {
                    grant sha256 zonesub ANY;
                    grant sha384 zonesub ANY;
                    grant sha512 zonesub ANY;
                    grant {{LimitedKey}} name allowed.{{Zone}} TXT;
                };
            };
            zone "{{CappedZone}}" {
                type primary;
                file "capped.zone";
                max-zone-ttl 30;
                update-policy { grant sha256 zonesub ANY; };
            };
            zone "{{SmallZone}}" {
                type primary;
                file "small.zone";
                max-records-per-type 2;
                update-policy { grant sha256 zonesub ANY; };
            };
            zone "{{SignedZone}}" {
                type primary;
                file "signed.zone";
                dnssec-policy default;
                inline-signing yes;
                update-policy { grant sha256 zonesub ANY; grant sha512 zonesub ANY; };
            };

            """);

        var start = new ProcessStartInfo(Named) { RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in (string[])["-g", "-f", "-n", "1", "-c", configuration])
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        try
        {
            await WaitUntilRunningAsync(_process);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        if (_restOfLog is not null)
            await _restOfLog;

        _process?.Dispose();
        _directory.Delete(recursive: true);
    }

    /// <summary>Changes records with BIND's own tool, as another administrator would.</summary>
    public Task PlaceAsync(DnsRecordSet set, bool remove = false) => UpdateAsync(
        [.. set.Values.Select(value =>
            (remove ? "update delete " : "update add ") + set.Owner + ". "
            + (remove ? "" : $"{(int)set.Ttl.TotalSeconds} ")
            + (set.Type == DnsRecordType.Txt ? $"TXT \"{value}\"" : $"TLSA {value}"))]);

    /// <summary>Sends nsupdate commands.</summary>
    public async Task UpdateAsync(params string[] commands) => await RunAsync(
        "nsupdate", ["-v", "-k", KeyFile("sha512")],
        $"server {Address.Address} {Address.Port}\n{string.Join('\n', commands)}\nsend\n");

    /// <summary>The records as dig prints them, one a line.</summary>
    public Task<string> DigAsync(string owner, string type) => RunAsync(
        "dig",
        ["+tcp", "+dnssec", "+noall", "+answer", $"@{Address.Address}", "-p", $"{Address.Port}", owner, type],
        "");

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<string> RunAsync(string program, string[] arguments, string input)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {output}{await errors}");
        return output;
    }

    private string WriteKey(string name, string algorithm)
    {
        string secret = Convert.ToBase64String(Guid.NewGuid().ToByteArray());
        string text = $"key \"{name}\" {{\n\talgorithm {algorithm};\n\tsecret \"{secret}\";\n}};\n";
        WriteFile(name + ".key", text);
        return text;
    }

    private async Task WaitUntilRunningAsync(Process process)
    {
        using var limit = new CancellationTokenSource(StartLimit);
        try
        {
            while (await process.StandardError.ReadLineAsync(limit.Token) is { } line)
            {
                _log.AppendLine(line);
                if (!line.EndsWith(" running", StringComparison.Ordinal))
                    continue;

                _restOfLog = process.StandardError.ReadToEndAsync(CancellationToken.None);
                return;
            }
        }
        catch (OperationCanceledException)
        {
            _log.AppendLine($"(nothing more within {StartLimit.TotalSeconds} s)");
        }

        Assert.Fail($"named did not start:\n{_log}");
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using RolloverD.Providers.Issuers.Acme;
using RolloverD.Providers.Tests.Dns.Rfc2136;
using Xunit;

namespace RolloverD.Providers.Tests.Issuers.Acme;

/// <summary>
/// A real Pebble on free ports of 127.0.0.1, with a TLS certificate from a root of its own, in a temporary directory.
/// It is a child of the tests and ends with them.
/// </summary>
public abstract class PebbleServer : IAsyncLifetime
{
    private const string Pebble = "/usr/bin/pebble";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("rolloverd-pebble-");
    private readonly StringBuilder _log = new();
    private readonly int _port = BindServer.FreePort();
    private Process? _process;

    /// <summary>Environment variables beside those that make it quick.</summary>
    protected virtual (string Name, string Value)[] Environment => [];

    /// <summary>More members of the configuration, each with a comma before it.</summary>
    protected virtual string Configuration => "";

    /// <summary>Where Pebble looks names up, if it does not believe everything. Nobody answers there.</summary>
    protected virtual int DnsPort { get; } = BindServer.FreePort();

    /// <summary>Whether every challenge counts as met.</summary>
    protected virtual bool BelievesEverything => true;

    public Uri DirectoryUrl => new($"https://127.0.0.1:{_port}/dir");

    /// <summary>The root of the certificate that Pebble itself presents.</summary>
    public string CaFile => Path.Combine(_directory.FullName, "ca.pem");

    public AcmeSettings Settings => new(
        DirectoryUrl, "postmaster@example.test", CaFile, null, null, null, TimeSpan.FromSeconds(15),
        TimeSpan.FromSeconds(60));

    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    public string WriteFile(string name, string text)
    {
        string path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    public virtual async ValueTask InitializeAsync()
    {
        Assert.True(File.Exists(Pebble), $"{Pebble} is missing: apt-get install pebble");
        WriteCertificates();
        await StartAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        await StopAsync();
        _directory.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends Pebble and starts it anew: it has forgotten every account, order and certificate.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    private async Task StopAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        _process = null;
    }

    private async Task StartAsync()
    {
        string configuration = WriteFile("pebble.json", $$"""
            {
              "pebble": {
                "listenAddress": "127.0.0.1:{{_port}}",
                "certificate": "{{_directory.FullName}}/cert.pem",
                "privateKey": "{{_directory.FullName}}/key.pem",
                "httpPort": 5002,
                "tlsPort": 5001,
                "ocspResponderURL": ""{{Configuration}}
              }
            }
            """);
        var start = new ProcessStartInfo(
            Pebble, ["-config", configuration, "-dnsserver", $"127.0.0.1:{DnsPort}", "-strict"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["PEBBLE_VA_NOSLEEP"] = "1";
        start.Environment["PEBBLE_WFE_NONCEREJECT"] = "0";
        start.Environment["PEBBLE_AUTHZREUSE"] = "0";
        if (BelievesEverything)
            start.Environment["PEBBLE_VA_ALWAYS_VALID"] = "1";
        foreach ((string name, string value) in Environment)
            start.Environment[name] = value;

        _process = Process.Start(start)!;
        _process.OutputDataReceived += Append;
        _process.ErrorDataReceived += Append;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Assert.True(await OpensAsync(_port, _process), $"pebble did not start:\n{Log}");
    }

    private void Append(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
            _log.AppendLine(line.Data);
    }

    /// <summary>Waits until the process takes connections at the port; false when it ends or never does.</summary>
    protected static async Task<bool> OpensAsync(int port, Process process)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < StartLimit && !process.HasExited)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(20);
            }
        }

        return false;
    }

    private void WriteCertificates()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=Root of a test", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 root = rootRequest.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=pebble", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.Create(root, now.AddHours(-1), now.AddHours(20), [1, 2, 3]);

        WriteFile("ca.pem", root.ExportCertificatePem());
        WriteFile("cert.pem", certificate.ExportCertificatePem());
        WriteFile("key.pem", key.ExportPkcs8PrivateKeyPem());
    }
}

/// <summary>Answers as it should.</summary>
public sealed class PlainPebble : PebbleServer;

/// <summary>Refuses three of ten nonces, and hands out longer chains, of which there are two.</summary>
public sealed class GrumpyPebble : PebbleServer
{
    protected override (string Name, string Value)[] Environment =>
    [
        ("PEBBLE_WFE_NONCEREJECT", "30"), ("PEBBLE_CHAIN_LENGTH", "2"), ("PEBBLE_ALTERNATE_ROOTS", "1"),
        ("PEBBLE_AUTHZREUSE", "50"),
    ];
}

/// <summary>Opens accounts only for those whom it knows.</summary>
public sealed class BindingPebble : PebbleServer
{
    public const string Kid = "kid-1";
    public const string Secret = "bm90LWEtc2VjcmV0LWp1c3QtYS10ZXN0LW9mLWJpbmRpbmc";

    protected override string Configuration => $$"""
        ,
                "externalAccountBindingRequired": true,
                "externalAccountMACKeys": { "{{Kid}}": "{{Secret}}" }
        """;
}

/// <summary>Looks names up, at a server that does not answer.</summary>
public sealed class DoubtingPebble : PebbleServer
{
    protected override bool BelievesEverything => false;
}

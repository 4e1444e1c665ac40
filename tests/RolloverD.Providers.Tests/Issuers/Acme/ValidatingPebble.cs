using System.Diagnostics;
using System.Net.Http.Json;
using RolloverD.Providers.Tests.Dns.Rfc2136;
using Xunit;

namespace RolloverD.Providers.Tests.Issuers.Acme;

/// <summary>Looks the TXT records up, at a name server that shows what a <see cref="TestZone"/> holds.</summary>
public sealed class ValidatingPebble : PebbleServer
{
    private const string NameServer = "/usr/bin/pebble-challtestsrv";

    private readonly int _management = BindServer.FreePort();
    private readonly HttpClient _http = new();
    private Process? _names;

    protected override int DnsPort { get; } = BindServer.FreePort();

    protected override bool BelievesEverything => false;

    public override async ValueTask InitializeAsync()
    {
        Assert.True(File.Exists(NameServer), $"{NameServer} is missing: apt-get install pebble");
        _names = Process.Start(new ProcessStartInfo(
            NameServer,
            [
                "-dns01", $"127.0.0.1:{DnsPort}", "-management", $"127.0.0.1:{_management}",
                "-http01", "", "-https01", "", "-tlsalpn01", "",
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        _names.BeginOutputReadLine();
        _names.BeginErrorReadLine();
        Assert.True(await OpensAsync(_management, _names), "the name server did not start");
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        if (_names is { HasExited: false })
        {
            _names.Kill();
            await _names.WaitForExitAsync();
        }

        _names?.Dispose();
        _http.Dispose();
        await base.DisposeAsync();
    }

    /// <summary>Makes every change of the zone in the name server too.</summary>
    public void Show(TestZone zone) => zone.OnChange = change =>
    {
        foreach (string value in change.Add)
            Post("set-txt", new() { ["host"] = change.Owner + ".", ["value"] = value });
        if (!change.Remove.IsEmpty)
            Post("clear-txt", new() { ["host"] = change.Owner + "." });
        return null;
    };

    private void Post(string action, Dictionary<string, string> what)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{_management}/{action}")
        {
            Content = JsonContent.Create(what),
        };
        using HttpResponseMessage response = _http.Send(request);
        response.EnsureSuccessStatusCode();
    }
}

using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using RolloverD.Providers.Issuers.Acme;
using RolloverD.Providers.Tests.Dns.Rfc2136;

namespace RolloverD.Providers.Tests.Issuers.Acme;

/// <summary>An answer of the scripted server.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The body.</param>
/// <param name="Type">Its media type.</param>
/// <param name="Headers">More headers.</param>
public sealed record Scripted(
    int Status, string Body, string Type = "application/json", params (string Name, string Value)[] Headers)
{
    /// <summary>A problem document of the ACME type.</summary>
    public static Scripted Problem(
        int status, string word, string detail, string more = "", params (string Name, string Value)[] headers) => new(
            status, $$"""{"type":"urn:ietf:params:acme:error:{{word}}","detail":"{{detail}}"{{more}}}""",
            "application/problem+json", headers);
}

/// <summary>
/// An ACME server in this process that certifies anything, and that does what a test scripts instead wherever the test
/// says so: what a well-behaved server cannot be made to do. It does not verify signatures; Pebble does.
/// </summary>
public sealed class ScriptedServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly ECDsa _caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _ca;
    private string[] _names = [];
    private string? _chain;
    private bool _answered;
    private int _orders;
    private int _nonces;

    public ScriptedServer()
    {
        var request = new CertificateRequest("CN=Scripted CA", _caKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _ca = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        Origin = $"http://127.0.0.1:{BindServer.FreePort()}";
        _listener.Prefixes.Add(Origin + "/");
        _listener.Start();
        _ = ServeAsync();
    }

    public string Origin { get; }

    /// <summary>
    /// Says what is done instead, given the path and how often it was asked, from 1; null: what belongs there.
    /// Paths: /dir /nonce /account /a/1 /order /o/N /z/N /c/N /finalize/N /cert/N.
    /// </summary>
    public Func<string, int, Scripted?> Script { get; set; } = (_, _) => null;

    /// <summary>How often a path was asked.</summary>
    public int Count(string path) => _counts.GetValueOrDefault(path);

    /// <summary>The state of the order after finalization.</summary>
    public string AfterFinalize { get; set; } = "valid";

    /// <summary>Certifies this key instead of the request's.</summary>
    public ECDsa? OtherKey { get; set; }

    /// <summary>Delays every answer.</summary>
    public TimeSpan Slowness { get; set; }

    public AcmeSettings Settings => new(
        new(Origin + "/dir"), null, null, null, null, null, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(60));

    public AcmeIssuer Issuer(TestZone zone, TimeSpan? wait = null) =>
        new(Settings with { Wait = wait ?? TimeSpan.FromSeconds(3) }, zone.Surroundings());

    public string OrderBody(string status, string more = "") => $$"""
        {"status":"{{status}}","identifiers":[],"authorizations":["{{Origin}}/z/{{_orders}}"],
         "finalize":"{{Origin}}/finalize/{{_orders}}","certificate":"{{Origin}}/cert/{{_orders}}"{{more}}}
        """;

    public string AuthorizationBody(string status, string error = "") => $$"""
        {"status":"{{status}}","identifier":{"type":"dns","value":"{{_names[0]}}"},
         "challenges":[{"type":"dns-01","url":"{{Origin}}/c/{{_orders}}","token":"abc",
                        "status":"{{(status == "pending" && _answered ? "processing" : status)}}"{{error}}}]}
        """;

    public void Dispose()
    {
        _listener.Close();
        _caKey.Dispose();
        _ca.Dispose();
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                _ = Task.Run(() => AnswerAsync(context));
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        string path = context.Request.Url!.AbsolutePath;
        byte[] payload = await PayloadAsync(context.Request);
        int count = _counts.AddOrUpdate(path, 1, (_, n) => n + 1);
        if (Slowness > TimeSpan.Zero)
            await Task.Delay(Slowness);
        Scripted answer = Script(path, count) ?? Usual(path, payload);
        HttpListenerResponse response = context.Response;
        try
        {
            response.StatusCode = answer.Status;
            response.ContentType = answer.Type;
            response.AddHeader("Replay-Nonce", $"nonce{Interlocked.Increment(ref _nonces)}");
            foreach ((string name, string value) in answer.Headers)
                response.AddHeader(name, value);
            byte[] body = Encoding.UTF8.GetBytes(answer.Body);
            if (context.Request.HttpMethod != "HEAD")
                await response.OutputStream.WriteAsync(body);
            response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // The client gave up.
        }
    }

    private static async Task<byte[]> PayloadAsync(HttpListenerRequest request)
    {
        if (request.HttpMethod != "POST")
            return [];

        using JsonDocument body = await JsonDocument.ParseAsync(request.InputStream);
        return Base64Url.DecodeFromChars(body.RootElement.GetProperty("payload").GetString());
    }

    private Scripted Usual(string path, byte[] payload)
    {
        switch (path.Split('/')[1])
        {
            case "dir":
                return new(200, $$"""
                    {"newNonce":"{{Origin}}/nonce","newAccount":"{{Origin}}/account","newOrder":"{{Origin}}/order"}
                    """);
            case "account":
                return new(201, """{"status":"valid"}""", Headers: ("Location", Origin + "/a/1"));
            case "order":
                using (JsonDocument order = JsonDocument.Parse(payload))
                {
                    _names =
                    [
                        .. order.RootElement.GetProperty("identifiers").EnumerateArray()
                            .Select(i => i.GetProperty("value").GetString()!),
                    ];
                }

                _answered = false;
                _chain = null;
                _orders++;
                return new(201, OrderBody("pending"), Headers: ("Location", $"{Origin}/o/{_orders}"));
            case "o":
                return new(200, OrderBody(_chain is not null ? "valid" : _answered ? "ready" : "pending"));
            case "z":
                return new(200, AuthorizationBody(_answered ? "valid" : "pending"));
            case "c":
                _answered = true;
                return new(200, """{"type":"dns-01","status":"processing"}""");
            case "finalize":
                using (JsonDocument csr = JsonDocument.Parse(payload))
                    _chain = Certify(Base64Url.DecodeFromChars(csr.RootElement.GetProperty("csr").GetString()));
                return new(200, OrderBody(AfterFinalize));
            case "cert":
                return new(200, _chain!, "application/pem-certificate-chain");
            default:
                return new(200, "");
        }
    }

    private string Certify(byte[] csr)
    {
        CertificateRequest asked = CertificateRequest.LoadSigningRequest(
            csr, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        var request = OtherKey is null
            ? new CertificateRequest(new("CN=leaf"), asked.PublicKey, HashAlgorithmName.SHA256)
            : new CertificateRequest("CN=leaf", OtherKey, HashAlgorithmName.SHA256);
        foreach (X509Extension extension in asked.CertificateExtensions)
            request.CertificateExtensions.Add(extension);
        using X509Certificate2 leaf = request.Create(
            _ca.SubjectName, X509SignatureGenerator.CreateForECDsa(_caKey),
            DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        return leaf.ExportCertificatePem() + "\n" + _ca.ExportCertificatePem() + "\n";
    }
}

using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Smtp;

/// <summary>How thoroughly an address is looked at.</summary>
internal enum HandshakeDepth
{
    /// <summary>One handshake, as a sender makes it.</summary>
    Default,

    /// <summary>One more for the other family of keys, so that certificates side by side are all seen.</summary>
    EveryFamily,
}

/// <summary>Finds the addresses of a host.</summary>
internal interface IAddressLookup
{
    /// <summary>The addresses, or why there are none.</summary>
    Task<(ImmutableArray<IPAddress> Addresses, string? Problem)> FindAsync(string host, CancellationToken cancellation);
}

/// <summary>Shakes hands with endpoints: STARTTLS on SMTP ports, TLS from the start on 465, 993 and 995.</summary>
internal sealed class Handshake(
    IAddressLookup lookup,
    TimeProvider time,
    HandshakeDepth depth = HandshakeDepth.EveryFamily,
    TimeSpan? patience = null) : IHandshake
{
    private static readonly int[] TlsFromTheStart = [465, 993, 995];

    private static readonly TlsCipherSuite[] RsaSuites =
    [
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    private static readonly TlsCipherSuite[] EcdsaSuites =
    [
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    private readonly TimeSpan patience = patience ?? TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task<EndpointObservation> ObserveAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        DateTimeOffset begun = time.GetUtcNow();
        (ImmutableArray<IPAddress> addresses, string? problem) = await lookup.FindAsync(endpoint.Host, cancellation);
        AddressObservation[] seen = await Task.WhenAll(
            addresses.Select(a => ObserveAsync(endpoint, a, cancellation)));
        return new(endpoint, begun, time.GetUtcNow(), problem, [.. seen]);
    }

    /// <summary>Looks at one address.</summary>
    public async Task<AddressObservation> ObserveAsync(
        Endpoint endpoint, IPAddress address, CancellationToken cancellation)
    {
        Presented first = await ShakeAsync(endpoint, address, null, cancellation);
        if (depth == HandshakeDepth.Default || first is not Presented.Shows shows)
            return new(address.ToString(), [first]);

        bool other = shows.Chain.Key.Family != KeyFamily.Rsa;
        Presented second = await ShakeAsync(endpoint, address, other ? RsaSuites : EcdsaSuites, cancellation);

        // A server without a certificate of the other family refuses that handshake, which is no fault.
        return new(
            address.ToString(),
            second is Presented.Shows also && !also.Chain.Equals(shows.Chain) ? [first, second] : [first]);
    }

    private async Task<Presented> ShakeAsync(
        Endpoint endpoint, IPAddress address, TlsCipherSuite[]? suites, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(new IPEndPoint(address, endpoint.Port), either.Token);
            await using var network = new NetworkStream(socket);
            if (!TlsFromTheStart.Contains(endpoint.Port))
                await new SmtpDialogue(network).StartTlsAsync(Dns.OwnName, either.Token);
            return await ShakeAsync(endpoint, network, suites, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Presented.Unreachable($"no answer within {patience.TotalSeconds:0} s");
        }
        catch (StartTlsMissingException e)
        {
            return new Presented.NoStartTls(e.Message);
        }
        catch (SmtpException e)
        {
            return new Presented.Unreachable(e.Message);
        }
        catch (Exception e) when (e is AuthenticationException or InvalidDataException)
        {
            return new Presented.HandshakeFailed((e.InnerException ?? e).Message);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return new Presented.Unreachable(e.Message);
        }
    }

    private static async Task<Presented> ShakeAsync(
        Endpoint endpoint, Stream network, TlsCipherSuite[]? suites, CancellationToken cancellation)
    {
        List<byte[]> sent = [];
        await using var tls = new SslStream(network, leaveInnerStreamOpen: true);
#pragma warning disable CA1416 // cipher suites can be chosen on Linux, which is where this runs
        await tls.AuthenticateAsClientAsync(
            new()
            {
                TargetHost = endpoint.Host,
                AllowTlsResume = false,
                EnabledSslProtocols = suites is null ? SslProtocols.Tls12 | SslProtocols.Tls13 : SslProtocols.Tls12,
                CipherSuitesPolicy = suites is null ? null : new CipherSuitesPolicy(suites),
                CertificateChainPolicy = new()
                {
                    RevocationMode = X509RevocationMode.NoCheck,
                    DisableCertificateDownloads = true,
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                },

                // Whatever is shown is taken: what it is worth is for DANE to say.
                RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                {
                    if (certificate is not null)
                        sent.Add(certificate.GetRawCertData());
                    if (chain is not null)
                        sent.AddRange(chain.ChainPolicy.ExtraStore.Select(c => c.RawData));
                    return true;
                },
            },
            cancellation);
#pragma warning restore CA1416
        return sent.Count == 0
            ? new Presented.HandshakeFailed("the server showed no certificate")
            : new Presented.Shows(ChainReader.Read(sent), $"{tls.SslProtocol} {tls.NegotiatedCipherSuite}");
    }

    private static class Dns
    {
        // RFC 5321 §4.1.1.1: a client without a name of its own says its address.
        public static readonly string OwnName =
            DnsName.TryNormalise(Environment.MachineName, out string name) && name.Contains('.', StringComparison.Ordinal)
                ? name
                : "[127.0.0.1]";
    }
}

using System.Globalization;
using System.Net;
using System.Text;
using Org.BouncyCastle.Crypto.Prng;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;

namespace RolloverD.Smtp;

/// <summary>
/// A TLS client that names the host it wants (SNI), accepts any certificate, keeps the bytes of each just as they were
/// sent, and never resumes a session, since a resumed one shows no certificate.
/// </summary>
/// <remarks>RFC 7672 §8.1 for SNI, RFC 8446 §4.4.2.</remarks>
internal sealed class ObservingClient(string host, FamilyOffer offer) : AbstractTlsClient(new KeepingCrypto())
{
    private static readonly int[] Groups =
    [
        NamedGroup.x25519, NamedGroup.secp256r1, NamedGroup.secp384r1, NamedGroup.secp521r1, NamedGroup.x448,
        NamedGroup.ffdhe2048, NamedGroup.ffdhe3072, NamedGroup.ffdhe4096,
    ];

    /// <summary>The server's certificates, as sent.</summary>
    public IReadOnlyList<byte[]> Sent => ((KeepingCrypto)Crypto).Kept;

    /// <summary>Protocol and cipher suite, once they are agreed on: <c>TLSv1.3 TLS_AES_128_GCM_SHA256</c>.</summary>
    public string Protocol
    {
        get
        {
            SecurityParameters agreed = m_context.SecurityParameters;
            string version = agreed.NegotiatedVersion.Name.Replace("TLS ", "TLSv", StringComparison.Ordinal);
            return string.Create(CultureInfo.InvariantCulture, $"{version} {FamilyOffer.NameOf(agreed.CipherSuite)}");
        }
    }

    public override TlsAuthentication GetAuthentication() => new AcceptAnything();

    public override int GetMaxCertificateChainLength() => ChainReader.MostCertificates;

    public override int GetMaxHandshakeMessageSize() => 128 * 1024;

    // Which algorithms sign the certificates is not for this program to judge.
    public override bool ShouldCheckSigAlgOfPeerCerts() => false;

    // Many servers close without it, and nothing that is read depends on it.
    public override bool RequiresCloseNotify() => false;

    // Old servers too: to see what they show is the very purpose.
    protected override ProtocolVersion[] GetSupportedVersions() =>
        ProtocolVersion.TLSv13.DownTo(ProtocolVersion.TLSv10);

    protected override int[] GetSupportedCipherSuites() => offer.CipherSuites;

    protected override IList<SignatureAndHashAlgorithm> GetSupportedSignatureAlgorithms() => offer.Schemes;

    protected override IList<SignatureAndHashAlgorithm> GetSupportedSignatureAlgorithmsCert() =>
        offer.CertificateSchemes;

    protected override IList<int> GetSupportedGroups(IList<int> namedGroupRoles) => Groups;

    protected override CertificateStatusRequest? GetCertificateStatusRequest() => null;

    // RFC 6066 §3: a name, never an address.
    protected override IList<ServerName>? GetSniServerNames() =>
        IPAddress.TryParse(host, out _) ? null : [new ServerName(NameType.host_name, Encoding.ASCII.GetBytes(host))];

    private sealed class KeepingCrypto() : BcTlsCrypto(Random)
    {
        private static readonly SecureRandom Random = new(new CryptoApiRandomGenerator());
        private readonly List<byte[]> _kept = [];

        public IReadOnlyList<byte[]> Kept => _kept;

        public override TlsCertificate CreateCertificate(short type, byte[] encoding)
        {
            _kept.Add(encoding);
            return base.CreateCertificate(type, encoding);
        }
    }

    private sealed class AcceptAnything : TlsAuthentication
    {
        public void NotifyServerCertificate(TlsServerCertificate serverCertificate)
        {
        }

        public TlsCredentials? GetClientCredentials(CertificateRequest certificateRequest) => null;
    }
}

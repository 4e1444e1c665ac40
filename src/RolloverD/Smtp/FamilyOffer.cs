using System.Runtime.CompilerServices;
using Org.BouncyCastle.Tls;
using RolloverD.Core.Dane;

namespace RolloverD.Smtp;

/// <summary>
/// What a client says it can verify, all of it or one key family's part: a server with several certificates picks by
/// the signature schemes (TLS 1.3) or by the cipher suites as well (TLS 1.2 and before).
/// </summary>
/// <remarks>RFC 8446 §4.2.3 and §4.4.2.2, RFC 5246 §7.4.2, RFC 8422 §2.</remarks>
internal sealed class FamilyOffer
{
    private static readonly Suite[] Suites =
    [
        Any(CipherSuite.TLS_AES_128_GCM_SHA256),
        Any(CipherSuite.TLS_AES_256_GCM_SHA384),
        Any(CipherSuite.TLS_CHACHA20_POLY1305_SHA256),
        Ecdsa(CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
        Rsa(CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
        Ecdsa(CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
        Rsa(CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
        Ecdsa(CipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
        Rsa(CipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
        Rsa(CipherSuite.TLS_DHE_RSA_WITH_AES_128_GCM_SHA256),
        Rsa(CipherSuite.TLS_DHE_RSA_WITH_AES_256_GCM_SHA384),
        Ecdsa(CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256),
        Rsa(CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256),
        Ecdsa(CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA),
        Rsa(CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA),
        Ecdsa(CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA),
        Rsa(CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA),
        Rsa(CipherSuite.TLS_DHE_RSA_WITH_AES_128_CBC_SHA),
        Rsa(CipherSuite.TLS_DHE_RSA_WITH_AES_256_CBC_SHA),
        Rsa(CipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256),
        Rsa(CipherSuite.TLS_RSA_WITH_AES_256_GCM_SHA384),
        Rsa(CipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA),
        Rsa(CipherSuite.TLS_RSA_WITH_AES_256_CBC_SHA),
    ];

    private static readonly SignatureAndHashAlgorithm[] RsaSchemes =
    [
        SignatureAndHashAlgorithm.rsa_pss_rsae_sha256,
        SignatureAndHashAlgorithm.rsa_pss_rsae_sha384,
        SignatureAndHashAlgorithm.rsa_pss_rsae_sha512,
        SignatureAndHashAlgorithm.rsa_pss_pss_sha256,
        SignatureAndHashAlgorithm.rsa_pss_pss_sha384,
        SignatureAndHashAlgorithm.rsa_pss_pss_sha512,
        Scheme(HashAlgorithm.sha256, SignatureAlgorithm.rsa),
        Scheme(HashAlgorithm.sha384, SignatureAlgorithm.rsa),
        Scheme(HashAlgorithm.sha512, SignatureAlgorithm.rsa),
        Scheme(HashAlgorithm.sha1, SignatureAlgorithm.rsa),
    ];

    private static readonly SignatureAndHashAlgorithm[] EcdsaSchemes =
    [
        Scheme(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa),
        Scheme(HashAlgorithm.sha384, SignatureAlgorithm.ecdsa),
        Scheme(HashAlgorithm.sha512, SignatureAlgorithm.ecdsa),
        Scheme(HashAlgorithm.sha1, SignatureAlgorithm.ecdsa),
    ];

    private static readonly SignatureAndHashAlgorithm[] EdDsaSchemes =
        [SignatureAndHashAlgorithm.ed25519, SignatureAndHashAlgorithm.ed448];

    /// <summary>ECDSA first, as most senders have it.</summary>
    private static readonly SignatureAndHashAlgorithm[] AllSchemes = [.. EcdsaSchemes, .. EdDsaSchemes, .. RsaSchemes];

    private FamilyOffer(KeyFamily? family, SignatureAndHashAlgorithm[] schemes, KeyFamily? suites)
    {
        Family = family;
        Schemes = schemes;
        CipherSuites =
        [
            .. Suites
                .Where(s => suites is null || s.Family == suites || s.Family == KeyFamily.Unknown)
                .Select(s => s.Id),
        ];
    }

    /// <summary>All that this program can verify.</summary>
    public static FamilyOffer Everything { get; } = new(null, AllSchemes, null);

    /// <summary>One offer for each family, complete together.</summary>
    public static IReadOnlyList<FamilyOffer> EachFamily { get; } =
    [
        new(KeyFamily.Rsa, RsaSchemes, KeyFamily.Rsa),
        new(KeyFamily.Ecdsa, EcdsaSchemes, KeyFamily.Ecdsa),

        // Before TLS 1.3 EdDSA keys use the cipher suites of ECDSA. RFC 8422 §5.10
        new(KeyFamily.EdDsa, EdDsaSchemes, KeyFamily.Ecdsa),
    ];

    /// <summary>Null: every family.</summary>
    public KeyFamily? Family { get; }

    /// <summary>With what the server may prove that it has the key.</summary>
    public IList<SignatureAndHashAlgorithm> Schemes { get; }

    /// <summary>With what the certificates may be signed: anything, since DANE decides what to trust.</summary>
    public IList<SignatureAndHashAlgorithm> CertificateSchemes { get; } = AllSchemes;

    public int[] CipherSuites { get; }

    public static string NameOf(int suite)
    {
        string? expression = Array.Find(Suites, s => s.Id == suite)?.Expression;
        return expression?[(expression.LastIndexOf('.') + 1)..] ?? $"0x{suite:X4}";
    }

    private static Suite Any(int id, [CallerArgumentExpression(nameof(id))] string name = "") =>
        new(id, name, KeyFamily.Unknown);

    private static Suite Rsa(int id, [CallerArgumentExpression(nameof(id))] string name = "") =>
        new(id, name, KeyFamily.Rsa);

    private static Suite Ecdsa(int id, [CallerArgumentExpression(nameof(id))] string name = "") =>
        new(id, name, KeyFamily.Ecdsa);

    private static SignatureAndHashAlgorithm Scheme(short hash, short signature) =>
        SignatureAndHashAlgorithm.GetInstance(hash, signature);

    /// <param name="Id">Its number.</param>
    /// <param name="Expression">Its name, as the constant above is written.</param>
    /// <param name="Family">The family of key that it takes; unknown: any (TLS 1.3).</param>
    private sealed record Suite(int Id, string Expression, KeyFamily Family);
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RolloverD.Core.Dane;

namespace RolloverD.Tests.Store;

/// <summary>Certifies any request at once, under one root made for the tests.</summary>
internal static class TestIssuer
{
    private static readonly ECDsa RootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly X509Certificate2 Root = MakeRoot();
    private static int _serial;

    /// <summary>The leaf and the root, DER.</summary>
    public static ImmutableArray<ImmutableArray<byte>> Certify(ImmutableArray<byte> request)
    {
        CertificateRequest read = CertificateRequest.LoadSigningRequest(
            request.ToArray(), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.SkipSignatureValidation);
        byte[] serial = BitConverter.GetBytes(Interlocked.Increment(ref _serial));
        using X509Certificate2 leaf = new CertificateRequest(read.SubjectName, read.PublicKey, HashAlgorithmName.SHA256)
            .Create(Root.SubjectName, X509SignatureGenerator.CreateForECDsa(RootKey), From, From.AddDays(90), serial);
        return [[.. leaf.RawData], [.. Root.RawData]];
    }

    /// <summary>Reads a chain in good order, without verifying it.</summary>
    public static Chain Read(IReadOnlyList<byte[]> certificates)
    {
        ImmutableArray<ChainCertificate> read = [.. certificates.Select(Read)];
        return new(read[0], read[1..]);
    }

    private static ChainCertificate Read(byte[] der)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
        return new(
            [.. der],
            [.. certificate.PublicKey.ExportSubjectPublicKeyInfo()],
            certificate.Subject,
            [],
            certificate.NotBefore,
            certificate.NotAfter,
            isCa: false);
    }

    private static X509Certificate2 MakeRoot()
    {
        CertificateRequest request = new("CN=Test Root", RootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(From, From.AddYears(1));
    }
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RolloverD.Core.Ports;
using Xunit;

namespace RolloverD.Providers.Tests.Issuers;

/// <summary>A key, a signing request for names made with it, and a notebook.</summary>
public sealed class TestOrder : IDisposable
{
    private readonly AsymmetricAlgorithm _key;

    public TestOrder(ImmutableArray<string> names, MemoryNotebook? notebook = null, AsymmetricAlgorithm? key = null)
    {
        _key = key ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Notebook = notebook ?? new();
        var subject = new X500DistinguishedName("");
        CertificateRequest request = _key is RSA rsa
            ? new(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new(subject, (ECDsa)_key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
            alternatives.AddDnsName(name);
        request.CertificateExtensions.Add(alternatives.Build());
        Request = new("mx1", 7, names, [.. request.CreateSigningRequest()], Notebook);
    }

    public IssueRequest Request { get; }

    public MemoryNotebook Notebook { get; }

    /// <summary>Asserts that the outcome holds chains for this key and these names.</summary>
    public IssueOutcome.Issued AssertCertifiedBy(IssueOutcome outcome)
    {
        Assert.True(outcome is IssueOutcome.Issued, outcome.ToString());
        var issued = (IssueOutcome.Issued)outcome;
        Assert.NotEmpty(issued.Chains);
        foreach (ImmutableArray<ImmutableArray<byte>> chain in issued.Chains)
        {
            using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(chain[0].AsSpan());
            Assert.Equal(
                Convert.ToHexString(_key.ExportSubjectPublicKeyInfo()),
                Convert.ToHexString(leaf.PublicKey.ExportSubjectPublicKeyInfo()));
            Assert.Equal(
                Request.Names.Order(),
                leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames().Order());
        }

        return issued;
    }

    public void Dispose() => _key.Dispose();
}

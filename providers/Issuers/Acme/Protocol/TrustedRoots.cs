using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>
/// The roots that a private or test ACME server's certificate must lead to, read from a file. They count alone: the
/// system's roots do not.
/// </summary>
internal sealed class TrustedRoots
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2Collection _roots;

    private TrustedRoots(X509Certificate2Collection roots) => _roots = roots;

    /// <summary>Reads PEM certificates; the failure is a reason for people.</summary>
    public static (TrustedRoots? Roots, string? Reason) Read(string file)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return (null, $"the roots in {file} cannot be read: {e.Message}");
        }

        if (roots.Count == 0)
            return (null, $"{file} holds no certificate");

        // An anchor that another one signed is not taken for an anchor by the platform: the chain would stay partial.
        return roots.FirstOrDefault(r => !r.SubjectName.RawData.AsSpan().SequenceEqual(r.IssuerName.RawData))
            is { } other
            ? (null, $"{file} holds {other.Subject}, which is not a root: {other.Issuer} signed it")
            : (new(roots), null);
    }

    /// <summary>Whether the server's chain leads to one of the roots and its certificate names the host.</summary>
    public bool Accept(X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 leaf
            || (errors & (SslPolicyErrors.RemoteCertificateNotAvailable
                | SslPolicyErrors.RemoteCertificateNameMismatch)) != 0)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new(ServerAuthentication));
        foreach (X509ChainElement element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        chain.ChainPolicy.ExtraStore.AddRange(sent?.ChainPolicy.ExtraStore ?? []);

        // That it was built is not enough: its end must be a certificate of the file, octet by octet.
        return chain.Build(leaf)
            && chain.ChainElements[^1].Certificate.RawData is { } end
            && _roots.Any(root => root.RawData.AsSpan().SequenceEqual(end));
    }
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RolloverD.Core.Dane;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>
/// One file of <c>smtpd_tls_chain_files</c> and the kinds of keys in it. Postfix takes one key of each kind: given two,
/// or a file that it cannot read, it offers no TLS at all, and then nobody who validates DANE delivers.
/// </summary>
/// <param name="Path">Its absolute path.</param>
/// <param name="Keys">The kind of each key with a certificate in it.</param>
/// <param name="Fault">Why it cannot be read, or null.</param>
internal sealed record ChainFile(string Path, ImmutableArray<KeyFamily> Keys, string? Fault)
{
    public static ChainFile Read(string path)
    {
        try
        {
            return new(path, KeysIn(File.ReadAllText(path)), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException
            or ArgumentException)
        {
            return new(path, [], e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Why Postfix would offer no TLS with these files, or null.</summary>
    public static string? Clash(IEnumerable<ChainFile> files)
    {
        Dictionary<KeyFamily, string> seen = [];
        foreach (ChainFile file in files)
        {
            if (file.Fault is not null)
                return $"{file.Path} cannot be read ({file.Fault})";

            foreach (KeyFamily key in file.Keys)
            {
                if (!seen.TryAdd(key, file.Path))
                    return $"{seen[key]} and {file.Path} both hold a key of the kind {key}";
            }
        }

        return null;
    }

    // Each private key is followed by its certificate and that one's issuers.
    private static ImmutableArray<KeyFamily> KeysIn(string pem)
    {
        var keys = ImmutableArray.CreateBuilder<KeyFamily>();
        bool afterKey = false;
        ReadOnlySpan<char> rest = pem;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            ReadOnlySpan<char> label = rest[fields.Label];
            if (label.EndsWith("PRIVATE KEY"))
            {
                afterKey = true;
            }
            else if (afterKey && label.SequenceEqual("CERTIFICATE"))
            {
                byte[] der = Convert.FromBase64String(rest[fields.Base64Data].ToString());
                using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
                keys.Add(new Core.Dane.PublicKey([.. certificate.PublicKey.ExportSubjectPublicKeyInfo()]).Family);
                afterKey = false;
            }

            rest = rest[fields.Location.End..];
        }

        return keys.DrainToImmutable();
    }
}

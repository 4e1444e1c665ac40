using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>The kind of key in a chain file. Postfix turns TLS off altogether when two files bring keys of one kind.</summary>
internal static class KeyKind
{
    /// <summary>The object identifier of the first certificate's key algorithm; null when the file cannot be read.</summary>
    public static string? Of(string file)
    {
        try
        {
            using X509Certificate2 certificate = X509Certificate2.CreateFromPem(File.ReadAllText(file));
            return certificate.GetKeyAlgorithm();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return null;
        }
    }
}

namespace RolloverD.Core.Policy.Rules;

/// <summary>A certificate's name becomes a directory below <c>live/</c> and a word of the command line.</summary>
internal static class CertificateNaming
{
    private const int Longest = 64;

    public static IEnumerable<PolicyFinding> Check(Desired desired) =>
        from name in desired.Certificates.Keys
        where !IsUsable(name)
        select new PolicyFinding.Error(
            KeyPath.Certificate(name),
            $"'{name}' cannot name a certificate: its name becomes a directory",
            $"use lower-case letters a to z, digits and hyphens, at most {Longest}, a letter or digit first and last");

    private static bool IsUsable(string name) =>
        name.Length is > 0 and <= Longest
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
        && name[0] != '-' && name[^1] != '-';
}

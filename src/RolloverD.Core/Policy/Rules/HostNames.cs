using RolloverD.Core.Dane;

namespace RolloverD.Core.Policy.Rules;

/// <summary>The names that hosts can have: narrower than what the DNS allows.</summary>
/// <remarks>RFC 1123 §2.1; a wildcard stands for exactly one label, the leftmost (RFC 9525 §6.3).</remarks>
internal static class HostNames
{
    /// <summary>What is wrong with the name, or null.</summary>
    public static string? Flaw(string name, bool wildcardAllowed)
    {
        string rest = wildcardAllowed && name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name;
        return IsAddress(name) ? "is an address, not a name"
            : !DnsName.TryNormalise(rest, out string kept) || kept == "." ? "is not a DNS name"
            : rest.Contains('*', StringComparison.Ordinal) ? wildcardAllowed
                ? "has a wildcard that is not its whole first label"
                : "is a wildcard, which is no host"
            : rest.Contains('_', StringComparison.Ordinal) ? "has an underscore, which no host name may have"
            : null;
    }

    /// <summary>Whether a certified name, perhaps a wildcard, stands for the host.</summary>
    public static bool Covers(string certified, string host)
    {
        if (!certified.StartsWith("*.", StringComparison.Ordinal))
            return certified == host;

        int dot = host.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && host[(dot + 1)..] == certified[2..];
    }

    private static bool IsAddress(string name) =>
        name.Contains(':', StringComparison.Ordinal)
        || name[(name.LastIndexOf('.') + 1)..] is { Length: > 0 } last && last.All(char.IsAsciiDigit);
}

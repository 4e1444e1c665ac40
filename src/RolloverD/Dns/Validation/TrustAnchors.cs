using System.Collections.Immutable;
using System.Globalization;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Validation;

/// <summary>The root's keys that are trusted from the start, as DS or DNSKEY records.</summary>
internal sealed record TrustAnchors(
    ImmutableArray<DelegationSigner> Signers, ImmutableArray<ImmutableArray<byte>> Keys)
{
    /// <summary>The root's keys of 2017 and 2024, as IANA publishes them in root-anchors.xml.</summary>
    public static readonly TrustAnchors BuiltIn = Parse(
        """
        . IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
        . IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
        """);

    /// <summary>
    /// Reads the root's DS and DNSKEY records from a file in zone-file form, also as unbound-anchor keeps it.
    /// </summary>
    /// <exception cref="FormatException">A record is malformed, or there is none for the root.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static TrustAnchors Load(string? file) => file is null ? BuiltIn : Parse(File.ReadAllText(file));

    public static TrustAnchors Parse(string text)
    {
        var signers = ImmutableArray.CreateBuilder<DelegationSigner>();
        var keys = ImmutableArray.CreateBuilder<ImmutableArray<byte>>();
        foreach (string[] fields in Entries(text))
        {
            int type = Array.FindIndex(fields, f => f is "DS" or "DNSKEY" or "ds" or "dnskey");
            if (fields[0] != "." || type < 0 || fields.Length < type + 5)
                continue;
            string[] data = fields[(type + 1)..];
            if (fields[type].Equals("DS", StringComparison.OrdinalIgnoreCase))
                signers.Add(new(Number(data[0]), (byte)Number(data[1]), (byte)Number(data[2]), Digest(data[3..])));
            else
                keys.Add(KeyData(data));
        }

        return signers.Count + keys.Count > 0
            ? new(signers.ToImmutable(), keys.ToImmutable())
            : throw new FormatException("it holds no DS or DNSKEY record of the root");
    }

    /// <summary>Whether the key, one of the root's, is an anchor.</summary>
    public bool Hold(DnsKey key, byte[] keyData) =>
        key.MaySign
        && (Keys.Any(k => k.AsSpan().SequenceEqual(keyData))
            || DelegationSigner.Usable(Signers).Any(s => s.Matches(Name.Root, key, keyData)));

    private static IEnumerable<string[]> Entries(string text)
    {
        var entry = new List<string>();
        int depth = 0;
        foreach (string line in text.Split('\n'))
        {
            int comment = line.IndexOf(';', StringComparison.Ordinal);
            // RFC 5011 §4.2, as unbound-anchor notes it: a key in state 1 (AddPend) is seen but not trusted yet, one in
            // state 4 (Revoked) or 5 (Removed) no longer.
            if (comment >= 0 && Untrusted.Any(s => line[comment..].Contains(s, StringComparison.Ordinal)))
                continue;
            string bare = comment < 0 ? line : line[..comment];
            depth += bare.Count(c => c == '(') - bare.Count(c => c == ')');
            entry.AddRange(bare.Split([' ', '\t', '\r', '(', ')'], StringSplitOptions.RemoveEmptyEntries));
            if (depth > 0 || entry.Count == 0)
                continue;
            yield return [.. entry];
            entry.Clear();
        }
    }

    private static readonly string[] Untrusted = ["state=0", "state=1", "state=4", "state=5"];

    private static ImmutableArray<byte> Digest(string[] fields) => [.. Convert.FromHexString(string.Concat(fields))];

    private static ImmutableArray<byte> KeyData(string[] fields)
    {
        ushort flags = Number(fields[0]);
        return
        [
            (byte)(flags >> 8), (byte)flags, (byte)Number(fields[1]), (byte)Number(fields[2]),
            .. Convert.FromBase64String(string.Concat(fields[3..])),
        ];
    }

    private static ushort Number(string field) =>
        ushort.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)
            ? number
            : throw new FormatException($"'{field}' is not a number that a DS or DNSKEY record can have there");
}

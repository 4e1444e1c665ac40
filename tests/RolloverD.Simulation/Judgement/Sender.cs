using RolloverD.Core.Dane;
using RolloverD.Simulation.World;

namespace RolloverD.Simulation.Judgement;

/// <summary>
/// What validating senders make of a record set and a chain. Written for the judge alone, from RFC 7671 and RFC 7672,
/// and sharing nothing with the product: what both had wrong, no run could find.
/// </summary>
internal static class Sender
{
    /// <summary>
    /// The senders there are: one with digest agility, one that takes any match, one that knows no SHA-512, and one
    /// that heeds usage 3 alone.
    /// </summary>
    public static readonly string[] Kinds = ["agile", "plain", "without SHA-512", "without usage 2"];

    /// <summary>Which kinds of senders refuse: a bit each.</summary>
    /// <param name="set">What they hold.</param>
    /// <param name="shown">What they meet.</param>
    /// <param name="host">The host they speak to.</param>
    /// <param name="now">The time.</param>
    public static int Refusing(RecordSet set, Shown shown, string host, DateTimeOffset now)
    {
        int refusing = 0;
        for (int kind = 0; kind < Kinds.Length; kind++)
        {
            if (!Delivers(set, shown, host, now, kind))
                refusing |= 1 << kind;
        }

        return refusing;
    }

    /// <summary>Whether the record is one for this chain, whatever else holds.</summary>
    public static bool Names(TlsaRecord record, Shown shown)
    {
        (int usage, int selector, int type) = Numbers(record);
        return usage == 3
            ? shown.Leaf.Data(selector, type) == record.Data
            : shown.Ancestors.Any(a => a.Data(selector, type) == record.Data);
    }

    private static bool Delivers(RecordSet set, Shown shown, string host, DateTimeOffset now, int kind)
    {
        bool usable = false;
        foreach (TlsaRecord record in set.Records)
        {
            if (!Heeds(record, kind) || Outshone(set, record, kind))
                continue;

            usable = true;
            if (Matches(record, shown, host, now))
                return true;
        }

        return !usable; // RFC 7672 §2.2: TLS without authentication
    }

    /// <summary>Whether senders of this kind make anything of the record.</summary>
    public static bool Heeds(TlsaRecord record, int kind)
    {
        (int usage, int selector, int type) = Numbers(record);
        return usage is 2 or 3 && selector is 0 or 1
            && type switch
            {
                0 => record.Data.Length > 0,
                1 => record.Data.Length == 64,
                2 => record.Data.Length == 128,
                _ => false,
            }
            && !(kind == 2 && type == 2)
            && !(kind == 3 && usage == 2);
    }

    // RFC 7671 §9
    private static bool Outshone(RecordSet set, TlsaRecord record, int kind)
    {
        (int usage, int selector, int type) = Numbers(record);
        if (kind is not (0 or 3) || type != 1)
            return false;

        foreach (TlsaRecord other in set.Records)
        {
            if (Heeds(other, kind) && Numbers(other) == (usage, selector, 2))
                return true;
        }

        return false;
    }

    private static bool Matches(TlsaRecord record, Shown shown, string host, DateTimeOffset now)
    {
        (int usage, int selector, int type) = Numbers(record);
        if (usage == 3)
            return shown.Leaf.Data(selector, type) == record.Data;

        for (int i = 0; i < shown.Ancestors.Length; i++)
        {
            if (shown.Ancestors[i].Data(selector, type) == record.Data)
                return IsGood(shown, i, host, now);
        }

        return false;
    }

    // RFC 7672 §3.1.2: under usage 2 names and dates count.
    private static bool IsGood(Shown shown, int depth, string host, DateTimeOffset now)
    {
        ChainCertificate leaf = shown.Leaf.Certificate;
        if (now > leaf.NotAfter || now < leaf.NotBefore || !leaf.DnsNames.Contains(host))
            return false;

        for (int i = 0; i <= depth; i++)
        {
            if (now > shown.Ancestors[i].Certificate.NotAfter)
                return false;
        }

        return true;
    }

    private static (int Usage, int Selector, int Type) Numbers(TlsaRecord record) =>
        ((int)record.Parameters.Usage, (int)record.Parameters.Selector, (int)record.Parameters.MatchingType);
}

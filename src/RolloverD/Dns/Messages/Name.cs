using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace RolloverD.Dns.Messages;

/// <summary>
/// A domain name as it travels: its labels in lower case, uncompressed. Lower case because DNSSEC signs names that
/// way and no comparison in DNS minds capitals. Ordered as DNSSEC orders names.
/// </summary>
/// <remarks>RFC 1035 §3.1 for the form, RFC 4034 §6.1 for the order.</remarks>
internal sealed class Name : IEquatable<Name>, IComparable<Name>
{
    public const int LongestWire = 255;

    public static readonly Name Root = new([0]);

    private readonly byte[] wire;
    private readonly byte[] offsets;

    private Name(byte[] wire)
    {
        this.wire = wire;
        var starts = new List<byte>();
        for (int at = 0; wire[at] != 0; at += wire[at] + 1)
            starts.Add((byte)at);
        offsets = [.. starts];
    }

    /// <summary>The labels with their lengths and the final zero.</summary>
    public ReadOnlySpan<byte> Wire => wire;

    /// <summary>Number of labels; zero for the root.</summary>
    public int LabelCount => offsets.Length;

    public bool IsRoot => LabelCount == 0;

    public bool IsWildcard => LabelCount > 0 && Label(0) is [(byte)'*'];

    /// <summary>The name without its first label; the root's parent is the root.</summary>
    public Name Parent => IsRoot ? this : Last(LabelCount - 1);

    /// <summary>Takes a complete wire name, root label last; the bytes are copied and put in lower case.</summary>
    public static Name FromWire(ReadOnlySpan<byte> bytes)
    {
        byte[] lower = bytes.ToArray();
        for (int i = 0; i < lower.Length; i++)
        {
            // Label lengths are at most 63 and so lie below the capitals.
            if (lower[i] is >= (byte)'A' and <= (byte)'Z')
                lower[i] += 32;
        }

        return new(lower);
    }

    /// <summary>Reads the presentation form with or without the final dot, <c>\.</c> and <c>\123</c> too.</summary>
    /// <remarks>RFC 1035 §5.1.</remarks>
    public static bool TryParse(string text, [NotNullWhen(true)] out Name? name)
    {
        name = null;
        if (text == ".")
        {
            name = Root;
            return true;
        }

        var bytes = new List<byte>();
        var label = new List<byte>();
        for (int i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || text[i] == '.')
            {
                if (label.Count is 0 or > 63)
                    return false;
                bytes.Add((byte)label.Count);
                bytes.AddRange(label);
                label.Clear();
                if (i == text.Length - 1)
                    break;
            }
            else if (!TryReadCharacter(text, ref i, out byte value))
            {
                return false;
            }
            else
            {
                label.Add(value);
            }
        }

        bytes.Add(0);
        if (bytes.Count > LongestWire)
            return false;
        name = FromWire([.. bytes]);
        return true;
    }

    /// <summary>Reads the presentation form or throws <see cref="FormatException"/>.</summary>
    public static Name Parse(string text) =>
        TryParse(text, out Name? name) ? name : throw new FormatException($"not a domain name: '{text}'");

    /// <summary>The bytes of one label, counted from the left.</summary>
    public ReadOnlySpan<byte> Label(int index) => wire.AsSpan(offsets[index] + 1, wire[offsets[index]]);

    /// <summary>The rightmost labels: an ancestor of this name.</summary>
    public Name Last(int labels) =>
        labels == LabelCount ? this : labels == 0 ? Root : new(wire[offsets[LabelCount - labels]..]);

    /// <summary>This name with a label in front; false when it would grow too long.</summary>
    public bool TryPrepend(ReadOnlySpan<byte> label, [NotNullWhen(true)] out Name? name)
    {
        name = label.Length + 1 + wire.Length <= LongestWire ? FromWire([(byte)label.Length, .. label, .. wire]) : null;
        return name is not null;
    }

    public bool IsAtOrBelow(Name ancestor) =>
        ancestor.LabelCount <= LabelCount && Last(ancestor.LabelCount).Equals(ancestor);

    public bool IsBelow(Name ancestor) => ancestor.LabelCount < LabelCount && IsAtOrBelow(ancestor);

    /// <summary>Replaces an ancestor of this name, as a DNAME does; false when it would grow too long.</summary>
    /// <remarks>RFC 6672 §2.2.</remarks>
    public bool TryMove(Name from, Name to, [NotNullWhen(true)] out Name? moved)
    {
        ReadOnlySpan<byte> head = wire.AsSpan(0, wire.Length - from.wire.Length);
        moved = head.Length + to.wire.Length <= LongestWire ? new([.. head, .. to.wire]) : null;
        return moved is not null;
    }

    /// <summary>The number of labels that both names have in common, counted from the root.</summary>
    public int CommonLabels(Name other)
    {
        int common = 0;
        while (common < LabelCount && common < other.LabelCount
               && Label(LabelCount - 1 - common).SequenceEqual(other.Label(other.LabelCount - 1 - common)))
        {
            common++;
        }

        return common;
    }

    public int CompareTo(Name? other)
    {
        if (other is null)
            return 1;
        int common = CommonLabels(other);
        if (common == LabelCount || common == other.LabelCount)
            return LabelCount.CompareTo(other.LabelCount);
        return Label(LabelCount - 1 - common).SequenceCompareTo(other.Label(other.LabelCount - 1 - common));
    }

    public bool Equals(Name? other) => other is not null && wire.AsSpan().SequenceEqual(other.wire);

    public override bool Equals(object? obj) => Equals(obj as Name);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(wire);
        return hash.ToHashCode();
    }

    /// <summary>The presentation form without the final dot; the root as <c>.</c>.</summary>
    public override string ToString()
    {
        if (IsRoot)
            return ".";
        var text = new StringBuilder(wire.Length);
        for (int i = 0; i < LabelCount; i++)
        {
            if (i > 0)
                text.Append('.');
            foreach (byte b in Label(i))
                Append(text, b);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, byte value)
    {
        if (value is (byte)'.' or (byte)'\\')
            text.Append('\\').Append((char)value);
        else if (value is > 32 and < 127)
            text.Append((char)value);
        else
            text.Append(CultureInfo.InvariantCulture, $"\\{value:000}");
    }

    private static bool TryReadCharacter(string text, ref int at, out byte value)
    {
        value = (byte)text[at];
        if (text[at] != '\\')
            return text[at] < 128;
        if (at + 3 < text.Length && byte.TryParse(text.AsSpan(at + 1, 3), NumberStyles.None, null, out value))
        {
            at += 3;
            return true;
        }

        at++;
        if (at >= text.Length)
            return false;
        value = (byte)text[at];
        return text[at] < 128 && !char.IsAsciiDigit(text[at]);
    }
}

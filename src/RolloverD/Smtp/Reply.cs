using System.Collections.Immutable;
using System.Globalization;

namespace RolloverD.Smtp;

/// <summary>A server's reply: its code, and the text of each of its lines.</summary>
/// <remarks>RFC 5321 §4.2.</remarks>
internal sealed record Reply(int Code, ImmutableArray<string> Lines)
{
    private const int MostCharactersShown = 160;

    /// <summary>Whether a reply to EHLO lists the extension. RFC 5321 §4.1.1.1</summary>
    public bool Offers(string keyword) =>
        Lines.Skip(1).Any(line => line.Split(' ', 2)[0].Equals(keyword, StringComparison.OrdinalIgnoreCase));

    /// <summary>Code and text on one line, short, without control characters: fit for a terminal.</summary>
    public override string ToString()
    {
        string text = string.Join(' ', Lines);
        string clean = string.Concat(text.Take(MostCharactersShown).Select(c => c is < ' ' or > '~' ? '?' : c)).Trim();
        string cut = text.Length > MostCharactersShown ? "…" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{Code} {clean}{cut}");
    }
}

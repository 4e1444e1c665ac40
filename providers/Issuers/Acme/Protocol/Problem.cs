using System.Collections.Immutable;
using System.Text;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>A problem document: what an ACME server says of a failure, in parts when names differ.</summary>
/// <param name="Type">The kind of problem, mostly <c>urn:ietf:params:acme:error:</c> and a word.</param>
/// <param name="Detail">The server's explanation for people.</param>
/// <param name="Instance">A page that tells more, or what to agree to.</param>
/// <param name="Identifier">The name that a part is about.</param>
/// <param name="Subproblems">The parts. RFC 8555 §6.7.1.</param>
/// <remarks>RFC 7807 §3.1, RFC 8555 §6.7.</remarks>
internal sealed record Problem(
    string? Type,
    string? Detail,
    Uri? Instance,
    Identifier? Identifier,
    ImmutableArray<Problem>? Subproblems)
{
    private const string Prefix = "urn:ietf:params:acme:error:";
    private const int LongestText = 800;

    /// <summary>The kind of problem in one word: <c>rateLimited</c>.</summary>
    public string Word => Type is { Length: > 0 } type
        ? type.StartsWith(Prefix, StringComparison.Ordinal) ? type[Prefix.Length..] : type
        : "unknown";

    /// <summary>A problem that the server did not put into a document of its own.</summary>
    public static Problem Of(string word, string detail) => new(Prefix + word, detail, null, null, null);

    public bool Is(string word) => Word == word;

    /// <summary>The problem and its parts in one line for people, not endless, without control characters.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Append(text, depth: 0);
        return text.Length > LongestText ? $"{text.ToString(0, LongestText)}…" : text.ToString();
    }

    /// <summary>The server's text as one line: without control characters it cannot forge lines of a log.</summary>
    public static string OneLine(string text)
    {
        if (text.Length > LongestText)
            text = text[..LongestText] + "…";
        return string.Create(text.Length, text, static (line, from) =>
        {
            for (int i = 0; i < line.Length; i++)
                line[i] = char.IsControl(from[i]) ? ' ' : from[i];
        }).Trim();
    }

    private void Append(StringBuilder text, int depth)
    {
        if (Identifier is { Value.Length: > 0 } identifier)
            text.Append(OneLine(identifier.Value)).Append(": ");
        text.Append(Detail is { Length: > 0 } detail ? OneLine(detail) : "no explanation");
        text.Append(" (").Append(OneLine(Word)).Append(')');
        Problem[] parts = depth > 1 ? [] : [.. (Subproblems ?? []).OfType<Problem>()];
        if (parts.Length == 0)
            return;

        for (int i = 0; i < parts.Length; i++)
        {
            text.Append(i == 0 ? " [" : "; ");
            parts[i].Append(text, depth + 1);
        }

        text.Append(']');
    }
}

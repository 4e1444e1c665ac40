using System.Text;
using System.Text.RegularExpressions;

namespace RolloverD.Commands;

/// <summary>Small matters of wording for text that people read.</summary>
internal static partial class Words
{
    /// <summary><c>RollbackWindow</c> as <c>rollback window</c>.</summary>
    public static string OfName(string name)
    {
        var text = new StringBuilder();
        foreach (char letter in name)
        {
            if (char.IsUpper(letter) && text.Length > 0)
                text.Append(' ');
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }

    /// <summary>Who goes on with what was asked for of a certificate, and how to see it or do it.</summary>
    public static string WhoGoesOn(bool daemonRuns, string certificate) => daemonRuns
        ? $"the daemon begins at once; watch it with 'rolloverd status {certificate}'"
        : $"no daemon runs: start it, or take each step with 'rolloverd step {certificate} --wait'";

    /// <summary>The text with every digest cut to its first twelve digits; JSON has them whole.</summary>
    public static string Short(string text) => Digests().Replace(text, m => m.Value[..12] + "…");

    /// <summary>The text in lines of at most that many columns; a longer word stands alone and is not cut.</summary>
    public static IEnumerable<string> Wrap(string text, int width)
    {
        var line = new StringBuilder();
        foreach (string word in text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear();
            }

            if (line.Length > 0)
                line.Append(' ');
            line.Append(word);
        }

        if (line.Length > 0)
            yield return line.ToString();
    }

    [GeneratedRegex("[0-9a-fA-F]{40,}")]
    private static partial Regex Digests();
}

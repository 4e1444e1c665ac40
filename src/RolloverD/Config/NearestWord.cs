namespace RolloverD.Config;

/// <summary>Finds the word that somebody probably meant.</summary>
internal static class NearestWord
{
    /// <summary>The known word that is fewest edits away, or null when none is near.</summary>
    public static string? To(string written, IEnumerable<string> known)
    {
        string lower = written.ToLowerInvariant().Replace('_', '-');
        var best = known
            .Select(word => (Word: word, Edits: Edits(lower, word)))
            .OrderBy(c => c.Edits)
            .ThenBy(c => c.Word, StringComparer.Ordinal)
            .FirstOrDefault();
        return best.Word is not null && best.Edits <= Math.Max(2, best.Word.Length / 3) && best.Edits < best.Word.Length
            ? best.Word
            : null;
    }

    /// <summary>Advice on a word that is not known.</summary>
    public static string Advice(string written, IReadOnlyCollection<string> known) =>
        To(written, known) is { } near ? $"did you mean {near}?"
        : known.Count > 0 ? $"known are {string.Join(", ", known)}"
        : "remove it: none is known here";

    /// <summary>Advice on a word that is none of those that the message has already named.</summary>
    public static string Choose(string written, IReadOnlyCollection<string> known) =>
        To(written, known) is { } near ? $"did you mean {near}?" : "write it as it stands there";

    // How many letters must be put in, taken out, replaced or swapped with their neighbour.
    private static int Edits(string a, string b)
    {
        int[,] edits = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            edits[i, 0] = i;
        for (int j = 0; j <= b.Length; j++)
            edits[0, j] = j;

        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = edits[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(replaced, 1 + Math.Min(edits[i - 1, j], edits[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
            }
        }

        return edits[a.Length, b.Length];
    }
}

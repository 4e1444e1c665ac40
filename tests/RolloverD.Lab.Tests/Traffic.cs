using System.Globalization;
using System.Text.RegularExpressions;

namespace RolloverD.Lab.Tests;

/// <summary>What became of the mail and the probes.</summary>
/// <param name="Sent">Mails.</param>
/// <param name="Refused">Those that were not delivered.</param>
/// <param name="Probes">How often posttls-finger was asked.</param>
/// <param name="Failed">How often it did not verify the receiver.</param>
/// <param name="Text">The whole report of <c>tests/lab/traffic</c>.</param>
public sealed partial record Traffic(int Sent, int Refused, int Probes, int Failed, string Text)
{
    /// <summary>The counts, and what was looked up again, when that is there.</summary>
    public string Summary => string.Join(
        ", ",
        Text.Split('\n').Where(l =>
            Counts().IsMatch(l) || l.StartsWith("looked up again", StringComparison.Ordinal)));

    /// <summary>Reads a report of <c>tests/lab/traffic</c>, which must have counts.</summary>
    public static Traffic Of(Result report)
    {
        Match counts = Counts().Match(report.Output);
        Assert.True(counts.Success, $"no counts in: {report.Output}{report.Error}");
        int[] n = [.. counts.Groups.Values.Skip(1).Select(g => int.Parse(g.Value, CultureInfo.InvariantCulture))];
        return new(n[0], n[1], n[2], n[3], report.Output);
    }

    [GeneratedRegex(@"sent (\d+), refused (\d+); probes (\d+), failed (\d+)")]
    private static partial Regex Counts();
}

using System.Globalization;
using System.Text;

namespace RolloverD.Core.Policy;

/// <summary>
/// Lengths of time as the configuration writes them: whole days, hours, minutes and seconds, the larger unit first, as
/// in <c>90s</c>, <c>5m</c>, <c>1h30m</c> and <c>2d</c>.
/// </summary>
public static class DurationText
{
    private const string Units = "dhms";

    private static readonly TimeSpan Limit = TimeSpan.FromDays(36_500);

    /// <summary>Reads a length of time; false when the text is none, or longer than a hundred years.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        int from = 0;
        int unitsUsed = 0;
        while (from < text.Length)
        {
            int digits = text.AsSpan(from).IndexOfAnyExceptInRange('0', '9');
            if (digits <= 0 || !int.TryParse(text.AsSpan(from, digits), CultureInfo.InvariantCulture, out int count))
                return false;

            int unit = Units.IndexOf(text[from + digits], StringComparison.Ordinal);
            if (unit < unitsUsed)
                return false; // unknown, repeated, or a larger unit after a smaller one

            TimeSpan one = unit switch
            {
                0 => TimeSpan.FromDays(1),
                1 => TimeSpan.FromHours(1),
                2 => TimeSpan.FromMinutes(1),
                _ => TimeSpan.FromSeconds(1),
            };
            if (count > Limit / one)
                return false;

            duration += count * one;
            unitsUsed = unit + 1;
            from += digits + 1;
        }

        return unitsUsed > 0 && duration <= Limit;
    }

    /// <summary>
    /// Writes a length of time so that <see cref="TryParse"/> reads it back, without fractions of a second.
    /// </summary>
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.FromSeconds(1))
            return "0s";

        var text = new StringBuilder();
        Append(duration.Days, 'd');
        Append(duration.Hours, 'h');
        Append(duration.Minutes, 'm');
        Append(duration.Seconds, 's');
        return text.ToString();

        void Append(int count, char unit)
        {
            if (count > 0)
                text.Append(CultureInfo.InvariantCulture, $"{count}{unit}");
        }
    }
}

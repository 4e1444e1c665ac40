using System.Globalization;

namespace RolloverD.Commands;

/// <summary>Times as people read them: in UTC, always marked with Z, and how far away they are.</summary>
internal static class When
{
    /// <summary>The time of day; with the date before it when that is not today's.</summary>
    public static string At(DateTimeOffset time, DateTimeOffset now) =>
        time.UtcDateTime.Date == now.UtcDateTime.Date ? OfDay(time) : OfDate(time);

    /// <summary>The time of day within a day, further away the date alone: never more than ten columns.</summary>
    public static string Near(DateTimeOffset time, DateTimeOffset now) =>
        (time - now).Duration() < TimeSpan.FromDays(1)
            ? OfDay(time)
            : time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static string OfDay(DateTimeOffset time) =>
        time.UtcDateTime.ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string OfDate(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Time and distance: <c>15:04:48Z (in 2 min 3 s)</c>.</summary>
    public static string AtAndIn(DateTimeOffset time, DateTimeOffset now) => $"{At(time, now)} ({In(time, now)})";

    /// <summary><c>in 2 min 3 s</c>, <c>now</c>, <c>4 s ago</c>.</summary>
    public static string In(DateTimeOffset time, DateTimeOffset now)
    {
        TimeSpan distance = time - now;
        return distance > TimeSpan.Zero ? $"in {Length(distance)}"
            : distance > TimeSpan.FromSeconds(-1) ? "now"
            : $"{Length(-distance)} ago";
    }

    /// <summary>
    /// A length of time in its two largest units, a started second counted whole: <c>3 d 4 h</c>, <c>2 min 3 s</c>.
    /// </summary>
    public static string Length(TimeSpan length)
    {
        long seconds = (length.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;
        (long days, long hours, long minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
        return days > 0 ? Two(days, "d", hours, "h")
            : hours > 0 ? Two(hours, "h", minutes, "min")
            : minutes > 0 ? Two(minutes, "min", seconds % 60, "s")
            : $"{seconds} s";
    }

    private static string Two(long large, string unit, long small, string smaller) =>
        small == 0 ? $"{large} {unit}" : $"{large} {unit} {small} {smaller}";
}

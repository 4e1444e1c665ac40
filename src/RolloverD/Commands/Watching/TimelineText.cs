using System.Collections.Immutable;

namespace RolloverD.Commands.Watching;

/// <summary>
/// The timeline in lines, for a terminal of any size: a line a certificate, and below each that is at work what was
/// done, what is waited for and who is to act, and what comes next.
/// </summary>
internal static class TimelineText
{
    private const int BarWidth = 20;
    private const int LinesOfLane = 6;
    private const int MostPast = 8;
    private const int WidthForReasons = 120;

    /// <summary>The lines; never more than there is room for.</summary>
    public static Page Of(Timeline timeline, int width, int height)
    {
        var page = new Page(width);
        int stuck = timeline.Lanes.Count(IsStuck);
        int busy = timeline.Lanes.Count(l => !l.Steady);
        page.Line(
            new("rolloverd", Tone.Strong),
            new($"  {When.OfDate(timeline.Now)}", Tone.Faint),
            busy == 0
                ? new("  all steady", Tone.Good)
                : new($"  {busy} of {timeline.Lanes.Length} at work", Tone.Waiting),
            stuck == 0 ? default : new Piece($"  {stuck} waits for somebody to act", Tone.Bad));
        Lane[] detailed = [.. timeline.Lanes.Where(l => !l.Steady || timeline.Lanes.Length == 1)];
        int lines = timeline.Lanes.Length + 1;
        int room = detailed.Length == 0 ? 0 : (height - lines) / detailed.Length;
        while (detailed.Length > 1 && room < LinesOfLane) // fewer in detail rather than all of them unreadable
        {
            detailed = detailed[..^1];
            room = (height - lines) / detailed.Length;
        }

        foreach (Lane lane in timeline.Lanes)
        {
            Summarise(page, lane, timeline);
            if (detailed.Contains(lane))
                Detail(page, lane, timeline.Now, room);
        }

        page.CropTo(height);
        return page;
    }

    private static void Summarise(Page page, Lane lane, Timeline timeline)
    {
        int column = timeline.Lanes.Max(l => l.Certificate.Length) + 2;
        page.Line(
            new(lane.Certificate.PadRight(column), Tone.Strong),
            new(lane.Phase, lane.Steady ? Tone.Good : IsStuck(lane) ? Tone.Bad : Tone.Waiting),
            new(Outlook(lane, timeline.Now), Tone.Faint));
    }

    private static string Outlook(Lane lane, DateTimeOffset now) =>
        lane.Doing is { } doing ? $"  now: {Words.Short(doing.Does)}"
        : IsStuck(lane) ? $"  {lane.Holds.First(h => h.Acts).WhoText}"
        : lane.Coming.FirstOrDefault() is { } next
            ? $"  next {When.In(next.At, now)}: {Words.Short(next.Does)}"
        : "";

    private static void Detail(Page page, Lane lane, DateTimeOffset now, int room)
    {
        var present = new Page(page.Width);
        if (lane.Doing is { } doing)
        {
            present.Say("  now   ", $"{Words.Short(doing.Does)} … {When.Length(now - doing.Since)}", Tone.Waiting);
            present.Say("        ", doing.Reason);
        }
        else
        {
            foreach (HoldReport hold in lane.Holds)
                Wait(present, hold, now);
            if (lane.Steady)
                present.Say("  now   ", "nothing to do", Tone.Good);
        }

        int left = Math.Max(0, room - present.Height);
        int next = Math.Min(lane.Coming.Length, Math.Max(2, left / 2));
        int done = Math.Min(Math.Min(lane.Past.Length, MostPast), Math.Max(0, left - next));
        next = Math.Min(lane.Coming.Length, Math.Max(0, left - done));
        Past(page, lane.Past, done, now);
        page.Append(present);
        Coming(page, lane, next, now);
    }

    // What comes after somebody acted has no time yet.
    private static bool IsStuck(Lane lane) =>
        lane.Doing is null && lane.Holds.Any(h => h is { Acts: true, Until: null });

    private static void Past(Page page, ImmutableArray<PastEvent> past, int most, DateTimeOffset now)
    {
        string head = "  done  ";
        foreach (PastEvent entry in past.TakeLast(most))
        {
            page.Line(
                head,
                new($"{When.Near(entry.At, now),-10}  ", Tone.Faint),
                entry.Failed ? new("✗ ", Tone.Bad) : new("✓ ", Tone.Good),
                Words.Short(entry.Text));
            head = "        ";
        }
    }

    private static void Wait(Page page, HoldReport hold, DateTimeOffset now)
    {
        Tone tone = hold.Acts ? Tone.Bad : Tone.Waiting;
        page.Line(hold.Until is { } until
            ?
            [
                "  now   ",
                new($"waits for {hold.Rule}  ", tone),
                new(Bar(hold.Since, until, now), tone),
                new($"  {Left(until, now)}", Tone.Strong),
                $" until {When.At(until, now)}",
            ]
            :
            [
                "  now   ",
                new($"waits for {hold.Rule}", tone),
                $"  {When.Length(now - hold.Since)} so far, until it is so",
            ]);
        page.Say("        ", $"{Words.Short(hold.Reason)}.");
        page.Say("        ", $"{Capital(hold.WhoAndHow)}.", hold.Acts ? Tone.Bad : Tone.Faint);
    }

    private static string Left(DateTimeOffset until, DateTimeOffset now) =>
        until > now ? $"{When.Length(until - now)} left" : "any moment";

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Bar(DateTimeOffset since, DateTimeOffset until, DateTimeOffset now)
    {
        double whole = (until - since).TotalSeconds;
        int full = whole <= 0 ? BarWidth : (int)Math.Clamp((now - since).TotalSeconds / whole * BarWidth, 0, BarWidth);
        return new string('█', full) + new string('░', BarWidth - full);
    }

    private static void Coming(Page page, Lane lane, int most, DateTimeOffset now)
    {
        ImmutableArray<PlannedStep> coming = lane.Coming;
        bool stuck = IsStuck(lane);
        string head = "  next  ";
        for (int i = 0; i < most; i++)
        {
            if (i == most - 1 && coming.Length > most)
            {
                page.Line(head, new($"and {coming.Length - i} more: rolloverd plan", Tone.Faint));
                return;
            }

            PlannedStep step = coming[i];
            if (stuck)
                page.Line(head, new(i == 0 ? "then " : "     ", Tone.Faint), Words.Short(step.Does));
            else
            {
                page.Line(
                    head,
                    new($"{When.Near(step.At, now),-10}  ", Tone.Faint),
                    $"{When.In(step.At, now),-12} {Words.Short(step.Does)}",
                    page.Width < WidthForReasons
                        ? default
                        : new Piece($", because {Words.Short(step.Reason)}", Tone.Faint));
            }

            head = "        ";
        }
    }
}

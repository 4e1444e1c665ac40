using System.Collections.Immutable;

namespace RolloverD.Commands;

/// <summary><c>plan</c> as a person reads it.</summary>
internal static class PlanText
{
    public static Page Of(ImmutableArray<PlanReport> plans, DateTimeOffset now, int width)
    {
        var page = new Page(width);
        page.Line($"{When.OfDate(now)}  earliest times, if every step succeeds at once");
        foreach (PlanReport plan in plans)
        {
            page.Line();
            page.Line(new Piece(plan.Certificate, Tone.Strong));
            foreach (HoldReport hold in plan.Holds)
                StatusText.Wait(page, "  ", hold, now);
            foreach (PlannedStep step in plan.Steps)
            {
                page.Line(
                    "  ",
                    new(When.At(step.At, now), Tone.Strong),
                    new($"  {When.In(step.At, now)}", Tone.Waiting));
                page.Say("      ", Words.Short(step.Does));
                page.Say("      ", $"because {Words.Short(step.Reason)}", Tone.Faint);
            }

            if (plan.Steps.IsEmpty)
                page.Say("  ", "no step can be foreseen while this lasts", Tone.Bad);
        }

        return page;
    }
}

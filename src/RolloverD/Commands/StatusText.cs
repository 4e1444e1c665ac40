namespace RolloverD.Commands;

/// <summary><c>status</c> and the holds of other commands, as a person reads them.</summary>
internal static class StatusText
{
    /// <summary>The whole status.</summary>
    public static Page Of(StatusReport report, int width)
    {
        var page = new Page(width);
        page.Line(
            When.OfDate(report.Now),
            "  daemon ",
            report.DaemonRuns ? new("running", Tone.Good) : new("not running", Tone.Bad));
        page.Say("", $"state in {report.StateDirectory}", Tone.Faint);
        foreach (HoldReport hold in report.Holds)
            Wait(page, "", hold, report.Now);
        foreach (CertificateReport certificate in report.Certificates)
            Certificate(page, certificate, report);
        return page;
    }

    /// <summary>One hold: which rule, since when and until when, why, who is to act and how.</summary>
    public static void Wait(Page page, string indent, HoldReport hold, DateTimeOffset now)
    {
        bool acts = hold.Acts;
        page.Line(
            indent,
            new($"waits for {hold.Rule}", acts ? Tone.Bad : Tone.Waiting),
            new(hold.Until is not { } until ? ", until it is so"
                : until > now ? $" until {When.AtAndIn(until, now)}"
                : $": its time came at {When.AtAndIn(until, now)}, the next look ends it", Tone.Strong));
        page.Say($"{indent}  since  ", When.AtAndIn(hold.Since, now), Tone.Faint);
        page.Say($"{indent}  about  ", hold.Subject);
        page.Say($"{indent}  why    ", Words.Short(hold.Reason));
        page.Say($"{indent}  who    ", hold.WhoAndHow, acts ? Tone.Bad : Tone.Plain);
    }

    private static void Certificate(Page page, CertificateReport certificate, StatusReport report)
    {
        DateTimeOffset now = report.Now;
        page.Line();
        page.Line(
            new(certificate.Name, Tone.Strong),
            "  ",
            new(certificate.Phase, certificate.Phase == "steady" ? Tone.Good : Tone.Waiting),
            $"  policy {certificate.KeyPolicy}  ",
            new(string.Join(", ", certificate.Names), Tone.Faint));
        if (certificate.Request is { } request)
            page.Say("  asked for    ", request);
        if (certificate.RenewalDue is { } due)
            page.Say("  renewal due  ", When.AtAndIn(due, now));
        if (certificate is { LookedAt: { } looked, OverdueSince: { } overdue })
            Overdue(page, report, looked, overdue);
        foreach (HoldReport hold in certificate.Holds)
            Wait(page, "  ", hold, now);
        if (certificate.Phase != "steady" && certificate.Holds.IsEmpty)
        {
            page.Say("  ", report.DaemonRuns
                ? "nothing is waited for: the daemon is at work on it"
                : $"nobody works on it: start the daemon, or 'rolloverd step {certificate.Name} --wait'", Tone.Waiting);
        }

        Generations(page, certificate, now);
        Owners(page, certificate, now);
        Endpoints(page, certificate, now);
    }

    // What follows is then as old as the last look.
    private static void Overdue(Page page, StatusReport report, DateTimeOffset looked, DateTimeOffset overdue)
    {
        string last = $"looked at last {When.In(looked, report.Now)}; "
            + $"the next look is due since {When.At(overdue, report.Now)}";
        page.Say(
            "  ",
            !report.DaemonRuns ? $"{last}: nobody looks, start the daemon"
            : report.Holds.IsEmpty ? $"{last}: the daemon takes long for a step or cannot go on; its log says which"
            : $"{last}, and nothing below is newer",
            Tone.Bad);
    }

    private static void Generations(Page page, CertificateReport certificate, DateTimeOffset now)
    {
        if (certificate.Generations.IsEmpty)
        {
            page.Say("  generations  ", "none yet", Tone.Faint);
            return;
        }

        page.Line("  generations");
        foreach (GenerationReport g in certificate.Generations)
        {
            page.Line(
                $"  {g.Number,4}  ",
                new($"{g.State,-10}", g.State == "live" ? Tone.Good : g.State == "archived" ? Tone.Faint : Tone.Plain),
                $"  key {g.Key[..12]}…",
                g.NotAfter is { } end ? $"  valid until {When.Near(end, now)} ({When.In(end, now)})" : "");
        }
    }

    private static void Owners(Page page, CertificateReport certificate, DateTimeOffset now)
    {
        foreach (OwnerReport owner in certificate.Owners)
        {
            page.Line("  ", owner.Owner, new("  what senders may see", Tone.Faint));
            if (owner.Visible.IsEmpty)
                page.Line("      ", new("not looked at yet", Tone.Faint));
            foreach (VisibleReport set in owner.Visible)
            {
                string when = set.Until is { } until
                    ? $"in caches until {When.AtAndIn(until, now)}"
                    : $"published {When.AtAndIn(set.Since, now)}";
                string[] records = set.Records.IsEmpty ? ["no record"] : [.. set.Records.Select(Words.Short)];
                string ttl = set.Records.IsEmpty ? "" : $", TTL {set.TtlSeconds:0} s";
                page.Line("      ", records[0].PadRight(20), new($"  {when}{ttl}", Tone.Faint));
                foreach (string record in records.Skip(1))
                    page.Line("      ", record);
            }
        }
    }

    private static void Endpoints(Page page, CertificateReport certificate, DateTimeOffset now)
    {
        foreach (EndpointReport endpoint in certificate.Endpoints)
        {
            page.Line(
                "  ",
                endpoint.Endpoint,
                new(endpoint.SeenAt is { } at
                    ? $"  serves, seen whole {When.AtAndIn(at, now)}"
                    : "  serves; not every address was seen yet", Tone.Faint));
            if (endpoint.Problem is { } problem)
                page.Say("      ", problem, Tone.Bad);
            foreach (string chain in endpoint.Serves)
                page.Say("      ", Words.Short(chain));
        }
    }
}

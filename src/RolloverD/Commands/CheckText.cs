namespace RolloverD.Commands;

/// <summary><c>check</c> as a postmaster reads it: the verdict first, then what it rests on and what to do.</summary>
internal static class CheckText
{
    public static Page Of(CheckReport report, DateTimeOffset now, int width)
    {
        var page = new Page(width);
        if (report.Problem is { } problem)
            page.Say($"{report.Domain}: ", problem, Tone.Bad);
        foreach (HostReport host in report.Hosts)
        {
            page.Line(new Piece(host.Endpoint, Tone.Strong));
            foreach (string record in host.Records)
                page.Line("  ", new(host.TlsaOwner ?? "", Tone.Faint), $" TLSA {Words.Short(record)}");
            foreach (AddressReport address in host.Addresses)
                Address(page, address, now);
        }

        int addresses = report.Hosts.Sum(h => h.Addresses.Length);
        int bad = report.Hosts.Sum(h => h.Addresses.Count(a => !a.Delivers));
        page.Say("", report.Delivers
            ? $"good: mail is delivered at all {addresses} address(es)"
            : $"bad: mail is not delivered at {(bad == 0 ? "any address" : $"{bad} of {addresses} address(es)")}",
            report.Delivers ? Tone.Good : Tone.Bad);
        return page;
    }

    private static void Address(Page page, AddressReport address, DateTimeOffset now)
    {
        Tone tone = !address.Delivers ? Tone.Bad : address.Verdict == "verified" ? Tone.Good : Tone.Waiting;
        page.Line("  ", address.Address, "  ", new(address.Verdict, tone));
        page.Say("    why    ", Words.Short(address.Reason));
        if (address.Certificate is { } certificate)
        {
            string until = When.AtAndIn(address.NotAfter!.Value, now);
            page.Say("    shows  ", $"{certificate}, valid until {until}, {address.Protocol}");
        }

        page.Say("    to do  ", address.Remedy, tone == Tone.Bad ? Tone.Bad : Tone.Plain);
    }
}

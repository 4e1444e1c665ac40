namespace RolloverD.Core.Policy.Rules;

/// <summary>The waits that a rollover needs fit into the times that the operator gave it.</summary>
internal static class FittingTimes
{
    public static IEnumerable<PolicyFinding> Check(Desired desired)
    {
        KeyPath ttl = KeyPath.Root.Key("timing").Key("ttl");
        if (desired.Timing.Ttl < TimeSpan.FromSeconds(60))
        {
            yield return new PolicyFinding.Warning(
                ttl,
                $"{DurationText.Format(desired.Timing.Ttl)} is so short that senders ask anew for every mail, "
                    + "and some providers refuse it",
                "use 30m to 1h");
        }
        else if (desired.Timing.Ttl > TimeSpan.FromDays(1))
        {
            yield return new PolicyFinding.Warning(
                ttl,
                $"with {DurationText.Format(desired.Timing.Ttl)} every change to a key whose record is new "
                    + "takes at least twice as long, also in an emergency without a standby key",
                "use 30m to 1h");
        }

        TimeSpan waits = Waits(desired.Timing);
        foreach (DesiredCertificate certificate in desired.Certificates.Values)
        {
            if (certificate.RenewBefore is { } renewBefore && renewBefore < waits)
            {
                yield return new PolicyFinding.Error(
                    KeyPath.Certificate(certificate.Name).Key("renew-before"),
                    $"{DurationText.Format(renewBefore)} is shorter than the waits of a rollover, "
                        + $"{Sum(desired.Timing)}: the old certificate would end before the new one is safely "
                        + "in service",
                    $"use at least {DurationText.Format(waits)}, leave it out, or shorten the times in [timing]");
            }

            if (certificate.RotateAfter < waits)
            {
                yield return new PolicyFinding.Error(
                    KeyPath.Certificate(certificate.Name).Key("rotate-after"),
                    $"{DurationText.Format(certificate.RotateAfter)} is shorter than the waits of a rollover, "
                        + $"{Sum(desired.Timing)}: each key would be due before it is in service",
                    $"use at least {DurationText.Format(waits)}, or shorten the times in [timing]");
            }
        }
    }

    // RFC 7671 §8.1: two TTLs before the swap; the old records stay for the rollback window after it.
    private static TimeSpan Waits(Timing timing) => (2 * timing.Ttl) + timing.SafetyMargin + timing.RollbackWindow;

    private static string Sum(Timing timing) =>
        $"{DurationText.Format(Waits(timing))} (2 x ttl + safety-margin + rollback-window)";
}

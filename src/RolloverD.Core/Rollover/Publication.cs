using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Rollover;

/// <summary>Which records come.</summary>
internal static class Publication
{
    /// <summary>Adds what is wanted and not there. All records of one owner come in one change.</summary>
    public static Step? Add(Situation s)
    {
        foreach (OwnerSituation owner in s.Owners)
        {
            ImmutableArray<TlsaRecord> missing = Missing(s, owner, out ImmutableArray<Stranger> strangers);
            foreach (Stranger stranger in strangers.Where(x => !x.IsAccepted))
                Unknown(s, stranger);

            if (!missing.IsEmpty && Add(s, owner, missing) is { } step && s.IsDue(step))
                return step;
        }

        return null;
    }

    /// <summary>
    /// Gives records the configured TTL when nothing else is under way: every other change brings it along. A provider
    /// that insists on a TTL of its own is asked once; when servers show one that it never named, once more.
    /// </summary>
    /// <remarks>The set with the former TTL stays visible for that one. RFC 7671 §8.1.</remarks>
    public static Step? Retime(Situation s)
    {
        if (s.Known.Next is not null || s.Known.Current is not { State: GenerationState.Live })
            return null;

        TimeSpan ttl = s.Desired.Timing.Ttl;
        foreach (OwnerSituation owner in s.Owners)
        {
            if (owner.Ledger is { IsSettled: true } ledger && ledger.AskedTtl != ttl
                && ledger.BaseAt(s.Now) is { IsAbsent: false } latest && latest.Ttl != ttl
                && ledger.Ours.Any(latest.Contains)
                && Gates.MayChange(s, owner))
            {
                return new Step.Publish(
                    s.Certificate.Name, owner.Owner, latest, new(latest.Records, ttl), [],
                    $"the configuration asks for it; they have {latest.Ttl.TotalSeconds:0} s");
            }
        }

        return null;
    }

    private static Step.Publish? Add(Situation s, OwnerSituation owner, ImmutableArray<TlsaRecord> missing)
    {
        if (owner.Ledger.BaseAt(s.Now) is not { } latest)
        {
            Gates.DnsIsSound(s, owner);
            return null;
        }

        // It waits until the chain that it promises is in service: without records nothing is refused. RFC 7671 §8
        if (latest.IsAbsent && s.Known.Current is not { State: GenerationState.Live })
            return null;

        if (!Gates.MayChange(s, owner))
            return null;

        // One more record of parameters that are there already gives a sender one more that may match and takes
        // nothing away: what is broken need not wait for the rest. RFC 7671 §9
        ImmutableArray<TlsaRecord> helping =
            [.. missing.Where(r => latest.Records.Any(l => l.IsUsable && l.Parameters == r.Parameters))];
        bool isHelpful = helping.Length == missing.Length;
        if ((isHelpful || MayBringNewParameters(s, owner, latest.IsAbsent, missing))
            && Gates.Permitted(s, owner.Owner, latest.With(missing), "publishing") is { } target)
        {
            return new(
                s.Certificate.Name, owner.Owner, latest, target, missing,
                "the records must be in every cache before they are needed");
        }

        return !isHelpful && !helping.IsEmpty
            && Gates.Permitted(s, owner.Owner, latest.With(helping), "publishing") is { } part
                ? new(s.Certificate.Name, owner.Owner, latest, part, helping, "they can only help what is served")
                : null;
    }

    // A chain that no handshake met has no record of parameters that are new at the owner, and would be refused: what
    // an address shows that did not answer yet, and what an old process shows after a deployment. RFC 7671 §8
    private static bool MayBringNewParameters(
        Situation s, OwnerSituation owner, bool isFirst, ImmutableArray<TlsaRecord> missing)
    {
        string what = isFirst ? "the first record is published" : "records of new parameters come";
        return Changeover.NothingIsBeingDeployed(
                s, Wanted.CertificatesAt(s.Desired, s.Facts, owner.Owner), owner.Owner, what)
            && Gates.EveryAddressAnswers(s, owner, $"{what} when it is known what every address serves")
            && Changeover.NothingCameLately(
                s, s.Desired.Layout.Endpoints.Where(e => s.Facts.EndpointOf(e).IsLedTo(owner.Owner, s.Now)), what)
            && (missing.All(r => r.Parameters.Usage != CertificateUsage.DaneTa) || EveryChainLasts(s, owner, what));
    }

    // By usage 2 a certificate is refused from the day on which it ends. RFC 7672 §3.1.2
    private static bool EveryChainLasts(Situation s, OwnerSituation owner, string what)
    {
        foreach (DesiredCertificate certificate in Wanted.CertificatesAt(s.Desired, s.Facts, owner.Owner))
        {
            if (s.Facts.Certificate(certificate.Name).Current?.State is not GenerationState.Live live
                || RenewalTime.IsInTime(certificate, live, s.Desired.Timing, s.Now))
            {
                continue;
            }

            s.Hold(
                Gate.Safety, owner.Owner, null,
                $"{what} when {certificate.Name} is renewed: {live.Chain.Leaf} ends on {live.Chain.NotAfter:u}, and by "
                + "usage 2 senders refuse it then",
                "nothing when the renewal comes by itself; otherwise see what it waits for: "
                + $"'rolloverd status {certificate.Name}'");
            return false;
        }

        return true;
    }

    private static ImmutableArray<TlsaRecord> Missing(
        Situation s, OwnerSituation owner, out ImmutableArray<Stranger> strangers)
    {
        RecordSet? latest = owner.Ledger.BaseAt(s.Now);
        (ImmutableArray<TlsaRecord> wanted, strangers) = s.WantedAt(owner.Owner);
        ImmutableArray<TlsaRecord> missing = wanted.RemoveAll(r => latest?.Contains(r) == true);
        return missing.Length < 2 ? missing : Served.At(s, owner).First(missing);
    }

    private static void Unknown(Situation s, Stranger stranger)
    {
        string[] addresses =
        [
            .. s.Rounds
                .SelectMany(e => e.Addresses)
                .Where(a => a.Presented.OfType<Ports.Presented.Shows>().Any(p => p.Chain.Equals(stranger.Chain)))
                .Select(a => a.Address)
                .Distinct(),
        ];
        string at = addresses.Length == 0 ? "" : $" at {string.Join(", ", addresses)}";
        s.Hold(
            Gate.Stranger, stranger.Endpoint.ToString(), null,
            $"{stranger.Endpoint}{at} shows {stranger.Chain.Leaf} (key {stranger.Chain.Key}), which RolloverD did not "
            + "deploy and no record names; that is no address of this host, so somebody on the way may be showing it, "
            + "and no record is published for it",
            "see that the mail server there reads live/; when its certificate is meant to be that one: "
            + $"rolloverd adopt {s.Certificate.Name} --served {stranger.Chain.Key.Sha256[..32]}");
    }
}

using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Simulation.World;

namespace RolloverD.Simulation.Judgement;

/// <summary>
/// Liveness: some time after the faults have stopped everything is as the operator wants it, and nothing is left over.
/// Looks at servers, mail servers and the disk alone.
/// </summary>
internal static class LivenessJudge
{
    /// <summary>
    /// How long that may take: the longest rest that the product takes after failures, and the waits of three
    /// rollovers, one that was under way, one that was asked for, and one that fell due.
    /// </summary>
    public static TimeSpan Bound(Scene scene)
    {
        Timing timing = scene.Desired.Timing;
        TimeSpan ttl = Longest(
            timing.Ttl, scene.Scenario.Timing.Ttl, scene.Scenario.AliasTtl, scene.Scenario.BeforeTtl,
            scene.Provider.ForcedTtl ?? TimeSpan.Zero);
        TimeSpan roll = (2 * ((2 * ttl) + timing.SafetyMargin)) + timing.RollbackWindow + TimeSpan.FromMinutes(30);
        TimeSpan rest = TimeSpan.FromHours(9); // an issuer's longest rest, and orders that it looks at for hours
        TimeSpan unseen = TimeSpan.FromDays(1); // a confirmed set that no server ever showed
        TimeSpan early = scene.Scenario.Backdating < TimeSpan.Zero ? -scene.Scenario.Backdating : TimeSpan.Zero;
        return rest + unseen + (3 * (roll + early)) + scene.Scenario.ServersTtl + scene.Scenario.AddressTtl;
    }

    /// <summary>What is not as it should be; null when all is well.</summary>
    public static string? Complaint(Scene scene) =>
        scene.Desired.Certificates.Values.Select(c => Complaint(scene, c)).FirstOrDefault(c => c is not null)
        ?? scene.Owners.All.Select(o => Complaint(scene, o)).FirstOrDefault(c => c is not null)
        ?? Keys(scene);

    private static string? Complaint(Scene scene, DesiredCertificate certificate)
    {
        if (scene.Mail.Live(certificate.Name) is not { } live)
            return $"{certificate.Name}: nothing is in service";

        if (scene.Files.FindKey(certificate.Name, live.Generation!.Value) is null)
            return $"{certificate.Name}: the key in service is not on the disk";

        ChainCertificate leaf = live.Leaf.Certificate;
        if (leaf.NotAfter <= scene.Now)
            return $"{certificate.Name}: the certificate has ended";

        if (Materials.AlgorithmOf(leaf.Key) != certificate.Key)
            return $"{certificate.Name}: the key in service is not of the kind that is configured";

        if (scene.Wishes.TryGetValue(certificate.Name, out (Shown? From, bool NewKey) wish)
            && (live == wish.From || (wish.NewKey && live.Chain.Key.Equals(wish.From?.Chain.Key))))
        {
            return $"{certificate.Name}: the {(wish.NewKey ? "new key" : "roll")} that was asked for did not come";
        }

        foreach (Listener listener in scene.Mail.Listeners
            .Where(l => !l.IsOut && certificate.Endpoints.Contains(l.Endpoint)))
        {
            if (listener.Slots.GetValueOrDefault(certificate.Name) is not [{ } only] || only != live)
                return $"{certificate.Name}: {listener.Endpoint} at {listener.Address} does not show {live} alone";
        }

        return null;
    }

    private static string? Complaint(Scene scene, TlsaOwner owner)
    {
        if (!scene.Owners.IsManaged(owner))
            return null;

        List<Edition> inUse = [];
        owner.InUse(inUse);
        RecordSet held = owner.Held.Records;
        if (inUse.Any(e => !e.Records.HasSameRecords(held)))
            return $"{owner.Name}: not every server and cache has what the provider holds";

        DesiredCertificate[] here =
        [
            .. scene.Desired.Certificates.Values
                .Where(c => c.Endpoints.Any(e => scene.Owners.Of(e.TlsaName) == owner)),
        ];
        Shown[] served = [.. here.Select(c => scene.Mail.Live(c.Name)).OfType<Shown>()];
        string[] standby =
        [
            .. scene.Files.Keys
                .Where(k => here.Any(c => c.Name == k.Certificate))
                .SelectMany(k => (string[])[Digest(k.Key, 1), Digest(k.Key, 2)]),
        ];
        // Nobody has configured the owner any more, and records of others are there: without those of RolloverD they
        // might refuse what the host still serves. Only an operator can say that they may go.
        if (here.Length == 0 && held.Records.Any(r => scene.Owners.IsForeign(owner, r)))
            return null;

        foreach (TlsaRecord record in held.Records)
        {
            bool needed = scene.Owners.IsForeign(owner, record)
                || served.Any(s => Sender.Names(record, s))
                || (record.Parameters.NeedsOnlyKey && standby.Contains(record.Data));
            if (!needed)
                return $"{owner.Name}: {Short.Of(record)} is left over";

            bool isAsked = here.Any(c => c.Tlsa.Contains(record.Parameters))
                || held.Records.Any(r => r.Parameters == record.Parameters && scene.Owners.IsForeign(owner, r));
            if (here.Length > 0 && !isAsked)
                return $"{owner.Name}: {Short.Of(record)} is of parameters that nobody asks for";
        }

        // A provider that loses a change of the TTL alone after it had named it is not asked again.
        TimeSpan ttl = scene.Provider.ForcedTtl ?? scene.Desired.Timing.Ttl;
        if (held.Ttl != ttl && !scene.Scenario.Faults.Contains(Fault.ProviderLosesUpdate)
            && held.Records.Any(r => !scene.Owners.IsForeign(owner, r)))
        {
            return $"{owner.Name}: has the TTL {held.Ttl} and not {ttl}";
        }

        foreach (DesiredCertificate certificate in here)
        {
            Shown live = scene.Mail.Live(certificate.Name)!;
            string[] spare =
            [
                .. scene.Files.Keys
                    .Where(k => k.Certificate == certificate.Name && k.Generation != live.Generation)
                    .SelectMany(k => (string[])[Digest(k.Key, 1), Digest(k.Key, 2)]),
            ];
            foreach (TlsaParameters p in certificate.Tlsa)
            {
                if (!held.Records.Any(r => r.Parameters == p && Sender.Names(r, live)))
                    return $"{owner.Name}: no {p} record for {live}";
                if (certificate.KeyPolicy == KeyPolicy.Standby && p.NeedsOnlyKey
                    && !held.Records.Any(r => r.Parameters == p && spare.Contains(r.Data)))
                {
                    return $"{owner.Name}: no {p} record for a standby key of {certificate.Name}";
                }
            }

            if (Sender.Refusing(held, live, certificate.Endpoints[0].Host, scene.Now) != 0)
                return $"{owner.Name}: {owner.Held} is not good for {live}";
        }

        return null;
    }

    // One key in service and, under the standby policy, one that stands by.
    private static string? Keys(Scene scene)
    {
        foreach (DesiredCertificate certificate in scene.Desired.Certificates.Values)
        {
            int[] kept = [.. scene.Files.Keys.Where(k => k.Certificate == certificate.Name).Select(k => k.Generation)];
            int most = certificate.KeyPolicy == KeyPolicy.Standby ? 2 : 1;
            if (kept.Length > most)
                return $"{certificate.Name}: the keys of generations {string.Join(", ", kept)} are on the disk";
        }

        return null;
    }

    private static string Digest(PublicKey key, int type) => Convert.ToHexStringLower(
        type == 1
            ? System.Security.Cryptography.SHA256.HashData(key.Spki.AsSpan())
            : System.Security.Cryptography.SHA512.HashData(key.Spki.AsSpan()));

    private static TimeSpan Longest(params TimeSpan[] times) => times.Max();
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Engine;

/// <summary>What a look at the world changed in the facts, told as journal lines.</summary>
internal static class News
{
    /// <param name="before">The facts before the look.</param>
    /// <param name="after">The facts with it.</param>
    /// <param name="look">What was seen.</param>
    /// <param name="certificate">On whose behalf.</param>
    /// <param name="now">The time.</param>
    public static ImmutableArray<JournalEntry> Between(
        Facts before, Facts after, Observation look, DesiredCertificate certificate, DateTimeOffset now)
    {
        CertificateFacts old = before.Certificate(certificate.Name);
        CertificateFacts known = after.Certificate(certificate.Name);
        bool sameAddresses =
            certificate.Endpoints.All(e => before.EndpointOf(e).Addresses == after.EndpointOf(e).Addresses);
        if (ReferenceEquals(known, old) && ReferenceEquals(before.Owners, after.Owners) && sameAddresses)
            return [];

        var lines = ImmutableArray.CreateBuilder<JournalEntry>();
        foreach (Generation generation in known.Generations)
        {
            if (generation.State is GenerationState.Live live
                && old.Find(generation.Number)?.State is not GenerationState.Live)
            {
                Tell("verified", $"every address serves only {live.Chain.Leaf}", generation.Number);
            }
        }

        foreach (Endpoint endpoint in certificate.Endpoints)
        {
            EndpointFacts earlier = before.EndpointOf(endpoint);
            foreach (KnownAddress left in after.EndpointOf(endpoint).FormerAddresses)
            {
                if (earlier.FormerAddresses.Any(a => a.Address == left.Address))
                    continue;

                Tell(
                    "left",
                    $"{left.Address} was taken out of DNS; senders may still use it for {endpoint} until "
                    + $"{left.ForgottenAt:u}, and what it shows counts until then",
                    null);
            }
        }

        foreach (string owner in certificate.Endpoints.Select(e => after.EndpointOf(e).Owner).Distinct())
        {
            OwnerLedger ledger = after.Owner(owner);
            OwnerLedger earlier = before.Owner(owner);
            if (ReferenceEquals(ledger, earlier))
                continue;

            foreach (PublishedSet gone in ledger.Sets.Where(s => s.State is SetState.Gone))
            {
                bool told = earlier.Sets.Any(
                    s => s.State is SetState.Gone && s.Records.Equals(gone.Records) && s.Since == gone.Since);
                if (!told)
                    Tell("replaced", $"no server of {owner} serves [{gone.Records}] any more", null);
            }

            foreach (KnownServer left in ledger.FormerServers.Except(earlier.FormerServers))
            {
                Tell(
                    "left",
                    $"{left.Server} ({left.Address}) was taken out of the zone of {owner}; resolvers may still ask it "
                    + $"until {left.ForgottenAt:u}, and what it serves counts until then",
                    null);
            }

            if (ledger.IsSettled && !earlier.IsSettled)
            {
                string heard = AllAreHeard(look, owner) ? "" : " that answers";
                Tell("settled", $"every server of {owner}{heard} serves [{ledger.Latest}]", null);
            }
        }

        foreach (Hold hold in known.Holds)
        {
            if (!old.Holds.Any(h => h.Gate == hold.Gate && h.Subject == hold.Subject && h.Until == hold.Until))
                Tell("waits", Sentence(hold), null);
        }

        return lines.ToImmutable();

        void Tell(string word, string text, int? generation) =>
            lines.Add(new(0, now, certificate.Name, generation, word, text));
    }

    private static bool AllAreHeard(Observation look, string owner) =>
        look.Owners.Values.Where(o => o.Owner == owner)
            .All(o => o.Servers.All(s => !s.IsListed || Evidence.SetOf(s.Content) is not null));

    /// <summary>A hold in one sentence: what is waited for, until when, and what to do.</summary>
    public static string Sentence(Hold hold) =>
        $"{(hold.Until is { } until ? $"until {until:yyyy-MM-dd HH:mm:ss.f}Z: " : "")}{hold.Reason}; {hold.Remedy}";
}

using System.Collections.Immutable;
using RolloverD.Core.Ports;
using RolloverD.Providers.Issuers.Acme.Protocol;

namespace RolloverD.Providers.Issuers.Acme;

/// <summary>
/// The TXT records that prove names: noted before they are published, seen on every authoritative server before the
/// authority is told to look, and removed afterwards. Values of others at the same owner are never touched.
/// </summary>
/// <remarks>RFC 8555 §8.4.</remarks>
internal sealed class ChallengeRecords(AcmeSettings settings, ProviderSurroundings surroundings, Notes notes)
{
    private static readonly TimeSpan UsualRetry = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a resolver of the authority may remember that a record was not there: the longest of the owners' zones.
    /// </summary>
    public TimeSpan NegativeTtl { get; private set; }

    /// <summary>Publishes the values and waits until every authoritative server serves them.</summary>
    /// <param name="proofs">Names to prove, without asterisks, each with its value; a name may come twice.</param>
    /// <param name="cancellation">Ends the attempt; what was published stays noted.</param>
    /// <returns>Null when all servers serve all values.</returns>
    public async Task<Failure?> ShowAsync(
        ImmutableArray<(string Name, string Value)> proofs, CancellationToken cancellation)
    {
        if (proofs.IsEmpty)
            return null;

        // The name may be an alias into a zone that is kept for this purpose; the records belong where it leads to.
        OwnerObservation[] seen = await Task.WhenAll(
            proofs.Select(p => ChallengeName(p.Name)).Distinct()
                .Select(name => surroundings.Authority.ObserveAsync(name, DnsRecordType.Txt, [], cancellation)))
            .ConfigureAwait(false);
        NegativeTtl = seen.Max(o => o.NegativeTtl);
        Dictionary<string, string> ownerOf = seen.ToDictionary(o => o.Name, o => o.Owner);
        ImmutableArray<TxtNote> wanted =
            [.. proofs.Select(p => new TxtNote(ownerOf[ChallengeName(p.Name)], p.Value)).Distinct()];

        foreach (OwnerObservation observation in seen)
        {
            if (surroundings.ZoneOf(observation.Owner) is null)
                return NoZone(observation);
        }

        ImmutableArray<TxtNote> noted = await notes.ReadTxtAsync(cancellation).ConfigureAwait(false);
        DateTimeOffset now = surroundings.Time.GetUtcNow();
        TxtNote[] added =
            [.. wanted.Where(w => !noted.Any(n => n.IsFor(w))).Select(w => w with { Since = now })];
        if (added.Length > 0)
            await notes.WriteTxtAsync([.. noted, .. added], cancellation).ConfigureAwait(false);
        DateTimeOffset since = noted.Where(n => wanted.Any(n.IsFor)).Min(n => n.Since) ?? now;

        IGrouping<string, string>[] owners = [.. wanted.GroupBy(w => w.Owner, w => w.Value)];
        foreach (IGrouping<string, string> owner in owners)
        {
            if (await PublishAsync(owner.Key, [.. owner], cancellation).ConfigureAwait(false) is { } failure)
                return failure;
        }

        Failure?[] waits = await Task.WhenAll(
                owners.Select(owner => WaitUntilServedAsync(owner.Key, [.. owner], since, cancellation)))
            .ConfigureAwait(false);
        return waits.FirstOrDefault(w => w is not null);
    }

    /// <summary>
    /// Removes every record that is noted; what cannot be removed now stays noted for the certificate's next attempt.
    /// </summary>
    public async Task RemoveAsync(CancellationToken cancellation)
    {
        ImmutableArray<TxtNote> noted = await notes.ReadTxtAsync(cancellation).ConfigureAwait(false);
        var left = noted;
        foreach (IGrouping<string, TxtNote> owner in noted.GroupBy(n => n.Owner))
        {
            if (await WithdrawAsync(owner.Key, [.. owner.Select(n => n.Value)], cancellation).ConfigureAwait(false))
                left = left.RemoveRange(owner);
        }

        if (left.Length != noted.Length)
            await notes.WriteTxtAsync(left, cancellation).ConfigureAwait(false);
    }

    private static string ChallengeName(string name) => "_acme-challenge." + name; // RFC 8555 §8.4

    private async Task<Failure?> PublishAsync(
        string owner, ImmutableArray<string> values, CancellationToken cancellation)
    {
        IDnsProvider provider = surroundings.ZoneOf(owner)!.Value.Provider;
        DnsReadOutcome read = await provider.ReadAsync(owner, DnsRecordType.Txt, cancellation).ConfigureAwait(false);
        if (read is not DnsReadOutcome.Found { Set: { } held })
            return NotRead(read, owner);
        if (!values.Except(held.Values).Any())
            return null;

        // A set has one TTL (RFC 2181 §5.2): beside values of others, theirs.
        TimeSpan ttl = held.Values.IsEmpty ? settings.TxtTtl : held.Ttl;
        return await provider.ChangeAsync(new(owner, DnsRecordType.Txt, ttl, null, values, []), cancellation)
            .ConfigureAwait(false) switch
        {
            DnsChangeOutcome.Applied => null,
            DnsChangeOutcome.Refused(var reason, var remedy) => new Failure.Known(new IssueOutcome.Refused(
                $"the TXT record of {owner} cannot be published: {reason}", remedy, null)),
            DnsChangeOutcome.Unknown(var reason, var remedy) => new Failure.Known(new IssueOutcome.Unavailable(
                $"it is not known whether the TXT record of {owner} was published: {reason}", remedy)),
            _ => new Failure.Known(new IssueOutcome.Unavailable(
                $"the TXT record of {owner} was not published: something else changes the same records",
                "nothing: it is tried again")),
        };
    }

    private async Task<bool> WithdrawAsync(
        string owner, ImmutableArray<string> values, CancellationToken cancellation)
    {
        // In a zone that is not configured any more nothing can be removed, nor was it asked for.
        if (surroundings.ZoneOf(owner) is not { Provider: { } provider })
            return true;
        if (await provider.ReadAsync(owner, DnsRecordType.Txt, cancellation).ConfigureAwait(false)
            is not DnsReadOutcome.Found { Set: { } held })
        {
            return false;
        }

        ImmutableArray<string> ours = [.. held.Values.Intersect(values)];
        return ours.IsEmpty
            || await provider.ChangeAsync(
                new(owner, DnsRecordType.Txt, held.Ttl, null, [], ours), cancellation).ConfigureAwait(false)
                is DnsChangeOutcome.Applied;
    }

    private async Task<Failure?> WaitUntilServedAsync(
        string owner, ImmutableArray<string> values, DateTimeOffset since, CancellationToken cancellation)
    {
        var patience = new Patience(surroundings.Time, settings.Look);
        while (true)
        {
            OwnerObservation seen = await surroundings.Authority
                .ObserveAsync(owner, DnsRecordType.Txt, [], cancellation).ConfigureAwait(false);
            ServerAnswer[] lagging = [.. seen.Servers.Where(s => !Shows(s.Content, values))];
            if (lagging.Length == 0 && !seen.Servers.IsEmpty)
                return null;
            if (!await patience.WaitAsync(null, cancellation).ConfigureAwait(false))
                return NotServed(seen, lagging, since, patience.Limit);
        }
    }

    private static bool Shows(AnswerContent content, ImmutableArray<string> values) =>
        Shown(content) is { } set && !values.Except(set.Values).Any();

    private static DnsRecordSet? Shown(AnswerContent content) => content switch
    {
        AnswerContent.Serves serves => serves.Set,
        AnswerContent.Unsigned unsigned => unsigned.Set,
        _ => null,
    };

    private static Failure.Known NoZone(OwnerObservation seen) => new(new IssueOutcome.Refused(
        $"no configured zone holds {seen.Owner}"
        + (seen.Owner == seen.Name ? "" : $", to which {seen.Name} is an alias")
        + ", so the name cannot be proven",
        $"add a [zones.\"…\"] table for the zone that holds {seen.Owner}, and restart the daemon",
        null));

    private static Failure.Known NotRead(DnsReadOutcome outcome, string owner) => new(outcome switch
    {
        DnsReadOutcome.Refused(var reason, var remedy) => new IssueOutcome.Refused(
            $"the TXT records of {owner} cannot be read: {reason}", remedy, null),
        DnsReadOutcome.Unavailable(var reason, var remedy) => new IssueOutcome.Unavailable(
            $"the TXT records of {owner} cannot be read: {reason}", remedy),
        _ => throw new InvalidOperationException($"no such outcome: {outcome}"),
    });

    // Soon after the publication a server that lags is what one waits for; later it is a failure.
    private Failure.Known NotServed(
        OwnerObservation seen, ServerAnswer[] lagging, DateTimeOffset since, TimeSpan looked)
    {
        DateTimeOffset now = surroundings.Time.GetUtcNow();
        TimeSpan waited = now - since > looked ? now - since : looked;
        (string reason, string remedy) = lagging.Length == 0 ? NoServer(seen, waited) : Lagging(seen, lagging, waited);
        return new(waited >= settings.Wait
            ? new IssueOutcome.Unavailable(reason, remedy)
            : new IssueOutcome.Pending($"{reason}; {remedy}", now + UsualRetry));
    }

    private static (string Reason, string Remedy) NoServer(OwnerObservation seen, TimeSpan waited) => (
        $"no authoritative server of {seen.Owner} was found within {waited.TotalSeconds:0} s"
        + (seen.Security is ZoneSecurity.Unknown unknown ? $": {unknown.Reason}" : ""),
        "see that this host's resolver works and that the zone is delegated");

    private static (string Reason, string Remedy) Lagging(
        OwnerObservation seen, ServerAnswer[] lagging, TimeSpan waited)
    {
        ServerAnswer first = lagging[0];
        (string what, string remedy) = first.Content switch
        {
            AnswerContent.Unreachable(var reason) => ($"does not answer ({reason})",
                "see that the server runs and can be reached over TCP, or take it out of the zone's NS records"),
            AnswerContent.Failed(var reason) => ($"answers with an error ({reason})", "see that server's log"),
            AnswerContent.Bogus(var reason) => ($"gives an answer that does not validate ({reason})",
                "repair the zone's DNSSEC signatures: the authority would refuse the answer too"),
            var content => (
                Shown(content) is { Values.IsEmpty: false } set
                    ? $"serves only {string.Join(", ", set.Values.Select(v => $"\"{Problem.OneLine(v)}\""))}"
                    : "says that there is none",
                "see that the server takes the zone from its primary (NOTIFY, transfers)"),
        };
        string others = lagging.Length > 1
            ? $"; neither do {string.Join(", ", lagging[1..].Select(s => $"{s.Server} ({s.Address})"))}" : "";
        return (
            $"{first.Server} ({first.Address}) does not serve the TXT record of {seen.Owner} after "
            + $"{waited.TotalSeconds:0} s: it {what}{others}",
            remedy + "; the order goes on by itself as soon as every server serves the record");
    }
}

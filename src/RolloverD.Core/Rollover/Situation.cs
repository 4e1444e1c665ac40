using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Core.Rollover;

/// <summary>
/// Everything that a decision about one certificate looks at, gathered first; the checks only read it.
/// </summary>
internal sealed class Situation
{
    private readonly List<Hold> holds = [];
    private readonly List<DateTimeOffset> alarms = [];
    private readonly Dictionary<string, (ImmutableArray<TlsaRecord>, ImmutableArray<Stranger>)> wanted = [];

    public Situation(Desired desired, Facts facts, Observation observation, string name, DateTimeOffset now)
    {
        Desired = desired;
        Facts = facts;
        Observation = observation;
        Certificate = desired.Certificates[name];
        Known = facts.Certificate(name);
        Now = now;
        Owners =
        [
            .. Certificate.Endpoints
                .GroupBy(e => facts.EndpointOf(e).Owner)
                .Select(g => new OwnerSituation(
                    g.Key,
                    facts.Owner(g.Key),
                    RoundOf(g.Key, g.Select(e => observation.Owners.GetValueOrDefault(e.TlsaName))))),
        ];
    }

    // An alias in an insecure zone says nothing of the owner's own zone when another name leads there securely.
    private static OwnerObservation? RoundOf(string owner, IEnumerable<OwnerObservation?> rounds) =>
        rounds.OfType<OwnerObservation>()
            .OrderBy(r => r.Owner != owner ? 2 : r.Security is not ZoneSecurity.Secure ? 1 : 0)
            .FirstOrDefault();

    public Desired Desired { get; }

    public Facts Facts { get; }

    public Observation Observation { get; }

    public DesiredCertificate Certificate { get; }

    public CertificateFacts Known { get; }

    public DateTimeOffset Now { get; }

    public ImmutableArray<OwnerSituation> Owners { get; }

    /// <summary>The records that an owner needs now, and the strangers that are served there.</summary>
    public (ImmutableArray<TlsaRecord> Records, ImmutableArray<Stranger> Strangers) WantedAt(string owner)
    {
        if (!wanted.TryGetValue(owner, out var found))
        {
            ImmutableArray<TlsaRecord> records =
                Wanted.At(Desired, Facts, owner, Now, out ImmutableArray<Stranger> strangers);
            wanted[owner] = found = (records, strangers);
        }

        return found;
    }

    /// <summary>
    /// What handshakes saw at those endpoints that were looked at, in the certificate's order: what is said of one of
    /// them must not change from look to look.
    /// </summary>
    public IEnumerable<EndpointObservation> Rounds =>
        Certificate.Endpoints.Select(e => Observation.Endpoints.GetValueOrDefault(e)).OfType<EndpointObservation>();

    public TimeSpan Margin => Desired.Timing.SafetyMargin;

    public ImmutableArray<Hold> Holds => [.. holds.DistinctBy(h => (h.Gate, h.Subject))];

    /// <summary>The earliest alarm that was asked for, at the latest the given one.</summary>
    public DateTimeOffset WakeAt(DateTimeOffset latest) => alarms.Append(latest).Min();

    /// <summary>Decide again at this time; a time that is past means at once.</summary>
    public void WakeAt(DateTimeOffset? time, DateTimeOffset otherwise) => alarms.Add(time ?? otherwise);

    /// <summary>
    /// Notes that a step has to wait. How long it has been waiting is carried on from the last decision.
    /// </summary>
    public void Hold(Gate gate, string subject, DateTimeOffset? until, string reason, string remedy)
    {
        Hold? before = Known.Holds.FirstOrDefault(h => h.Gate == gate && h.Subject == subject);
        DateTimeOffset since = before?.Since ?? Now;
        holds.Add(new(gate, subject, since, until, reason, remedy));
        // A step that fails again and again begins every other hold anew each time; that is no reason to look as often
        // as when something has only just begun.
        DateTimeOffset troubled = Known.Setbacks.Select(s => s.FirstAt).Append(since).Min();
        alarms.Add(until > Now ? until.Value : Now + PollInterval(Now - troubled));
    }

    /// <summary>
    /// Whether a step may be tried now. As long as its last try failed, that is told: also while it is tried again, for
    /// a try may take longer than the rest before it.
    /// </summary>
    public bool IsDue(Step step)
    {
        if (Known.SetbackOf(step.Kind, step.Subject) is not { } setback)
            return true;

        Hold(
            Gate.Retry,
            step.Subject is { } subject ? $"{step.Kind} {subject}" : step.Kind.ToString(),
            setback.RetryAt,
            setback.Patience
                ? $"to {step.Describe()} takes its time since {setback.FirstAt:u}: {setback.Reason}"
                : $"to {step.Describe()} failed {setback.Count} time(s) since {setback.FirstAt:u}: {setback.Reason}",
            setback.Remedy);
        return Now >= setback.RetryAt;
    }

    /// <summary>Looks often at first, where looking is cheap and somebody waits, and seldom when it drags on.</summary>
    public static TimeSpan PollInterval(TimeSpan waited)
    {
        TimeSpan interval = waited / 8;
        return interval < TimeSpan.FromMilliseconds(200) ? TimeSpan.FromMilliseconds(200)
            : interval > TimeSpan.FromSeconds(30) ? TimeSpan.FromSeconds(30)
            : interval;
    }
}

/// <summary>One owner of the certificate's endpoints: its ledger and, when it was looked at, what was seen.</summary>
internal sealed record OwnerSituation(string Owner, OwnerLedger Ledger, OwnerObservation? Round)
{
    /// <summary>Whether senders find, or may still find, any record here.</summary>
    public bool IsPublished(DateTimeOffset now, TimeSpan margin) =>
        Ledger.Sets.Any(s => !s.Records.IsAbsent && Ledger.IsVisible(s, now, margin));

    /// <summary>The servers that do not serve the latest set, each with what it serves instead.</summary>
    public string Laggards()
    {
        if (Round is null)
            return "no authoritative server was asked yet";
        if (Round.Servers.IsEmpty)
        {
            return Round.Security is ZoneSecurity.Unknown unknown
                ? $"no authoritative server was found: {unknown.Reason}"
                : "no authoritative server was found";
        }

        string[] behind =
        [
            .. Round.Servers.Where(s => s.IsListed && Lags(s))
                .Select(s => $"{s.Server} ({s.Address}) {Describe(s.Content)}"),
            .. FormerLaggards.Select(s => $"{s.Server} ({s.Address}), which was taken out of the zone and which "
                + $"resolvers may still ask until {s.ForgottenAt:u}, "
                + (s.AnswerIn(Round) is { } answer ? Describe(answer.Content) : "was not asked yet")),
        ];
        return behind.Length == 0 ? "every server serves the latest set" : string.Join("; ", behind);
    }

    /// <summary>
    /// When no resolver asks any server any more that does not serve the latest set; null when the zone itself has such
    /// a server, or nothing lags.
    /// </summary>
    public DateTimeOffset? LaggardsForgottenAt(TimeSpan margin) =>
        Round is null || Round.Servers.Any(s => s.IsListed && Lags(s))
            ? null
            : FormerLaggards.Max(s => s.ForgottenAt) + margin;

    private IEnumerable<KnownServer> FormerLaggards =>
        Ledger.FormerServers.Where(s => s.AnswerIn(Round!) is not { } answer || Lags(answer));

    private bool Lags(ServerAnswer answer) =>
        Evidence.SetOf(answer.Content) is not { } set || !set.HasSameRecords(Ledger.Latest ?? RecordSet.Absent);

    private static string Describe(AnswerContent content) => content switch
    {
        AnswerContent.Serves serves => $"still serves [{string.Join(", ", serves.Set.Values)}]",
        AnswerContent.Absent => "still serves no record",
        AnswerContent.Unsigned => "answers without signatures",
        AnswerContent.Bogus bogus => $"gives an answer that does not verify: {bogus.Reason}",
        AnswerContent.Unreachable unreachable => $"cannot be reached: {unreachable.Reason}",
        AnswerContent.LeadsElsewhere elsewhere => $"leads senders elsewhere: {elsewhere.Reason}",
        AnswerContent.Failed failed => $"answers with an error: {failed.Reason}",
        _ => "gave an answer that is not understood",
    };
}

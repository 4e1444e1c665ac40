using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Rollover;

/// <summary>
/// Everything that is remembered: what was done and what was seen. Nothing that can be computed from it.
/// </summary>
/// <param name="Certificates">By name in the configuration.</param>
/// <param name="Owners">By owner name; an owner belongs to no single certificate.</param>
/// <param name="Endpoints">By endpoint.</param>
public sealed record Facts(
    ImmutableDictionary<string, CertificateFacts> Certificates,
    ImmutableDictionary<string, OwnerLedger> Owners,
    ImmutableDictionary<Endpoint, EndpointFacts> Endpoints)
{
    public static readonly Facts None = new(
        ImmutableDictionary<string, CertificateFacts>.Empty,
        ImmutableDictionary<string, OwnerLedger>.Empty,
        ImmutableDictionary<Endpoint, EndpointFacts>.Empty);

    /// <summary>What is known of a certificate; an empty page when it is new.</summary>
    public CertificateFacts Certificate(string name) =>
        Certificates.TryGetValue(name, out CertificateFacts? facts) ? facts : CertificateFacts.New(name);

    /// <summary>What is known of an endpoint; an empty page when it was never seen.</summary>
    public EndpointFacts EndpointOf(Endpoint endpoint) =>
        Endpoints.TryGetValue(endpoint, out EndpointFacts? facts) ? facts : EndpointFacts.Unseen(endpoint);

    /// <summary>The ledger of an owner; an empty one when nothing was ever seen there.</summary>
    public OwnerLedger Owner(string owner) =>
        Owners.TryGetValue(owner, out OwnerLedger? ledger) ? ledger : OwnerLedger.New(owner);

    public Facts With(CertificateFacts certificate) =>
        ReferenceEquals(Certificates.GetValueOrDefault(certificate.Name), certificate)
            ? this
            : this with { Certificates = Certificates.SetItem(certificate.Name, certificate) };

    public Facts With(OwnerLedger ledger) =>
        ReferenceEquals(Owners.GetValueOrDefault(ledger.Owner), ledger)
            ? this
            : this with { Owners = Owners.SetItem(ledger.Owner, ledger) };

    public Facts With(EndpointFacts endpoint) =>
        ReferenceEquals(Endpoints.GetValueOrDefault(endpoint.Endpoint), endpoint)
            ? this
            : this with { Endpoints = Endpoints.SetItem(endpoint.Endpoint, endpoint) };
}

/// <summary>What is remembered of one certificate.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Generations">Every generation, oldest first.</param>
/// <param name="Request">A rollover that somebody asked for and that is not done yet.</param>
/// <param name="Setbacks">
/// Steps that failed or had to wait the last time they were tried, at most one a kind of step and subject.
/// </param>
/// <param name="Holds">
/// The holds of the last decision: their <c>Since</c> is carried on, and <c>status</c> shows them.
/// </param>
/// <param name="Abort">What the operator last aborted; null when he never did, or asked for a rollover since.</param>
public sealed record CertificateFacts(
    string Name,
    ImmutableArray<Generation> Generations,
    RollRequest? Request,
    ImmutableArray<Setback> Setbacks,
    ImmutableArray<Hold> Holds,
    Abort? Abort = null)
{
    public static CertificateFacts New(string name) => new(name, [], null, [], []);

    /// <summary>
    /// The generation that is being put into service, or else the one that is there; null before the first. A standby
    /// key is older than the renewals that came after it, so the number says nothing of which one it is.
    /// </summary>
    public Generation? Current =>
        Generations.LastOrDefault(g => g.State is GenerationState.Deploying)
        ?? LastInService();

    /// <summary>
    /// Of the generations that are in service somewhere, as far as anybody knows, the one that was put there last; of
    /// those that may be, where that is asked.
    /// </summary>
    internal Generation? LastInService(Func<Generation, Chain, bool>? may = null)
    {
        Generation? last = null;
        DateTimeOffset since = DateTimeOffset.MinValue;
        foreach (Generation generation in Generations)
        {
            if (generation.State is GenerationState.Live live && live.VerifiedAt >= since
                && may?.Invoke(generation, live.Chain) != false)
            {
                (last, since) = (generation, live.VerifiedAt);
            }
        }

        return last;
    }

    /// <summary>The generation that is to go into service next, if one is being made.</summary>
    public Generation? Next =>
        Generations.LastOrDefault(g => g.State is GenerationState.Preparing or GenerationState.Issued);

    /// <summary>The key that is kept ready.</summary>
    public Generation? StandbyKey => Generations.LastOrDefault(g => g.State is GenerationState.Standby);

    public int NextNumber => Generations.IsEmpty ? 1 : Generations.Max(g => g.Number) + 1;

    public Generation? Find(int number) => Generations.FirstOrDefault(g => g.Number == number);

    public CertificateFacts With(Generation generation)
    {
        int index = Generations.IndexOf(Generations.FirstOrDefault(g => g.Number == generation.Number)!);
        return this with
        {
            Generations = index < 0 ? Generations.Add(generation) : Generations.SetItem(index, generation),
        };
    }

    /// <summary>
    /// Writes down that a rollover is asked for. A generation that is being made and not yet being deployed answers it
    /// at once, unless a new key is wanted and its key is in service already: it has the old one, or it went in, failed
    /// and is just being taken out.
    /// </summary>
    public CertificateFacts Ask(bool newKey, bool emergency, DateTimeOffset now) => this with
    {
        Request = new(newKey, emergency, now, newKey && IsNextKeyInService ? null : Next?.Number),
        Abort = null,
    };

    /// <summary>
    /// The rollover that was asked for before and is to be waited for before another is asked for. One whose chain is
    /// in service is not, when an address that does not answer keeps it from being verified: that may last for months.
    /// An emergency gives way to another emergency alone, or the records of the compromised key would stay longer.
    /// </summary>
    /// <param name="emergency">Whether the other one is an emergency.</param>
    /// <param name="patience">How long a chain that went in may take to be verified.</param>
    /// <param name="now">The present.</param>
    public RollRequest? WaitsFor(bool emergency, TimeSpan patience, DateTimeOffset now)
    {
        return Request switch
        {
            { Emergency: false } when emergency => null,
            { Generation: { } answer } pending when pending.Emergency == emergency && IsInService(answer) => null,
            _ => Request,
        };

        bool IsInService(int generation) => Find(generation)?.State switch
        {
            GenerationState.Deploying deploying => now - deploying.IntendedAt > patience
                && (deploying.ReloadedAt is not null || SetbackOf(StepKind.Deploy) is not null),
            var state => state is GenerationState.Live or GenerationState.Superseded,
        };
    }

    private bool IsNextKeyInService =>
        Next is { } next
        && (next.Key.Equals(Current?.Key)
            || (next.State is GenerationState.Issued
                && Current?.State is GenerationState.Deploying { ReloadedAt: null }));

    /// <summary>What holds back a step of this kind and subject, if its last try failed.</summary>
    public Setback? SetbackOf(StepKind kind, string? subject = null) =>
        Setbacks.FirstOrDefault(s => s.IsOf(kind, subject));

    /// <summary>With the holds of a new decision; the same object when they are the same.</summary>
    public CertificateFacts Waiting(ImmutableArray<Hold> holds) =>
        Holds.SequenceEqual(holds) ? this : this with { Holds = holds };

    /// <summary>
    /// Every step that rests may be tried now, except an order: an issuer counts tries, whoever is in a hurry.
    /// </summary>
    public CertificateFacts Hurry(DateTimeOffset now) =>
        Setbacks.Any(s => s.Kind != StepKind.Issue && s.RetryAt > now)
            ? this with
            {
                Setbacks =
                [
                    .. Setbacks.Select(s => s.Kind != StepKind.Issue && s.RetryAt > now ? s with { RetryAt = now } : s),
                ],
            }
            : this;

    public CertificateFacts WithoutSetback(StepKind kind, string? subject = null) =>
        SetbackOf(kind, subject) is null
            ? this
            : this with { Setbacks = Setbacks.RemoveAll(s => s.IsOf(kind, subject)) };
}

/// <summary>Somebody asked for a rollover.</summary>
/// <param name="NewKey">Whether a new key is wanted; otherwise the current key gets a new certificate.</param>
/// <param name="Emergency">
/// Whether the current key is compromised: its record goes minutes after the new chain is verified.
/// </param>
/// <param name="At">When it was asked for.</param>
/// <param name="Generation">The generation that answers the request, once there is one.</param>
public sealed record RollRequest(bool NewKey, bool Emergency, DateTimeOffset At, int? Generation);

/// <summary>A step that failed or asked for patience: when it may be tried again, and what a person can do.</summary>
/// <param name="Kind">The kind of step.</param>
/// <param name="FirstAt">When it first did not succeed.</param>
/// <param name="LastAt">When it was last tried.</param>
/// <param name="Count">How often in a row it failed; asking for patience is no failure.</param>
/// <param name="RetryAt">Not to be tried again before.</param>
/// <param name="Reason">What happened, to what and why.</param>
/// <param name="Remedy">What to do.</param>
/// <param name="Subject">
/// What the step was to change, see <see cref="Step.Subject"/>; null holds back every step of the kind, as facts that
/// an earlier version stored do.
/// </param>
/// <param name="Patience">Whether the last try did not fail but asked for patience.</param>
public sealed record Setback(
    StepKind Kind,
    DateTimeOffset FirstAt,
    DateTimeOffset LastAt,
    int Count,
    DateTimeOffset RetryAt,
    string Reason,
    string Remedy,
    string? Subject = null,
    bool Patience = false)
{
    public bool IsOf(StepKind kind, string? subject) =>
        Kind == kind && (Subject is null || Subject == subject);
}

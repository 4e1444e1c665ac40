using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Core.Tests.Support;

/// <summary>What is remembered and what is seen, said in few words.</summary>
internal static class Given
{
    /// <summary>A generation in service since the beginning, of this key and chain.</summary>
    public static Generation Live(int number, PublicKey key, Chain? chain = null) => new(
        number, key.Family == KeyFamily.Rsa ? KeyAlgorithm.Rsa2048 : KeyAlgorithm.EcdsaP256, key, Some.Start,
        new GenerationState.Live(chain ?? Some.Chain(key), Some.Start));

    public static Generation In(int number, PublicKey key, GenerationState state) =>
        new(number, KeyAlgorithm.EcdsaP256, key, Some.Start, state);

    public static CertificateFacts Certificate(string name, params ImmutableArray<Generation> generations) =>
        CertificateFacts.New(name) with { Generations = generations };

    /// <summary>An owner whose only set is served everywhere; RolloverD published all of it.</summary>
    public static OwnerLedger Ledger(RecordSet set, string owner = Some.Owner) =>
        OwnerLedger.New(owner) with
        {
            Sets = [new(set, Some.Start.AddDays(-30), new SetState.Seen())],
            Ours = set.Records,
        };

    public static OwnerLedger Foreign(RecordSet set, string owner = Some.Owner) =>
        Ledger(set, owner) with { Ours = [] };

    public static EndpointFacts Seen(Endpoint endpoint, params ImmutableArray<Chain> chains) =>
        EndpointFacts.Unseen(endpoint) with { Seen = chains, CompleteAt = Some.Start };

    public static Facts Facts(
        IEnumerable<CertificateFacts> certificates,
        IEnumerable<OwnerLedger>? ledgers = null,
        IEnumerable<EndpointFacts>? endpoints = null) => new(
            certificates.ToImmutableDictionary(c => c.Name),
            (ledgers ?? []).ToImmutableDictionary(l => l.Owner),
            (endpoints ?? []).ToImmutableDictionary(e => e.Endpoint));

    /// <summary>A certificate in service, its key published, nothing to do.</summary>
    public static Facts Steady(DesiredCertificate certificate, PublicKey key, params ImmutableArray<Generation> more)
    {
        Chain chain = Some.Chain(key);
        ImmutableArray<Generation> generations = [Live(1, key, chain), .. more];
        var set = new RecordSet(
            [.. generations.SelectMany(g => Wanted.RecordsOf(g, certificate.Tlsa))], Some.Ttl);
        return Facts(
            [Certificate(certificate.Name, generations)],
            certificate.Endpoints.Select(e => e.TlsaName).Distinct().Select(o => Ledger(set, o)),
            certificate.Endpoints.Select(e => Seen(e, chain) with { TakenOverAt = Some.Start }));
    }

    public static Facts Asked(this Facts facts, bool newKey = true, bool emergency = false, string name = "mx1") =>
        facts.With(facts.Certificate(name) with { Request = new(newKey, emergency, Some.Start, null) });
}

/// <summary>What one round of questions brought.</summary>
internal static class Look
{
    public static readonly Observation Nothing = Observation.Nothing;

    /// <summary>Every address of every server answers with one of these, in order.</summary>
    public static OwnerObservation At(
        DateTimeOffset time, params ImmutableArray<AnswerContent> answers) => new(
            Some.Owner, Some.Owner, "example.net", DnsRecordType.Tlsa, time, time, [], new ZoneSecurity.Secure(),
            TimeSpan.FromMinutes(5),
            [.. answers.Select((a, i) => new ServerAnswer($"ns{i + 1}.example.net", $"192.0.2.{i + 1}", a))],
            new ResolverView.Validated(new(Some.Owner, DnsRecordType.Tlsa, TimeSpan.Zero, [])));

    public static AnswerContent Serves(RecordSet set, DateTimeOffset? until = null) => set.IsAbsent
        ? new AnswerContent.Absent(true)
        : new AnswerContent.Serves(
            new(Some.Owner, DnsRecordType.Tlsa, set.Ttl, [.. set.Records.Select(r => r.ToString())]),
            until ?? Some.Start.AddYears(3));

    public static EndpointObservation Shows(Endpoint endpoint, DateTimeOffset time,
        params ImmutableArray<Chain> chains) =>
        new(endpoint, time, time, null,
            [new("192.0.2.25", [.. chains.Select(c => new Presented.Shows(c, "TLSv1.3"))])]);

    /// <summary>The servers agree on the ledger's latest set and every endpoint shows these chains.</summary>
    public static Observation Well(Facts facts, DesiredCertificate certificate, DateTimeOffset now,
        params ImmutableArray<Chain> chains) =>
        new(
            certificate.Endpoints.ToImmutableDictionary(
                e => e.TlsaName,
                e => At(now, Serves(facts.Owner(facts.EndpointOf(e).Owner).Latest ?? RecordSet.Absent)) with
                {
                    Name = e.TlsaName,
                    Owner = facts.EndpointOf(e).Owner,
                }),
            certificate.Endpoints.ToImmutableDictionary(e => e, e => Shows(e, now, chains)),
            [],
            facts.Certificate(certificate.Name).Current?.Number);
}

/// <summary>Takes in what was seen, with the usual drain.</summary>
internal static class Observing
{
    public static Facts Observe(this Facts facts, DesiredCertificate certificate, Observation seen) =>
        facts.Observe(certificate, seen, Some.Desired(certificate).Timing);

    public static OwnerLedger Observe(this OwnerLedger ledger, OwnerObservation round) =>
        ledger.Observe(round, Some.Desired().Timing.SafetyMargin, []);

    public static EndpointFacts Observe(this EndpointFacts facts, EndpointObservation round) =>
        facts.Observe(round, [], Some.Desired().Timing.Drain, Some.Desired().Timing.SafetyMargin, []);
}

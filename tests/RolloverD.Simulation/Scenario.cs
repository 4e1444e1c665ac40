using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Simulation.Time;
using Timing = RolloverD.Core.Policy.Timing;

namespace RolloverD.Simulation;

/// <summary>
/// What a run is made of, drawn from its seed: the operator's wishes, the world, and what may go wrong.
/// </summary>
internal sealed record Scenario
{
    private static readonly string[] Lists =
        ["3 1 1", "3 1 1", "3 0 1", "2 1 1", "2 0 1", "2 1 1,3 1 1", "3 1 1,3 1 2", "3 1 2", "3 0 2", "2 1 2,3 1 1"];

    private static readonly string[] Befores = ["", "", "3 1 1", "2 1 1", "3 1 2", "3 0 1", "3 1 1,3 1 2", "broken"];

    // Kinds from here on came later, and are drawn last.
    private const Fault FirstLate = Fault.OperatorTakesServerOut;

    /// <summary>Seeds from here on draw worlds in which more goes wrong than goes well.</summary>
    public const ulong FirstRough = 1_000_000_000_001;

    /// <summary>Seeds from here on draw worlds in which CNAMEs are led elsewhere while a roll is under way.</summary>
    public const ulong FirstLed = 2_000_000_000_001;

    public required ulong Seed { get; init; }

    /// <summary>Whether the CNAMEs are led elsewhere, and the operator most often asks for a roll then.</summary>
    public bool IsLed => Seed >= FirstLed;

    public required Timing Timing { get; init; }

    public required ImmutableArray<DesiredCertificate> Certificates { get; init; }

    /// <summary>How long certificates live.</summary>
    public required TimeSpan Lifetime { get; init; }

    public required int Servers { get; init; }

    /// <summary>Whether the provider's own server answers nobody and the others get the zone from it.</summary>
    public required bool HiddenPrimary { get; init; }

    /// <summary>How many addresses each endpoint has.</summary>
    public required int Addresses { get; init; }

    /// <summary>Whether they are addresses of the host that RolloverD runs on.</summary>
    public required bool IsLocal { get; init; }

    /// <summary>Whether the daemon keeps its alarms; otherwise they ring late when nothing moves for long.</summary>
    public required bool IsPunctual { get; init; }

    /// <summary>
    /// How late an alarm may ring while nothing moves, as a share of the time that nothing moved; unless it is the end
    /// of a wait, which is never late for the sake of speed.
    /// </summary>
    public required double Drowsiness { get; init; }

    /// <summary>
    /// Whether it looks soon after anything happened, as the product asks for, and leaves out those looks before that
    /// show what the last one has shown.
    /// </summary>
    public required bool IsAttentive { get; init; }

    /// <summary>How late at the most.</summary>
    public TimeSpan LongestSleep => Lifetime / 8;

    /// <summary>TTL of the CNAMEs by which all endpoints lead to one owner; zero: each endpoint has its own.</summary>
    public required TimeSpan AliasTtl { get; init; }

    /// <summary>The parameters of the records that were there before; <c>broken</c>: they match nothing.</summary>
    public required string Before { get; init; }

    public required TimeSpan BeforeTtl { get; init; }

    /// <summary>How much longer than its TTL caches keep a set.</summary>
    public required TimeSpan Sloppiness { get; init; }

    public required bool ReadsByItself { get; init; }

    public required TimeSpan LongestDrain { get; init; }

    /// <summary>Whether the mail servers read live/ from the start, or an operator sees to it later.</summary>
    public required bool Configured { get; init; }

    /// <summary>The kinds of faults that occur in this run.</summary>
    public required ImmutableArray<Fault> Faults { get; init; }

    /// <summary>How often a call to a provider, an issuer or a mail server goes wrong.</summary>
    public required double CallFaults { get; init; }

    public required double Crashes { get; init; }

    public required int MostCrashes { get; init; }

    /// <summary>How many things happen by themselves or are done by people.</summary>
    public required int Incidents { get; init; }

    /// <summary>Whether the provider makes a change record by record also when all goes well.</summary>
    public required bool ChangesInParts { get; init; }

    /// <summary>How long before it is made a certificate is valid; negative: so long after.</summary>
    public required TimeSpan Backdating { get; init; }

    /// <summary>How long resolvers know which servers the zone has.</summary>
    public required TimeSpan ServersTtl { get; init; }

    /// <summary>How long senders know which addresses a host has.</summary>
    public required TimeSpan AddressTtl { get; init; }

    /// <summary>How long it goes on like that, before the world calms down.</summary>
    public required TimeSpan Chaos { get; init; }

    public static readonly DateTimeOffset Start = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Scenario Draw(ulong seed)
    {
        var dice = new Dice(seed ^ 0x5eed);
        TimeSpan ttl = dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(6));
        TimeSpan margin = dice.Spread(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(15));
        TimeSpan rollback = dice.Spread(TimeSpan.FromMinutes(10), TimeSpan.FromHours(4));
        bool led = seed >= FirstLed;
        TimeSpan alias = dice.OneIn(4) || led
            ? Whole(dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(8)))
            : TimeSpan.Zero;
        TimeSpan beforeTtl = Whole(dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(12)));
        bool rough = seed >= FirstRough && !led;
        bool quiet = dice.OneIn(12) && !rough && !led;
        ImmutableArray<Fault> faults = Enabled(dice, quiet);
        if (rough)
            faults = [.. Enum.GetValues<Fault>()];
        else if (led)
            faults = [.. faults.Append(Fault.OperatorMovesAlias).Distinct()];

        // A certificate that lives no longer than its waits is never at rest; the configuration is refused for that.
        bool longer = faults.Contains(Fault.OperatorChangesTtl) || faults.Contains(Fault.ProviderForcesTtl);
        TimeSpan longest = TimeSpan.FromTicks(Math.Max(
            Math.Max(ttl.Ticks, alias.Ticks), longer ? TimeSpan.FromHours(6).Ticks : 0));
        TimeSpan roll = (4 * longest) + (2 * margin) + rollback + TimeSpan.FromHours(1);
        TimeSpan lifetime = roll * dice.Between(8, 20);
        Scenario scenario = new()
        {
            Seed = seed,
            Timing = new(Whole(ttl), Whole(margin), Whole(rollback)),
            Certificates = DrawCertificates(dice, lifetime),
            Lifetime = lifetime,
            Servers = dice.Between(1, 4),
            HiddenPrimary = dice.OneIn(3),
            Addresses = dice.Between(1, 2),
            IsLocal = dice.OneIn(2),
            IsPunctual = dice.OneIn(50),
            Drowsiness = dice.Pick([0.5, 2, 4, 8]),
            AliasTtl = alias,
            Before = dice.Pick(Befores),
            BeforeTtl = beforeTtl,
            Sloppiness = margin * dice.Pick([0, 0.5, 0.99]),
            ReadsByItself = dice.OneIn(2),
            LongestDrain = TimeSpan.FromSeconds(dice.Between(1, 110)),
            Configured = !dice.OneIn(6),
            Faults = faults,
            CallFaults = quiet ? 0 : dice.Pick([0, 0.05, 0.15, 0.4]),
            Crashes = quiet ? 0 : dice.Pick([0, 0.002, 0.02, 0.06]),
            MostCrashes = dice.Between(1, 12),
            Incidents = quiet ? 0 : dice.Between(0, 12),
            Chaos = lifetime * dice.Between(2, 3),
            IsAttentive = !dice.OneIn(6),

            // What came later is drawn last, so that seeds mean what they meant.
            ChangesInParts = dice.OneIn(4),
            Backdating = dice.OneIn(8)
                ? -dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(5))
                : TimeSpan.FromMinutes(30),
            ServersTtl = Whole(dice.Spread(TimeSpan.FromMinutes(5), lifetime / 24)),
            AddressTtl = TimeSpan.Zero,
        };
        if (!quiet && dice.OneIn(3))
            scenario = scenario with { Faults = [.. scenario.Faults.Append(Fault.OperatorTakesServerOut).Distinct()] };
        scenario = scenario with
        {
            AddressTtl = Whole(dice.Spread(TimeSpan.FromMinutes(1), lifetime / 24)),
        };
        if (!quiet && dice.OneIn(3))
            scenario = scenario with { Faults = [.. scenario.Faults.Append(Fault.OperatorTakesAddressOut).Distinct()] };
        return rough ? scenario.Roughened(dice) : scenario;
    }

    // Everything may go wrong, often, and again and again.
    private Scenario Roughened(Dice dice) => this with
    {
        CallFaults = dice.Pick([0.05, 0.15, 0.4]),
        Crashes = dice.Pick([0.002, 0.02, 0.06]),
        MostCrashes = dice.Between(6, 30),
        Incidents = dice.Between(10, 40),
        ChangesInParts = dice.OneIn(2),
    };

    /// <summary>Whether the mail server of an endpoint is the one that serves the certificate.</summary>
    public bool IsServedAt(string certificate, Endpoint endpoint) =>
        Certificates.First(c => c.Name == certificate).Names.Contains(endpoint.Host);

    /// <summary>The same wishes in a world in which nothing goes wrong and nobody interferes.</summary>
    public Scenario WithoutFaults() =>
        this with { Faults = [], CallFaults = 0, Crashes = 0, Incidents = 0, Configured = true };

    /// <summary>A list of TLSA parameters as people configure it.</summary>
    public static string AnyList(Dice dice) => dice.Pick(Lists);

    public override string ToString()
    {
        string hidden = HiddenPrimary ? " behind a hidden primary" : "";
        string local = IsLocal ? "local " : "";
        string alias = AliasTtl > TimeSpan.Zero ? $"one owner behind CNAMEs, ttl {AliasTtl}" : "an owner an endpoint";
        string valid = Backdating < TimeSpan.Zero
            ? $"{-Backdating} after they are made"
            : $"since {Backdating} before they are made";
        string reads = ReadsByItself ? " and read live/ by themselves" : "";
        return $"""
            {string.Join("\n", Certificates.Select(Describe))}
            ttl {Timing.Ttl}, margin {Timing.SafetyMargin}, rollback window {Timing.RollbackWindow}, lifetime {Lifetime}
            {Servers} server(s){hidden} known for {ServersTtl}
            {Addresses} {local}address(es) an endpoint known for {AddressTtl}
            {alias}; before: [{Before}] ttl {BeforeTtl}
            caches keep a set {Sloppiness} too long; processes of the mail server live {LongestDrain}{reads}
            {(ChangesInParts ? "records are changed one by one; " : "")}certificates are valid {valid}
            call faults {CallFaults:P0}, crashes {Crashes:P1}, {Incidents} incident(s)
            kinds: {string.Join(", ", Faults)}
            """;
    }

    // Of each run some kinds only: what is everywhere hides what is rare.
    private static ImmutableArray<Fault> Enabled(Dice dice, bool quiet)
    {
        if (quiet)
            return [];

        double share = dice.Pick([0.1, 0.3, 0.6, 1]);
        return [.. Enum.GetValues<Fault>().Where(f => f < FirstLate && dice.Chance(share))];
    }

    private static ImmutableArray<DesiredCertificate> DrawCertificates(Dice dice, TimeSpan lifetime)
    {
        ImmutableArray<Endpoint> endpoints = dice.Below(6) switch
        {
            0 => [new("mx1.example.net", 25), new("mx1.example.net", 465), new("mx1.example.net", 587)],
            1 => [new("mx1.example.net", 25), new("mx2.example.net", 25)],
            2 => [new("mx1.example.net", 25), new("mx1.example.net", 465)],
            _ => [new("mx1.example.net", 25)],
        };
        ImmutableArray<string> names = [.. endpoints.Select(e => e.Host).Distinct()];
        ImmutableArray<TlsaParameters> tlsa = Parameters(dice.Pick(Lists));
        DesiredCertificate first = Certificate("mx", KeyAlgorithm.EcdsaP256);
        if (names.Length == 1 ? !dice.OneIn(5) : dice.OneIn(2))
            return [first];

        if (dice.OneIn(3))
            tlsa = Parameters(dice.Pick(Lists));
        DesiredCertificate second = Certificate("rsa", KeyAlgorithm.Rsa2048);
        return names.Length == 1 || dice.OneIn(3)
            ? [first, second]
            : [Of(first, 0), Of(second with { Name = "mx2" }, 1)]; // each host has its own

        DesiredCertificate Of(DesiredCertificate certificate, int host) =>
            certificate with { Names = [names[host]], Endpoints = [endpoints[host]] };

        DesiredCertificate Certificate(string name, KeyAlgorithm algorithm) => new(
            name, names, "ca1", algorithm, dice.Pick(Enum.GetValues<KeyPolicy>()),
            lifetime * dice.Pick([0.9, 1.5, 50]), null, tlsa, endpoints,
            [new("postfix", ImmutableDictionary<string, string>.Empty)]);
    }

    private static string Describe(DesiredCertificate c) =>
        $"certificate {c.Name}: {string.Join(", ", c.Endpoints)}; {c.Key}, {c.KeyPolicy}, "
        + $"rotate after {c.RotateAfter}, tlsa {string.Join(", ", c.Tlsa)}";

    public static ImmutableArray<TlsaParameters> Parameters(string list) =>
    [
        .. list.Split(',').Select(t => TlsaParameters.TryParse(t, out TlsaParameters p)
            ? p : throw new FormatException(t)),
    ];

    private static TimeSpan Whole(TimeSpan time) => TimeSpan.FromSeconds(Math.Ceiling(time.TotalSeconds));
}

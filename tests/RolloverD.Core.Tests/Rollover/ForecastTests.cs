using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Rollover;
using RolloverD.Core.Tests.Support;
using Xunit;

namespace RolloverD.Core.Tests.Rollover;

/// <summary>Whole plans, to be read as a person would read <c>rolloverd plan</c>.</summary>
public class ForecastTests
{
    private static readonly DesiredCertificate Mx1 = Some.Certificate;
    private static readonly PublicKey Key = Some.Key(1);

    [Fact]
    public void Rotate() => Check("rotate", Mx1, Given.Steady(Mx1, Key).Asked());

    [Fact]
    public void Rotate_foresees_the_next_renewal_of_a_steady_certificate() =>
        Check("rotate-when-due", Mx1, Given.Steady(Mx1, Key));

    [Fact]
    public void Reuse() => Check("reuse", Policy(KeyPolicy.Reuse), Given.Steady(Mx1, Key));

    [Fact]
    public void Reuse_with_a_record_of_the_certificate_needs_two_changes()
    {
        DesiredCertificate certificate = Policy(KeyPolicy.Reuse, "3 0 1");
        Check("reuse-3-0-1", certificate, Given.Steady(certificate, Key));
    }

    [Fact]
    public void Standby_moves_to_the_ready_key_at_once()
    {
        DesiredCertificate certificate = Policy(KeyPolicy.Standby);
        Check("standby-new-key", certificate, Given.Steady(certificate, Key, Standby(2)).Asked());
    }

    [Fact]
    public void Standby_keeps_the_key_at_a_renewal()
    {
        DesiredCertificate certificate = Policy(KeyPolicy.Standby);
        Check("standby-renewal", certificate, Given.Steady(certificate, Key, Standby(2)));
    }

    [Fact]
    public void Standby_rolls_to_a_key_that_was_made_before_the_current_generation()
    {
        DesiredCertificate certificate = Policy(KeyPolicy.Standby);
        Facts facts = Given.Steady(certificate, Key, Standby(2));
        CertificateFacts known = facts.Certificate("mx1");
        Generation first = known.Find(1)!;
        facts = facts.With(known with
        {
            Generations =
            [
                first with { State = new GenerationState.Archived(Some.Start) },
                Standby(2),
                first with { Number = 3 },
            ],
        });
        Check("standby-after-a-renewal", certificate, facts.Asked());
    }

    [Fact]
    public void First_rollover_of_a_host_without_records() => Check(
        "first-without-records", Policy(KeyPolicy.Standby), Fresh(RecordSet.Absent));

    [Fact]
    public void Takeover_of_a_host_with_foreign_records() => Check(
        "takeover", Mx1, Fresh(Some.Set(Some.Record("3 1 1", Stranger))));

    [Fact]
    public void Takeover_of_a_host_with_foreign_records_of_another_kind() => Check(
        "takeover-2-1-1", Mx1, Fresh(Some.Set(Some.Record("2 1 1", Stranger), Some.Record("3 1 2", Stranger))));

    [Fact]
    public void Records_of_CA_and_key_together()
    {
        DesiredCertificate certificate = Policy(KeyPolicy.Rotate, "2 1 1", "3 1 1");
        Check("2-1-1-and-3-1-1", certificate, Given.Steady(certificate, Key).Asked());
    }

    [Fact]
    public void Emergency_with_a_standby_key()
    {
        DesiredCertificate certificate = Policy(KeyPolicy.Standby);
        Check("emergency-standby", certificate, Given.Steady(certificate, Key, Standby(2)).Asked(emergency: true));
    }

    [Fact]
    public void Emergency_without_a_standby_key() =>
        Check("emergency", Policy(KeyPolicy.Reuse), Given.Steady(Mx1, Key).Asked(emergency: true));

    [Fact]
    public void Several_ports()
    {
        DesiredCertificate certificate =
            Mx1 with { Endpoints = [Some.Mx, new(Some.Mx.Host, 465), new(Some.Mx.Host, 587)] };
        Check("several-ports", certificate, Given.Steady(certificate, Key).Asked());
    }

    [Fact]
    public void Rsa_beside_ecdsa()
    {
        DesiredCertificate rsa = Mx1 with { Name = "mx1-rsa", Key = KeyAlgorithm.Rsa2048 };
        PublicKey rsaKey = Some.Key(50, KeyFamily.Rsa);
        Chain[] chains = [Some.Chain(Key), Some.Chain(rsaKey)];
        Facts facts = Given.Facts(
            [Given.Certificate("mx1", Given.Live(1, Key)), Given.Certificate("mx1-rsa", Given.Live(1, rsaKey))],
            [Given.Ledger(Some.Set(Some.Record("3 1 1", Key), Some.Record("3 1 1", rsaKey)))],
            [Given.Seen(Some.Mx, [.. chains])]).Asked(name: "mx1-rsa");
        Check("rsa-beside-ecdsa", rsa, facts, Mx1);
    }

    [Fact]
    public void An_owner_behind_an_alias()
    {
        Facts facts = Given.Steady(Mx1, Key).Asked();
        OwnerLedger ledger = facts.Owner(Some.Owner) with
        {
            Owner = "tlsa.central.example",
            AliasTtl = TimeSpan.FromHours(6),
        };
        facts = facts.With(facts.EndpointOf(Some.Mx) with { TlsaOwner = ledger.Owner }).With(ledger);
        Check("alias", Mx1, facts);
    }

    private static Chain Stranger => Some.Chain(Some.Key(77, KeyFamily.Rsa), ca: 7);

    private static DesiredCertificate Policy(KeyPolicy policy, params string[] tlsa) => Mx1 with
    {
        KeyPolicy = policy,
        Tlsa = tlsa.Length == 0 ? Mx1.Tlsa : [.. tlsa.Select(Some.Parameters)],
    };

    private static Generation Standby(int number) => Given.In(number, Some.Key(number), new GenerationState.Standby());

    private static Facts Fresh(RecordSet published) =>
        Given.Facts([], [Given.Foreign(published)], [Given.Seen(Some.Mx, Stranger)]);

    private static void Check(string golden, DesiredCertificate certificate, Facts facts,
        params DesiredCertificate[] others)
    {
        Desired desired = Some.Desired([certificate, .. others]);
        Observation observation = Look.Well(facts, certificate, Some.Start, [.. facts.EndpointOf(Some.Mx).Seen]);
        ImmutableArray<ForecastStep> steps = Forecast.Run(desired, facts, observation, certificate.Name, Some.Start);
        var text = new StringBuilder();
        foreach (ForecastStep step in steps)
        {
            TimeSpan after = step.At - Some.Start;
            text.Append(CultureInfo.InvariantCulture, $"+{after.Days,3}d {after:hh\\:mm\\:ss}  {step.Text}\n")
                .Append(CultureInfo.InvariantCulture, $"                {step.Step.Reason}\n");
        }

        Golden.Matches("plan-" + golden, text.ToString());
    }
}

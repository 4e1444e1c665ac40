using System.Collections.Immutable;
using RolloverD.Core.Ports;
using RolloverD.Providers.Issuers.Acme;
using Xunit;

namespace RolloverD.Providers.Tests.Issuers.Acme;

/// <summary>The acme issuer with a Pebble that answers as it should.</summary>
public sealed class AcmeConformance(PlainPebble pebble) : AcmeConformanceWith(pebble), IClassFixture<PlainPebble>;

/// <summary>The same with a Pebble that refuses nonces and hands out several longer chains.</summary>
public sealed class AcmeGrumpyConformance(GrumpyPebble pebble)
    : AcmeConformanceWith(pebble), IClassFixture<GrumpyPebble>;

/// <summary>The same with a Pebble that looks at the records.</summary>
public sealed class AcmeValidatingConformance : AcmeConformanceWith, IClassFixture<ValidatingPebble>
{
    public AcmeValidatingConformance(ValidatingPebble pebble)
        : base(pebble) => pebble.Show(Zone);
}

public abstract class AcmeConformanceWith(PebbleServer pebble) : IssuerConformance
{
    protected TestZone Zone { get; } = new("example.test");

    protected override ImmutableArray<string> Names => ["mx1.example.test", "*.mx1.example.test", "mail.example.test"];

    protected override IIssuer NewIssuer() => new AcmeIssuer(pebble.Settings, Zone.Surroundings());

    protected override void AssertNothingLeft() => Assert.Empty(Zone.Everything);
}

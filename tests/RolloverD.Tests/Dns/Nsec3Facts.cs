using System.Security.Cryptography;
using RolloverD.Dns.Messages;
using RolloverD.Dns.Validation;
using Xunit;

namespace RolloverD.Tests.Dns;

/// <summary>What NSEC3 records prove where the zone leaves unsigned delegations out.</summary>
public sealed class Nsec3Facts
{
    private static readonly Name Zone = Name.Parse("optout.test");
    private static readonly Question Tlsa = new(Name.Parse("mx.optout.test"), RecordType.Tlsa);

    [Fact]
    public void A_span_that_covers_name_and_wildcard_denies_what_is_signed()
    {
        Nsec3 all = At(Hash(Zone), Hash(Zone));
        Assert.True(Examine(all).DeniesSigned);
    }

    [Fact]
    public void A_wildcard_that_nothing_denies_may_be_signed()
    {
        byte[] name = Hash(Tlsa.Name);
        Nsec3 alone = At(Beside(name, -1), Beside(name, 1));
        Assert.False(Examine(At(Hash(Zone), Beside(Hash(Zone), 1)), alone).DeniesSigned);
    }

    [Fact]
    public void Records_that_cost_too_much_prove_nothing()
    {
        Nsec3 all = At(Hash(Zone), Hash(Zone)) with { Iterations = 151 };
        Assert.False(Examine(all).DeniesSigned);
    }

    private static Denial.Unprovable Examine(params Nsec3[] records) =>
        Assert.IsType<Denial.Unprovable>(Nsec3.Examine([.. records], Tlsa, Zone));

    private static Nsec3 At(byte[] owner, byte[] next) => new(owner, next, OptOut: true, 0, [], new([]));

    private static byte[] Beside(byte[] hash, int step) => [.. hash[..^1], (byte)(hash[^1] + step)];

#pragma warning disable CA5350 // The only hash that NSEC3 has.
    private static byte[] Hash(Name name) => SHA1.HashData(name.Wire);
#pragma warning restore CA5350
}

using System.Collections.Immutable;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Engine;
using RolloverD.Tests.Engine.Model;
using Xunit;

namespace RolloverD.Tests.Engine;

/// <summary>What the journal tells of a look.</summary>
public sealed class NewsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly string Owner = EngineWorld.Mx.TlsaName;

    [Theory]
    [InlineData(true, "every server of _25._tcp.mx1.example.net serves")]
    [InlineData(false, "every server of _25._tcp.mx1.example.net that answers serves")]
    public void Only_of_servers_that_were_heard_it_is_said_what_they_serve(bool heard, string told)
    {
        DesiredCertificate certificate = new EngineWorld().World.Desired.Certificates[EngineWorld.Name];
        var served = new AnswerContent.Serves(
            new(Owner, DnsRecordType.Tlsa, TimeSpan.FromHours(1), [$"3 1 1 {new string('a', 64)}"]), Now.AddDays(9));
        AnswerContent second = heard ? served : new AnswerContent.Unreachable("timed out");
        Observation look = Observation.Nothing with
        {
            Owners = ImmutableDictionary<string, OwnerObservation>.Empty.Add(Owner, new(
                Owner, Owner, "example.net", DnsRecordType.Tlsa, Now, Now, [], new ZoneSecurity.Secure(),
                TimeSpan.FromMinutes(5),
                [
                    new("ns1.example.net", "192.0.2.1", served),
                    new("ns2.example.net", "192.0.2.2", second),
                ],
                new ResolverView.Validated(served.Set))),
        };
        Facts after = Facts.None.Observe(certificate, look, EngineWorld.Timing);
        JournalEntry line =
            Assert.Single(News.Between(Facts.None, after, look, certificate, Now), e => e.Event == "settled");
        Assert.StartsWith(told, line.Text, StringComparison.Ordinal);
    }
}

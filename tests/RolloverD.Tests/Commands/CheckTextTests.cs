using RolloverD.Commands;
using RolloverD.Core.Dane;
using RolloverD.Tests.Config;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Commands;

/// <summary>What <c>check</c> tells a postmaster.</summary>
public sealed class CheckTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TlsaRecord Record = TlsaRecord.Parse($"3 1 1 {new string('a', 64)}");

    private static readonly Verdict[] Verdicts =
    [
        new Verdict.Verified(Record, 0),
        new Verdict.Verified(Record, 1),
        new Verdict.NoDane("the zone is insecure"),
        new Verdict.Unauthenticated("none of 1 record(s) is usable"),
        new Verdict.Refused("none of 1 usable record(s) matches"),
        new Verdict.NoTls("it offers no STARTTLS"),
        new Verdict.Deferred("connection refused"),
    ];

    [Fact]
    public void Every_verdict_says_why_and_what_to_do() => GoldenFile.Matches(
        Repository.FileAt("tests/RolloverD.Tests/Commands/Golden/check.txt"),
        Text(Report(Verdicts)));

    [Fact]
    public void Mail_that_every_address_takes_is_good() => Assert.EndsWith(
        "good: mail is delivered at all 4 address(es)\n", Text(Report(Verdicts[..4])), StringComparison.Ordinal);

    [Fact]
    public void A_domain_without_hosts_says_its_problem() => Assert.StartsWith(
        "example.net: the domain does not exist\nbad: ",
        Text(new("example.net", "the domain does not exist", [])),
        StringComparison.Ordinal);

    private static CheckReport Report(Verdict[] verdicts) => new(null, null,
    [
        new("mx1.example.net:25", "_25._tcp.mx1.example.net", [Record.ToString()],
            [.. verdicts.Select((v, i) => AddressReport.Of($"192.0.2.{i}", v, null))]),
    ]);

    private static string Text(CheckReport report) => string.Join('\n', CheckText.Of(report, Now, 80).Text) + "\n";
}

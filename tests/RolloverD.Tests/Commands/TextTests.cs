using RolloverD.Commands;
using RolloverD.Commands.Watching;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;
using RolloverD.Tests.Config;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Commands;

/// <summary>What people read: golden texts, and the bounds of the terminal.</summary>
public sealed class TextTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string Key = new('a', 64);

    private static readonly HoldReport Caches = HoldReport.Of(
        new(
            Gate.Caches, "_25._tcp.mx1.example.net", Now.AddMinutes(-65), Now.AddSeconds(123),
            $"caches may still hold [3 1 1 {Key} ttl 3600], which does not name the key of generation 2",
            "nothing: it ends by itself"),
        Now);

    private static readonly HoldReport MailServer = HoldReport.Of(
        new(
            Gate.MailServer, "deployment", Now.AddMinutes(-7), null, "Postfix in /etc/postfix does not read live/mx2",
            "let 'rolloverd deploy --configure mx2' do it"),
        Now);

    private static readonly PlannedStep[] Steps =
    [
        new(
            Now.AddSeconds(123),
            "Issue",
            "order the certificate of generation 2",
            "every visible record set expects its key"),
        new(Now.AddSeconds(123), "Deploy", "deploy generation 2", "every visible record set covers its chain"),
        new(
            Now.AddHours(3),
            "Withdraw",
            $"withdraw 3 1 1 {Key} at _25._tcp.mx1.example.net",
            "the rollback window has passed"),
        new(Now.AddDays(2), "Archive", "archive generation 1", "no server and no cache holds a record of it any more"),
    ];

    private static readonly Lane Waiting = new(
        "mx1", "waiting for caches", false,
        [
            new(Now.AddMinutes(-66), false, "generate the key of generation 2"),
            new(Now.AddMinutes(-66), true, $"could not publish 3 1 1 {Key} at _25._tcp.mx1.example.net: no answer"),
            new(Now.AddMinutes(-65), false, $"publish 3 1 1 {Key} at _25._tcp.mx1.example.net"),
        ],
        null, [Caches], [.. Steps]);

    private static readonly Lane Stuck = new("mx2", "deploying", false, [], null, [MailServer], [.. Steps[1..]]);

    private static readonly Lane Steady = new("mail-3", "steady", true, [], null, [], [Steps[3]]);

    private static readonly Lane AtWork = Waiting with
    {
        Phase = "issuing",
        Holds = [],
        Doing = new(
            "order the certificate of generation 2", "every visible record set expects its key", Now.AddSeconds(-3)),
    };

    [Theory]
    [InlineData("timeline-80x24", 80, 24)]
    [InlineData("timeline-160x50", 160, 50)]
    public void The_timeline_says_what_was_done_is_waited_for_and_comes_next(string golden, int width, int height) =>
        AssertGolden(golden, TimelineText.Of(new(Now, [Waiting, Stuck, Steady]), width, height));

    [Fact]
    public void A_step_under_way_is_shown_with_its_reason_and_time() =>
        AssertGolden("timeline-at-work", TimelineText.Of(new(Now, [AtWork]), 80, 24));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(40)]
    public void The_timeline_fits_whatever_terminal_there_is(int certificates)
    {
        IEnumerable<Lane[]> lanes = Enumerable.Repeat<Lane[]>([Waiting, Stuck, AtWork], certificates);
        var timeline = new Timeline(Now, [.. lanes.SelectMany(l => l)]);
        foreach ((int width, int height) in ((int, int)[])[(40, 8), (80, 24), (100, 30), (200, 60)])
        {
            Page page = TimelineText.Of(timeline, width, height);
            Assert.True(page.Height <= height, $"{page.Height} lines of {height}");
            Assert.All(page.Text, l => Assert.True(l.Length <= width, l));
        }
    }

    [Fact]
    public void What_comes_after_somebody_must_act_has_no_time()
    {
        string text = Text(TimelineText.Of(new(Now, [Stuck]), 160, 24));
        Assert.Contains(
            "The mail server's keeper has to act: let 'rolloverd deploy --configure mx2' do it.",
            text,
            StringComparison.Ordinal);
        Assert.Contains("next  then deploy generation 2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("in 2 min", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hold_whose_time_has_come_may_end_any_moment() => Assert.Contains(
        "any moment until 12:02:03Z",
        Text(TimelineText.Of(new(Now.AddMinutes(3), [Waiting]), 80, 24)),
        StringComparison.Ordinal);

    [Fact]
    public void A_step_and_what_came_of_it_are_one_event()
    {
        JournalEntry[] journal =
        [
            new(1, Now, "mx1", 2, "step", "publish 3 1 1 x at y: in time"),
            new(2, Now.AddSeconds(1), "mx1", null, "failed", "no answer"),
            new(3, Now.AddSeconds(2), "mx1", null, "waits", "until later"),
            new(4, Now.AddSeconds(3), "mx1", 2, "step", "publish 3 1 1 x at y: in time"),
            new(5, Now.AddSeconds(4), "mx1", 2, "done", "the provider holds it"),
            new(6, Now.AddSeconds(5), "mx1", null, "settled", "every server serves it"),
        ];
        Assert.Equal(
            [
                new(Now.AddSeconds(1), true, "could not publish 3 1 1 x at y: no answer"),
                new(Now.AddSeconds(4), false, "publish 3 1 1 x at y"),
                new(Now.AddSeconds(5), false, "every server serves it"),
            ],
            Watch.PastOf(journal));
    }

    [Fact]
    public void The_status_says_for_every_hold_the_rule_the_times_and_who_is_to_act() =>
        AssertGolden("status", StatusText.Of(
            new(
                Now, "/var/lib/rolloverd", true,
                [
                    new(
                        "mx1", "waiting for caches", "rotate", ["mx1.example.net"],
                        [
                            new(1, "live", Key, Now.AddDays(-60), "CN=mx1.example.net", Now.AddDays(30)),
                            new(2, "preparing", new('b', 64), Now, null, null),
                        ],
                        [Caches, MailServer],
                        [
                            new(
                                "_25._tcp.mx1.example.net",
                                true,
                                [],
                                [new([$"3 1 1 {Key}"], 3600, Now.AddDays(-60), Now.AddSeconds(123))]),
                        ],
                        [new("mx1.example.net:25", ["CN=mx1.example.net (abc)"], Now.AddSeconds(-9), null)],
                        "roll with a new key, asked for at 2026-03-01 10:54:00Z",
                        Now.AddDays(1),
                        Now.AddSeconds(-9),
                        null),
                ],
                []),
            80));

    [Fact]
    public void The_plan_says_the_earliest_time_and_the_reason_of_each_step() =>
        AssertGolden("plan", PlanText.Of([new("mx1", [Caches], [.. Steps]), new("mx2", [MailServer], [])], Now, 80));

    [Theory]
    [InlineData(0, "now")]
    [InlineData(0.4, "in 1 s")]
    [InlineData(123, "in 2 min 3 s")]
    [InlineData(120, "in 2 min")]
    [InlineData(3723, "in 1 h 2 min")]
    [InlineData(273600, "in 3 d 4 h")]
    [InlineData(-61, "1 min 1 s ago")]
    public void A_distance_is_said_in_its_two_largest_units(double seconds, string text) =>
        Assert.Equal(text, When.In(Now.AddSeconds(seconds), Now));

    [Fact]
    public void A_time_of_another_day_has_its_date() => Assert.Equal(
        ("12:00:05Z (in 5 s)", "2026-03-02 12:00:00Z (in 1 d)"),
        (When.AtAndIn(Now.AddSeconds(5), Now), When.AtAndIn(Now.AddDays(1), Now)));

    [Theory]
    [InlineData(Gate.Caches, 600, "nothing: it ends by itself", "nobody")]
    [InlineData(Gate.Propagation, 10, "see to the named servers", "nobody")]
    [InlineData(Gate.Propagation, 600, "see to the named servers", "DNS host")]
    [InlineData(Gate.ZoneNotSecure, 0, "sign the zone", "DNS host")]
    [InlineData(Gate.Verification, 10, "nothing when this is brief; otherwise look", "nobody")]
    [InlineData(Gate.Verification, 600, "nothing when this is brief; otherwise look", "mail server's keeper")]
    [InlineData(Gate.MailServer, 0, "write this line", "mail server's keeper")]
    [InlineData(Gate.Retry, 0, "see why it fails", "operator")]
    public void Each_hold_names_who_is_to_act(Gate gate, int seconds, string remedy, string who) => Assert.Equal(
        who, HoldReport.Of(new(gate, "x", Now.AddSeconds(-seconds), null, "why", remedy), Now).Who);

    [Theory]
    [InlineData(10, "nobody has to act when this is brief; otherwise look")]
    [InlineData(600, "the mail server's keeper has to act: look")]
    public void Who_has_to_act_is_not_told_that_there_is_nothing_to_do(int seconds, string sentence) => Assert.Equal(
        sentence,
        HoldReport.Of(
            new(Gate.Verification, "x", Now.AddSeconds(-seconds), null, "why",
                "nothing when this is brief; otherwise look"),
            Now).WhoAndHow);

    private static string Text(Page page) => string.Join('\n', page.Text) + "\n";

    private static void AssertGolden(string name, Page page) => GoldenFile.Matches(
        Repository.FileAt($"tests/RolloverD.Tests/Commands/Golden/{name}.txt"), Text(page));
}

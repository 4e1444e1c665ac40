namespace RolloverD.Lab.Tests;

/// <summary>
/// Postfix does not do what it should in the middle of a roll: the roll holds, says why, and goes on.
/// </summary>
[Collection("lab")]
public sealed class PostfixFaultTests(PostfixFaultTests.StandbyLab steady) : IClassFixture<PostfixFaultTests.StandbyLab>
{
    private readonly Lab lab = steady.Lab;

    [Fact]
    public Task A_stopped_Postfix_holds_the_roll_and_is_not_started() => steady.RollWithoutTrafficAsync(async () =>
    {
        await using (await lab.FaultAsync("postfix stop", "postfix start"))
            await steady.HeldAsync("is not running", "start it: ");
    });

    [Fact]
    public Task A_main_cf_that_nothing_can_read_holds_the_roll() => steady.RollWithoutTrafficAsync(async () =>
    {
        await using (await lab.FaultAsync("postfix break", "postfix mend"))
        {
            await steady.HeldAsync(
                "missing '=' after attribute name", $"mend the configuration in {lab.Environment["receiver"]}");
        }
    });

    [Fact]
    public Task A_reload_that_fails_is_tried_again() => steady.RollAsync(async () =>
    {
        await using (await lab.FaultAsync("postfix deaf", "postfix mend"))
        {
            await steady.PhaseAsync("deploying");
            await steady.HeldAsync("Retry", "reload` ended with 1", "see Postfix's log, or run");
        }
    });

    [Fact]
    public Task A_Postfix_without_STARTTLS_holds_the_roll() => steady.RollWithoutTrafficAsync(async () =>
    {
        await using (await lab.FaultAsync("postfix plain", "postfix mend"))
        {
            await steady.PhaseAsync("deploying");
            await steady.HeldAsync("mx1.example.test:25: ", "the server does not offer STARTTLS", "offers TLS");
        }
    });

    [Fact]
    public Task A_Postfix_that_reads_another_file_holds_the_roll() => steady.RollAsync(async () =>
    {
        await using (await lab.FaultAsync("postfix astray", "postfix mend"))
            await steady.HeldAsync("does not read", "/live/mx1/combined.pem", "put into", "smtpd_tls_chain_files = ");
    });

    [Fact]
    public Task A_chain_that_Postfix_does_not_take_on_is_put_back_and_tried_again() => steady.RollAsync(async () =>
    {
        await using (await lab.FaultAsync("postfix stale", "postfix mend"))
        {
            await steady.PhaseAsync("deploying");
            await steady.HeldAsync("Verification", "mx1.example.test:25 at ", " serves ");
            await steady.HeldAsync(
                "Retry", "could not be verified within 10 s", "see why the mail server does not take on live/");
        }
    });

    public sealed class StandbyLab() : SteadyLab("postfix-faults", "standby");
}

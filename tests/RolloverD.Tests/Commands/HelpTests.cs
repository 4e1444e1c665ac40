using System.CommandLine;
using RolloverD.Commands;
using RolloverD.Tests.Config;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Commands;

/// <summary>
/// The help teaches: at 80 columns, with an example and the exit codes that matter, for every command.
/// </summary>
public sealed class HelpTests
{
    public static TheoryData<string> Commands =>
        [.. Leaves(CommandLine.Create()).Select(HelpText.PathOf)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_shows_an_example_and_its_exit_codes(string path)
    {
        Command command = Leaves(CommandLine.Create()).Single(c => HelpText.PathOf(c) == path);
        string[] lines = [.. HelpText.Of(command, 80).Text];
        Assert.All(lines, l => Assert.True(l.Length <= 80, l));
        Assert.Contains($"Usage: {path}", string.Join('\n', lines), StringComparison.Ordinal);
        Assert.Contains(lines, l => l.StartsWith($"  {path}", StringComparison.Ordinal));
        Assert.Contains("Exit codes:", lines);
        Assert.Contains(lines, l => l.StartsWith("   0  ", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Help_is_given_with_and_without_the_arguments_that_a_command_wants(string path)
    {
        string[] words = path.Split(' ')[1..];
        string[][] calls =
        [
            [.. words, "--help"],
            [.. words, "mx1", "--help"],
            [.. words, "--help", "mx1"],
            [.. words, "-h"],
        ];
        Assert.All(calls, call =>
        {
            ParseResult parsed = CommandLine.Create().Parse(call);
            Assert.Empty(parsed.Errors);
            Assert.IsType<HelpText>(parsed.Action);
        });
    }

    [Fact]
    public void The_first_help_names_every_command_in_a_sentence() => GoldenFile.Matches(
        Repository.FileAt("tests/RolloverD.Tests/Commands/Golden/help.txt"),
        string.Join('\n', HelpText.Of(CommandLine.Create(), 80).Text) + "\n");

    private static IEnumerable<Command> Leaves(Command command) =>
        command.Subcommands.Count == 0 ? [command] : command.Subcommands.SelectMany(Leaves);
}

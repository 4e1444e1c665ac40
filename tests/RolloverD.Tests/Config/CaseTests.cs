using RolloverD.Config;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Config;

/// <summary>
/// Each <c>Cases/NAME.toml</c> and what is said of it, <c>Cases/NAME.expected</c>, which UPDATE_GOLDEN=1 writes anew.
/// </summary>
public sealed class CaseTests
{
    private static readonly string Cases = Repository.FileAt("tests/RolloverD.Tests/Config/Cases");

    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(Cases, "*.toml").Select(f => Path.GetFileNameWithoutExtension(f)).Order()];

    [Theory]
    [MemberData(nameof(Names))]
    public void Everything_that_is_wrong_is_said_at_once_with_its_place(string name)
    {
        using var directory = new ConfigurationDirectory();
        ConfigurationResult result = directory.Load(File.ReadAllText(Path.Combine(Cases, name + ".toml")));
        GoldenFile.Matches(Path.Combine(Cases, name + ".expected"), directory.Describe(result));
    }
}

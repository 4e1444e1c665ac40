using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Core.Tests;

public sealed class LineTests
{
    private const int Columns = 120;

    [Fact]
    public void No_line_of_code_is_too_long_to_be_read_beside_another()
    {
        string[] files = [.. Repository.Sources("src", "providers", "tests")];
        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(f => File.ReadLines(f)
            .Select((line, i) => (Line: line, Number: i + 1))
            .Where(l => l.Line.Length > Columns)
            .Select(l => $"{Path.GetRelativePath(Repository.Root, f)}:{l.Number}: {l.Line.Length} columns")));
    }
}

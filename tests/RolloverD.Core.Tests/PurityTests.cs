using RolloverD.Core.Rollover;
using Xunit;

namespace RolloverD.Core.Tests;

public class PurityTests
{
    [Fact]
    public void The_core_knows_the_base_class_library_and_nothing_else() => Assert.All(
        typeof(Planner).Assembly.GetReferencedAssemblies(),
        known => Assert.StartsWith("System.", known.Name, StringComparison.Ordinal));

    [Theory]
    [InlineData("System.Net.Http")]
    [InlineData("System.Net.Sockets")]
    [InlineData("System.Net.NameResolution")]
    [InlineData("System.Diagnostics.Process")]
    [InlineData("System.Console")]
    [InlineData("System.Data.Common")]
    public void The_core_does_not_reach_outside(string assembly) =>
        Assert.DoesNotContain(typeof(Planner).Assembly.GetReferencedAssemblies(), known => known.Name == assembly);
}

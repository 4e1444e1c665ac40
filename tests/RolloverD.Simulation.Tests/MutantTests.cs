using RolloverD.Simulation.Mutants;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Simulation.Tests;

/// <summary>To hunt the mutants takes minutes and is asked for by hand; here is seen that they can be hunted.</summary>
public class MutantTests
{
    [Fact]
    public void Every_mutant_stands_in_place_of_one_expression_of_the_product()
    {
        Assert.InRange(Mutant.All.Length, 15, int.MaxValue);
        Assert.Equal(Mutant.All.Length, Mutant.All.DistinctBy(m => m.Name).Count());
        Assert.All(
            Mutant.All, m => Assert.Equal(2, File.ReadAllText(Repository.FileAt(m.File)).Split(m.Right).Length));
    }
}

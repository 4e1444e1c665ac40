using Xunit;

namespace RolloverD.Tests.Config;

/// <summary>Expected texts in files, which UPDATE_GOLDEN=1 writes anew.</summary>
internal static class GoldenFile
{
    /// <summary>Holds a text to a golden file.</summary>
    public static void Matches(string file, string actual)
    {
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            File.WriteAllText(file, actual);

        Assert.Equal(File.Exists(file) ? File.ReadAllText(file) : "(no golden file: run with UPDATE_GOLDEN=1)", actual);
    }
}

using Xunit;

namespace RolloverD.Tests.Config;

/// <summary>Files of the repository, and golden files, which UPDATE_GOLDEN=1 writes anew.</summary>
internal static class Repository
{
    private static readonly string Root = FindRoot();

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    /// <summary>Holds a text to a golden file.</summary>
    public static void AssertGolden(string file, string actual)
    {
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            File.WriteAllText(file, actual);

        Assert.Equal(File.Exists(file) ? File.ReadAllText(file) : "(no golden file: run with UPDATE_GOLDEN=1)", actual);
    }

    private static string FindRoot()
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(System.IO.Path.Combine(at, "RolloverD.sln")))
            at = System.IO.Path.GetDirectoryName(at);

        return at ?? throw new InvalidOperationException("the tests do not run inside the repository");
    }
}

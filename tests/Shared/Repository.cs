namespace RolloverD.Tests.Shared;

/// <summary>The repository in which the tests run, and its files.</summary>
internal static class Repository
{
    /// <summary>The directory of the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A file of the repository.</summary>
    public static string FileAt(string relative) => Path.Combine(Root, relative);

    /// <summary>
    /// Every file of C# below these directories of the repository; what a build writes lies elsewhere.
    /// </summary>
    public static IEnumerable<string> Sources(params string[] directories) => directories.SelectMany(
        d => Directory.EnumerateFiles(Path.Combine(Root, d), "*.cs", SearchOption.AllDirectories));

    private static string FindRoot()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "RolloverD.sln")))
        {
            root = Path.GetDirectoryName(root)
                ?? throw new InvalidOperationException("the tests do not run inside the repository");
        }

        return root;
    }
}

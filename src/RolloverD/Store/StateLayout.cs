using System.Globalization;

namespace RolloverD.Store;

/// <summary>Where the files of generations are below the state directory.</summary>
/// <param name="Root">The state directory, absolute.</param>
internal sealed record StateLayout(string Root)
{
    public const string PrivateKey = "privkey.pem";
    public const string Request = "request.der";
    public const string Certificate = "cert.pem";
    public const string Chain = "chain.pem";
    public const string FullChain = "fullchain.pem";
    public const string Combined = "combined.pem";

    public string LiveRoot => Path.Combine(Root, "live");

    /// <summary>The directory of all generations of a certificate.</summary>
    public string ArchiveOf(string certificate) => Path.Combine(Root, "archive", Checked(certificate));

    /// <summary>The directory of one generation.</summary>
    public string DirectoryOf(string certificate, int generation) =>
        Path.Combine(ArchiveOf(certificate), FolderOf(generation));

    public string PathOf(string certificate, int generation, string file) =>
        Path.Combine(DirectoryOf(certificate, generation), file);

    /// <summary>The link that mail servers read through.</summary>
    public string LinkOf(string certificate) => Path.Combine(LiveRoot, Checked(certificate));

    /// <summary>What the link holds: relative, so that the state directory can be moved.</summary>
    public static string TargetOf(string certificate, int generation) =>
        $"../archive/{certificate}/{FolderOf(generation)}";

    /// <summary>The generation that a link's target names, or null when no link of ours has this target.</summary>
    public static int? GenerationOf(string certificate, string target) =>
        int.TryParse(
            target.AsSpan(target.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int n)
        && n > 0 && target == TargetOf(certificate, n)
            ? n
            : null;

    private static string FolderOf(int generation)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(generation);
        return generation.ToString("D4", CultureInfo.InvariantCulture);
    }

    // Names come from a validated configuration; this is so that no other way leads out of the state directory.
    private static string Checked(string certificate) =>
        certificate.Length > 0 && certificate[0] != '.' && !certificate.AsSpan().ContainsAny("/\0\n")
            ? certificate
            : throw new ArgumentException($"'{certificate}' cannot name a directory.", nameof(certificate));
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>
/// The value of <c>smtpd_tls_chain_files</c> with the live file in it: files with keys of other kinds stay beside it,
/// those with a key of the same kind go, and so do files that cannot be read, since either would end all TLS. The kinds
/// of the coming generation count beside those of the live file.
/// </summary>
/// <param name="Value">The list as main.cf writes it.</param>
/// <param name="Dropped">Files that are listed now and go.</param>
internal sealed record WantedChainFiles(string Value, ImmutableArray<string> Dropped)
{
    public static WantedChainFiles Of(PostfixConfiguration configuration, LiveFiles live)
    {
        ImmutableArray<string> expanded = configuration.ChainFilesOf();
        ImmutableArray<string> written = PostfixConfiguration.ListOf(
            configuration.Raw.GetValueOrDefault(PostfixConfiguration.ChainFiles, ""));
        if (written.Length != expanded.Length)
            written = expanded; // one name stands for several files

        ImmutableArray<KeyFamily> ours =
            [.. ChainFile.Read(live.Combined).Keys, .. ChainFile.Read(live.ComingCombined).Keys];
        List<string> kept = [];
        List<string> dropped = [];
        foreach ((string text, string path) in written.Zip(expanded))
        {
            if (LiveReading.IsSame(path, live.Combined))
                continue;

            ChainFile file = ChainFile.Read(path);
            (file.Fault is null && !file.Keys.Intersect(ours).Any() ? kept : dropped).Add(text);
        }

        return new(string.Join(", ", [.. kept, live.Combined]), [.. dropped]);
    }
}

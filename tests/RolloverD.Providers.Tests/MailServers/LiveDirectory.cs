using System.Diagnostics;
using RolloverD.Core.Ports;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Providers.Tests.MailServers;

/// <summary>A certificate's live link with generations behind it, as the store keeps them.</summary>
public sealed class LiveDirectory(string root, string certificate)
{
    private int _generations;

    public LiveFiles Files { get; } = new(certificate, $"{root}/live/{certificate}");

    /// <summary>The same with a new generation written that is about to go in.</summary>
    public LiveFiles With(params TestCertificate[] chain) => Files with { Coming = Write(chain) };

    /// <summary>Writes a new generation and points the link at it by rename(2).</summary>
    public void Swap(params TestCertificate[] chain)
    {
        string generation = Write(chain);
        Directory.CreateDirectory($"{root}/live");
        string beside = $"{Files.Directory}.new";
        File.CreateSymbolicLink(beside, generation);

        // .NET moves no link to a directory.
        using var move = Process.Start("mv", ["-T", beside, Files.Directory]);
        move.WaitForExit();
        Assert.Equal(0, move.ExitCode);
    }

    private string Write(TestCertificate[] chain)
    {
        string generation = $"{root}/archive/{certificate}/{++_generations:0000}";
        Directory.CreateDirectory(generation);
        File.WriteAllText($"{generation}/combined.pem", chain[0].CombinedPem(chain[1..]));
        File.SetUnixFileMode($"{generation}/combined.pem", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return generation;
    }
}

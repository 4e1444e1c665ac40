using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Store;
using Xunit;

namespace RolloverD.Tests.Store;

public sealed class GenerationFilesFaultTests : IDisposable
{
    private readonly StateDirectory _state = new();

    public void Dispose() => _state.Dispose();

    [Fact]
    public void A_crash_before_any_change_is_healed_by_repeating_the_call()
    {
        int crashes = 0;
        for (int survivesChanges = 0; ; survivesChanges++)
        {
            using StateDirectory state = new();
            GenerationFiles sound = new(state.Path, TestIssuer.Read);
            Recorded recorded = new();
            int left = survivesChanges;
            GenerationFiles crashing = new(
                state.Path, TestIssuer.Read, _ =>
                {
                    if (left-- == 0)
                        throw new Crash();
                });
            bool crashed = false;
            try
            {
                LiveOnce(crashing, recorded);
            }
            catch (Crash)
            {
                crashed = true;
                crashes++;
                AssertNothingHalfIsServed(state, sound);
            }

            LiveOnce(sound, recorded);
            AssertWhole(state, sound, recorded);
            if (!crashed)
                break;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{crashes} crashes survived");
        Assert.True(crashes > 80);
    }

    [Fact]
    public void Every_file_is_synced_before_its_rename_and_every_directory_after_it()
    {
        List<string> changes = [];
        LiveOnce(new(_state.Path, TestIssuer.Read, changes.Add), new());
        int renames = 0;
        for (int i = 0; i < changes.Count; i++)
        {
            string[] words = changes[i].Split(' ');
            if (words[0] != "rename")
                continue;
            renames++;
            string temporary = DurableFiles.TemporaryOf(words[1]);
            Assert.Contains(changes[i - 1], new[] { $"fsync {temporary}", $"symlink {temporary}" });
            Assert.Equal($"fsync {Path.GetDirectoryName(words[1])}", changes[i + 1]);
        }

        Assert.Equal(14, renames); // six files for each of two generations, and the link twice
        Assert.StartsWith("fsync ", changes[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_repeated_call_syncs_what_an_earlier_one_may_have_left_unsynced()
    {
        new GenerationFiles(_state.Path, TestIssuer.Read).CreateKey("mx1", 1, KeyAlgorithm.EcdsaP256);
        List<string> changes = [];
        new GenerationFiles(_state.Path, TestIssuer.Read, changes.Add).CreateKey("mx1", 1, KeyAlgorithm.EcdsaP256);
        Assert.Equal(
            [_state.Path, _state["archive"], _state["archive/mx1"], _state["archive/mx1/0001"]],
            changes.Where(c => c.StartsWith("fsync ", StringComparison.Ordinal)).Select(c => c[6..]));
    }

    [Fact]
    public async Task Callers_at_the_same_time_get_one_key()
    {
        PublicKey[] keys = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
            new GenerationFiles(_state.Path, TestIssuer.Read).CreateKey("mx1", 1, KeyAlgorithm.EcdsaP256))));
        Assert.Single(keys.Distinct());
    }

    [Fact]
    public void A_damaged_key_is_named_and_never_replaced()
    {
        GenerationFiles files = new(_state.Path, TestIssuer.Read);
        foreach (KeyAlgorithm algorithm in Enum.GetValues<KeyAlgorithm>())
        {
            int generation = 1 + (int)algorithm;
            files.CreateKey("mx1", generation, algorithm);
            string path = _state[$"archive/mx1/{generation:D4}/privkey.pem"];
            string sound = File.ReadAllText(path);
            string base64 = string.Concat(sound.Split('\n').Where(l => !l.StartsWith('-')));
            byte[] der = Convert.FromBase64String(base64);
            List<string> damages =
                ["", sound[..(sound.Length / 2)], sound.Replace("PRIVATE", "PUBLIC", StringComparison.Ordinal)];
            damages.Add(Pem([.. der[..^9]]));
            if (algorithm != KeyAlgorithm.Ed25519)
                damages.Add(Pem([.. der[..^9], (byte)(der[^9] ^ 4), .. der[^8..]]));
            foreach (string damage in damages)
            {
                File.WriteAllText(path, damage);
                StoreException refused =
                    Assert.Throws<StoreException>(() => files.CreateKey("mx1", generation, algorithm));
                Assert.Contains(path, refused.Reason, StringComparison.Ordinal);
                Assert.Throws<StoreException>(() => files.FindKey("mx1", generation));
                Assert.Throws<StoreException>(() => files.CreateRequest("mx1", generation, ["mx1.example.net"]));
                Assert.Equal(damage, File.ReadAllText(path));
            }
        }
    }

    [Fact]
    public void A_full_disk_is_said_and_damages_nothing()
    {
        _state.MountSmall(kilobytes: 64);
        GenerationFiles files = new(_state.Path, TestIssuer.Read);
        Recorded recorded = new();
        LiveOnce(files, recorded);
        using (FileStream filler = new(_state["filler"], FileMode.Create, FileAccess.Write, FileShare.None, 0))
            FillUp(filler);

        StoreException full =
            Assert.Throws<StoreException>(() => files.CreateKey("mx1", 3, KeyAlgorithm.Rsa2048));
        Assert.Contains("the file system is full", full.Reason, StringComparison.Ordinal);
        Assert.Contains("Make room", full.Remedy, StringComparison.Ordinal);
        AssertNothingHalfIsServed(_state, files);
        Assert.Equal(recorded.Key, files.FindKey("mx1", 2));
        Assert.Null(files.FindKey("mx1", 3));

        File.Delete(_state["filler"]);
        files.CreateKey("mx1", 3, KeyAlgorithm.Rsa2048);
        AssertWhole(_state, files, recorded);
    }

    [Fact]
    public void A_read_only_state_directory_is_said()
    {
        _state.MountSmall(kilobytes: 256);
        GenerationFiles files = new(_state.Path, TestIssuer.Read);
        PublicKey key = files.CreateKey("mx1", 1, KeyAlgorithm.EcdsaP256);
        _state.MakeReadOnly();
        Assert.Contains(
            "mounted read-only",
            Assert.Throws<StoreException>(() => files.CreateKey("mx1", 2, KeyAlgorithm.EcdsaP256)).Reason,
            StringComparison.Ordinal);
        Assert.Equal(key, files.FindKey("mx1", 1));
    }

    [Fact]
    public void What_root_makes_belongs_to_the_owner_of_the_state_directory()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give files away");
        Assert.Equal(0, StateDirectory.Run("chown", "65534:65534", _state.Path));
        LiveOnce(new(_state.Path, TestIssuer.Read), new());
        foreach (string path in Directory.GetFileSystemEntries(_state.Path, "*", SearchOption.AllDirectories))
            Assert.Equal((65534u, 65534u), Posix.OwnerOf(path));
    }

    private static void LiveOnce(GenerationFiles files, Recorded recorded)
    {
        Action[] steps =
        [
            () => recorded.Key = files.CreateKey("mx1", 1, KeyAlgorithm.EcdsaP256),
            () => recorded.Issued = TestIssuer.Certify(files.CreateRequest("mx1", 1, ["mx1.example.net"])),
            () => recorded.Chain = files.StoreChain("mx1", 1, recorded.Issued),
            () => files.SwapLive("mx1", 1, recorded.Chain!),
            () => Assert.Equal(recorded.Key, files.ReuseKey("mx1", 1, 2)),
            () => recorded.Issued = TestIssuer.Certify(files.CreateRequest("mx1", 2, ["mx1.example.net"])),
            () => recorded.Chain = files.StoreChain("mx1", 2, recorded.Issued),
            () => files.SwapLive("mx1", 2, recorded.Chain!),
            () => files.DestroyKey("mx1", 1),
        ];
        for (; recorded.StepsDone < steps.Length; recorded.StepsDone++)
            steps[recorded.StepsDone]();
    }

    private static void AssertNothingHalfIsServed(StateDirectory state, GenerationFiles files)
    {
        if (files.LiveGeneration("mx1") is not { } live)
            return;
        Assert.Equal(
            File.ReadAllText(state[$"archive/mx1/{live:D4}/privkey.pem"])
            + File.ReadAllText(state[$"archive/mx1/{live:D4}/fullchain.pem"]),
            File.ReadAllText(files.Live("mx1").Combined));
    }

    private static void AssertWhole(StateDirectory state, GenerationFiles files, Recorded recorded)
    {
        Assert.Equal(2, files.LiveGeneration("mx1"));
        Assert.Equal(recorded.Key, files.FindKey("mx1", 2));
        AssertNothingHalfIsServed(state, files);
        Assert.Empty(Directory.GetFiles(state.Path, "*.new", SearchOption.AllDirectories));
        Assert.Null(files.FindKey("mx1", 1));
    }

    private static void FillUp(FileStream filler)
    {
        try
        {
            while (true)
                filler.Write(new byte[512]);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    private static string Pem(byte[] der) =>
        System.Security.Cryptography.PemEncoding.WriteString("PRIVATE KEY", der) + "\n";

    /// <summary>What the engine has recorded: it survives a crash, and a recorded step is not taken again.</summary>
    private sealed class Recorded
    {
        public int StepsDone { get; set; }

        public PublicKey? Key { get; set; }

        public ImmutableArray<ImmutableArray<byte>> Issued { get; set; }

        public Chain? Chain { get; set; }
    }

    private sealed class Crash : Exception;
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Store;
using Xunit;

namespace RolloverD.Tests.Store;

public sealed class GenerationFilesTests : IDisposable
{
    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly ImmutableArray<string> Names = ["mx1.example.net", "mx.example.net"];

    private readonly StateDirectory _state = new();
    private readonly GenerationFiles _files;

    public GenerationFilesTests() => _files = new(_state.Path, TestIssuer.Read);

    public void Dispose() => _state.Dispose();

    [Theory]
    [InlineData(KeyAlgorithm.Rsa2048, KeyFamily.Rsa)]
    [InlineData(KeyAlgorithm.Rsa3072, KeyFamily.Rsa)]
    [InlineData(KeyAlgorithm.Rsa4096, KeyFamily.Rsa)]
    [InlineData(KeyAlgorithm.EcdsaP256, KeyFamily.Ecdsa)]
    [InlineData(KeyAlgorithm.EcdsaP384, KeyFamily.Ecdsa)]
    [InlineData(KeyAlgorithm.Ed25519, KeyFamily.EdDsa)]
    public void A_key_of_every_kind_is_made_found_again_and_certified(KeyAlgorithm algorithm, KeyFamily family)
    {
        PublicKey made = _files.CreateKey("mx1", 7, algorithm);
        Assert.Equal(family, made.Family);
        Assert.Equal(made, _files.CreateKey("mx1", 7, algorithm));
        Assert.Equal(made, _files.FindKey("mx1", 7));

        ImmutableArray<byte> request = _files.CreateRequest("mx1", 7, Names);
        File.WriteAllBytes(_state["request.der"], request.ToArray());
        Assert.Equal(0, StateDirectory.Run(
            "openssl", "req", "-verify", "-noout", "-inform", "DER", "-in", _state["request.der"]));

        Chain chain = _files.StoreChain("mx1", 7, TestIssuer.Certify(request));
        Assert.Equal(made, chain.Key);
        Assert.Single(chain.Ancestors);
    }

    [Theory]
    [InlineData(KeyAlgorithm.Rsa2048)]
    [InlineData(KeyAlgorithm.EcdsaP256)]
    [InlineData(KeyAlgorithm.Ed25519)]
    public void A_request_is_kept_and_made_anew_only_for_other_names(KeyAlgorithm algorithm)
    {
        _files.CreateKey("mx1", 7, algorithm);
        ImmutableArray<byte> made = _files.CreateRequest("mx1", 7, Names);
        var restarted = new GenerationFiles(_state.Path, TestIssuer.Read);
        Assert.Equal(made, restarted.CreateRequest("mx1", 7, Names));

        ImmutableArray<byte> other = restarted.CreateRequest("mx1", 7, [.. Names, "more.example.net"]);
        Assert.NotEqual(made, other);
        Assert.Equal(other, restarted.CreateRequest("mx1", 7, [.. Names, "more.example.net"]));
    }

    [Fact]
    public void A_request_that_is_damaged_or_another_keys_is_made_anew()
    {
        _files.CreateKey("mx1", 7, KeyAlgorithm.EcdsaP256);
        _files.CreateKey("mx1", 8, KeyAlgorithm.EcdsaP256);
        ImmutableArray<byte> made = _files.CreateRequest("mx1", 7, Names);
        string path = _state["archive/mx1/0007/request.der"];
        foreach (byte[] wrong in (byte[][])[[], [.. made[..^9]], [.. _files.CreateRequest("mx1", 8, Names)]])
        {
            File.WriteAllBytes(path, wrong);
            ImmutableArray<byte> anew = _files.CreateRequest("mx1", 7, Names);
            Assert.Equal(_files.FindKey("mx1", 7), _files.StoreChain("mx1", 7, TestIssuer.Certify(anew)).Key);
            Assert.Equal(anew, _files.CreateRequest("mx1", 7, Names));
        }
    }

    [Fact]
    public void OpenSSL_reads_the_same_public_key_from_the_file()
    {
        foreach (KeyAlgorithm algorithm in Enum.GetValues<KeyAlgorithm>())
        {
            PublicKey key = _files.CreateKey("mx1", 1 + (int)algorithm, algorithm);
            string path = _state[$"archive/mx1/{1 + (int)algorithm:D4}/privkey.pem"];
            Assert.Equal(0, StateDirectory.Run(
                "openssl", "pkey", "-in", path, "-pubout", "-outform", "DER", "-out", _state["spki.der"]));
            Assert.Equal(key.Spki, File.ReadAllBytes(_state["spki.der"]));
        }
    }

    [Fact]
    public void The_request_names_every_name_and_leaves_a_long_one_out_of_the_subject()
    {
        string longName = $"{new string('a', 60)}.example.net";
        _files.CreateKey("mx1", 1, KeyAlgorithm.EcdsaP256);
        Assert.Contains("Subject: CN", RequestText(Names), StringComparison.Ordinal);
        Assert.Contains("DNS:mx1.example.net, DNS:mx.example.net", RequestText(Names), StringComparison.Ordinal);
        Assert.DoesNotContain("critical", RequestText(Names), StringComparison.Ordinal);
        Assert.DoesNotContain("CN =", RequestText([longName]), StringComparison.Ordinal);
        Assert.Contains("Alternative Name: critical", RequestText([longName]), StringComparison.Ordinal);
        Assert.Contains($"DNS:{longName}", RequestText([longName]), StringComparison.Ordinal);

        string RequestText(ImmutableArray<string> names)
        {
            File.WriteAllBytes(_state["r.der"], _files.CreateRequest("mx1", 1, names).ToArray());
            StateDirectory.Run(
                "openssl", "req", "-text", "-noout", "-inform", "DER", "-in", _state["r.der"], "-out", _state["r.txt"]);
            return File.ReadAllText(_state["r.txt"]);
        }
    }

    [Fact]
    public void Files_and_directories_are_private()
    {
        _files.SwapLive("mx1", 1, Complete(1));
        foreach (string file in Directory.GetFiles(_state["archive"], "*", SearchOption.AllDirectories))
            Assert.Equal(PrivateFile, File.GetUnixFileMode(file));
        foreach (string directory in new[] { "archive", "archive/mx1", "archive/mx1/0001", "live" })
            Assert.Equal(PrivateFile | UnixFileMode.UserExecute, File.GetUnixFileMode(_state[directory]));
    }

    [Fact]
    public void The_combined_file_is_the_key_followed_by_the_full_chain()
    {
        Complete(1);
        string[] files = ["privkey.pem", "cert.pem", "chain.pem"];
        string joined = string.Concat(files.Select(f => File.ReadAllText(_state[$"archive/mx1/0001/{f}"])));
        Assert.Equal(joined, File.ReadAllText(_state["archive/mx1/0001/combined.pem"]));
        Assert.EndsWith(File.ReadAllText(_state["archive/mx1/0001/fullchain.pem"]), joined, StringComparison.Ordinal);
        Assert.Equal(6, Directory.GetFileSystemEntries(_state["archive/mx1/0001"]).Length);
    }

    [Fact]
    public void The_live_link_moves_to_and_fro_and_is_relative()
    {
        Assert.Null(_files.LiveGeneration("mx1"));
        Chain first = Complete(1), second = Complete(2);
        _files.SwapLive("mx1", 1, first);
        Assert.Equal("../archive/mx1/0001", new FileInfo(_state["live/mx1"]).LinkTarget);
        _files.SwapLive("mx1", 2, second);
        _files.SwapLive("mx1", 2, second);
        Assert.Equal(2, _files.LiveGeneration("mx1"));
        _files.SwapLive("mx1", 1, first);
        Assert.Equal(1, _files.LiveGeneration("mx1"));
        Assert.Equal(
            File.ReadAllText(_state["archive/mx1/0001/combined.pem"]), File.ReadAllText(_files.Live("mx1").Combined));
        Assert.Equal([_state["live/mx1"]], Directory.GetFileSystemEntries(_state["live"]));
    }

    [Fact]
    public void What_is_coming_can_be_read_before_the_link_leads_to_it()
    {
        _files.SwapLive("mx1", 1, Complete(1));
        Complete(2);
        Assert.Equal(_state["archive/mx1/0002/combined.pem"], _files.Live("mx1", coming: 2).ComingCombined);
        Assert.Equal(_files.Live("mx1").Combined, _files.Live("mx1").ComingCombined);
    }

    [Fact]
    public void The_live_link_never_points_at_a_generation_without_its_key()
    {
        Chain first = Complete(1), second = Complete(2);
        File.Copy(_state["archive/mx1/0001/privkey.pem"], _state["archive/mx1/0002/privkey.pem"], overwrite: true);
        Assert.Contains(
            "holds key", Assert.Throws<StoreException>(() => _files.SwapLive("mx1", 2, second)).Reason,
            StringComparison.Ordinal);
        File.Delete(_state["archive/mx1/0001/privkey.pem"]);
        Assert.Contains(
            "is not there", Assert.Throws<StoreException>(() => _files.SwapLive("mx1", 1, first)).Reason,
            StringComparison.Ordinal);
        Assert.Null(_files.LiveGeneration("mx1"));
    }

    [Theory]
    [InlineData("cert.pem", "chain.pem", "fullchain.pem", "combined.pem")]
    [InlineData("cert.pem", "chain.pem", "fullchain.pem")]
    public void What_goes_live_is_the_chain_that_was_judged_whatever_a_later_order_left_behind(params string[] left)
    {
        Chain judged = Complete(1);
        string[] files = ["cert.pem", "chain.pem", "fullchain.pem", "combined.pem"];
        string[] before = [.. files.Select(f => File.ReadAllText(_state[$"archive/mx1/0001/{f}"]))];
        var late = new GenerationFiles(_state["other"], TestIssuer.Read);
        Directory.CreateDirectory(_state["other/archive/mx1/0001"]);
        File.Copy(_state["archive/mx1/0001/privkey.pem"], _state["other/archive/mx1/0001/privkey.pem"]);
        late.StoreChain("mx1", 1, TestIssuer.Certify(_files.CreateRequest("mx1", 1, Names)));
        foreach (string file in left)
            File.Copy(_state[$"other/archive/mx1/0001/{file}"], _state[$"archive/mx1/0001/{file}"], overwrite: true);

        _files.SwapLive("mx1", 1, judged);
        Assert.Equal(1, _files.LiveGeneration("mx1"));
        Assert.Equal(before, files.Select(f => File.ReadAllText(_state[$"live/mx1/{f}"])));
    }

    [Fact]
    public void The_files_of_the_live_generation_are_left_as_they_are()
    {
        Chain chain = Complete(1);
        _files.SwapLive("mx1", 1, chain);
        File.AppendAllText(_state["archive/mx1/0001/fullchain.pem"], "x");
        Assert.Contains(
            "does not hold privkey.pem followed by",
            Assert.Throws<StoreException>(() => _files.SwapLive("mx1", 1, chain)).Reason,
            StringComparison.Ordinal);
        Assert.EndsWith("x", File.ReadAllText(_state["live/mx1/fullchain.pem"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_live_directory_or_link_of_somebody_else_is_left_alone()
    {
        Chain chain = Complete(1);
        Directory.CreateDirectory(_state["live/mx1"]);
        Assert.Contains(
            "is not a symbolic link",
            Assert.Throws<StoreException>(() => _files.SwapLive("mx1", 1, chain)).Reason,
            StringComparison.Ordinal);
        Directory.Delete(_state["live/mx1"]);
        File.CreateSymbolicLink(_state["live/mx1"], "/etc/ssl");
        Assert.Contains(
            "points at /etc/ssl",
            Assert.Throws<StoreException>(() => _files.LiveGeneration("mx1")).Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_whose_generation_is_gone_is_not_live_and_can_be_swapped_away()
    {
        Chain second = Complete(2);
        _files.SwapLive("mx1", 1, Complete(1));
        Directory.Delete(_state["archive/mx1/0001"], recursive: true);
        Assert.Null(_files.LiveGeneration("mx1"));
        _files.SwapLive("mx1", 2, second);
        Assert.Equal(2, _files.LiveGeneration("mx1"));
    }

    [Fact]
    public void A_certificate_for_another_key_is_refused_and_nothing_is_stored()
    {
        _files.CreateKey("mx1", 1, KeyAlgorithm.EcdsaP256);
        _files.CreateKey("mx1", 2, KeyAlgorithm.EcdsaP256);
        var foreign = TestIssuer.Certify(_files.CreateRequest("mx1", 2, Names));
        Assert.Throws<InvalidDataException>(() => _files.StoreChain("mx1", 1, foreign));
        Assert.Throws<InvalidDataException>(() => _files.StoreChain("mx1", 1, []));
        Assert.Throws<InvalidDataException>(() => _files.StoreChain("mx1", 1, [[1, 2, 3]]));
        Assert.Single(Directory.GetFileSystemEntries(_state["archive/mx1/0001"]));
    }

    [Fact]
    public void The_certificates_of_the_live_generation_are_not_replaced_behind_the_mail_servers_back()
    {
        Chain issued = Complete(1);
        _files.SwapLive("mx1", 1, issued);
        _files.StoreChain("mx1", 1, [issued.Leaf.Der, .. issued.Ancestors.Select(a => a.Der)]);
        var other = TestIssuer.Certify(_files.CreateRequest("mx1", 1, Names));
        Assert.Throws<StoreException>(() => _files.StoreChain("mx1", 1, other));
        Assert.Equal(issued.Leaf.Der, TestIssuer.Read([[.. Der("cert.pem")]]).Leaf.Der);

        byte[] Der(string file) => System.Security.Cryptography.X509Certificates.X509CertificateLoader
            .LoadCertificateFromFile(_state[$"archive/mx1/0001/{file}"]).RawData;
    }

    [Fact]
    public void A_key_is_taken_over_by_the_next_generation()
    {
        PublicKey first = _files.CreateKey("mx1", 1, KeyAlgorithm.EcdsaP384);
        Assert.Equal(first, _files.ReuseKey("mx1", 1, 2));
        Assert.Equal(first, _files.ReuseKey("mx1", 1, 2));
        _files.DestroyKey("mx1", 1);
        Assert.Equal(first, _files.FindKey("mx1", 2));

        Assert.Throws<StoreException>(() => _files.ReuseKey("mx1", 1, 4));
    }

    [Fact]
    public void What_was_left_for_a_generation_that_never_began_is_replaced_by_what_it_gets()
    {
        PublicKey first = _files.CreateKey("mx1", 1, KeyAlgorithm.EcdsaP384);
        PublicKey second = _files.CreateKey("mx1", 2, KeyAlgorithm.EcdsaP384);
        Assert.Equal(first, _files.ReuseKey("mx1", 1, 2));
        Assert.Equal(first, _files.FindKey("mx1", 2));

        // A copy is no new key: it may be copied no more, because it is compromised.
        PublicKey fresh = _files.CreateKey("mx1", 2, KeyAlgorithm.EcdsaP384, [first]);
        Assert.NotEqual(first, fresh);
        Assert.NotEqual(second, fresh);
        Assert.Equal(fresh, _files.CreateKey("mx1", 2, KeyAlgorithm.EcdsaP384, [first]));

        Assert.NotEqual(fresh, _files.CreateKey("mx1", 2, KeyAlgorithm.Ed25519, [first]));
        Assert.Equal(KeyFamily.EdDsa, _files.FindKey("mx1", 2)!.Family);
    }

    [Fact]
    public void A_key_is_alone_until_its_certificate_is_stored()
    {
        Assert.False(_files.HasKeyAlone("mx1", 1));
        _files.CreateKey("mx1", 1, KeyAlgorithm.EcdsaP256);
        Assert.True(_files.HasKeyAlone("mx1", 1));
        Complete(1);
        Assert.False(_files.HasKeyAlone("mx1", 1));
        _files.DestroyKey("mx1", 1);
        Assert.False(_files.HasKeyAlone("mx1", 1));
    }

    [Fact]
    public void A_key_with_its_certificate_is_never_replaced()
    {
        Complete(1);
        Complete(2);
        PublicKey first = _files.FindKey("mx1", 1)!, second = _files.FindKey("mx1", 2)!;
        Assert.All(
            (Action[])
            [
                () => _files.CreateKey("mx1", 2, KeyAlgorithm.Ed25519),
                () => _files.CreateKey("mx1", 2, KeyAlgorithm.EcdsaP256, [second]),
                () => _files.ReuseKey("mx1", 1, 2),
            ],
            replaces => Assert.Contains(
                "holds a key with its certificate", Assert.Throws<StoreException>(replaces).Reason,
                StringComparison.Ordinal));
        Assert.Equal((first, second), (_files.FindKey("mx1", 1), _files.FindKey("mx1", 2)));
    }

    [Fact]
    public void A_destroyed_key_leaves_the_certificates_and_no_private_byte()
    {
        Complete(1);
        _files.SwapLive("mx1", 2, Complete(2));
        File.WriteAllText(_state["archive/mx1/0001/.privkey.pem.new"], "half a key");
        _files.DestroyKey("mx1", 1);
        _files.DestroyKey("mx1", 1);
        _files.DestroyKey("mx1", 99);
        Assert.Equal(
            ["cert.pem", "chain.pem", "fullchain.pem", "request.der"],
            Directory.GetFiles(_state["archive/mx1/0001"]).Select(Path.GetFileName).Order());
        Assert.Null(_files.FindKey("mx1", 1));
        // No second key may ever belong to those certificates.
        Assert.Throws<StoreException>(() => _files.CreateKey("mx1", 1, KeyAlgorithm.EcdsaP256));
    }

    [Fact]
    public void The_key_that_mail_servers_use_is_never_destroyed()
    {
        _files.SwapLive("mx1", 1, Complete(1));
        Assert.Throws<StoreException>(() => _files.DestroyKey("mx1", 1));
        Assert.NotNull(_files.FindKey("mx1", 1));
    }

    [Theory]
    [InlineData("../mx1")]
    [InlineData("")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    public void A_name_that_leads_elsewhere_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => _files.CreateKey(name, 1, KeyAlgorithm.EcdsaP256));

    private Chain Complete(int generation)
    {
        _files.CreateKey("mx1", generation, KeyAlgorithm.EcdsaP256);
        return _files.StoreChain(
            "mx1", generation, TestIssuer.Certify(_files.CreateRequest("mx1", generation, Names)));
    }
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Store;

/// <summary>
/// Generations as files: <c>archive/NAME/0007/</c> with <c>privkey.pem</c>, <c>cert.pem</c>, <c>chain.pem</c>,
/// <c>fullchain.pem</c> and <c>combined.pem</c> (key first), and <c>live/NAME</c>, a symbolic link to one of them.
/// </summary>
/// <remarks>
/// Every call ends with all that it made durable, whether it made it itself or found it made by a call that crashed.
/// Calls for one certificate exclude each other, between processes too.
/// </remarks>
public sealed class GenerationFiles : IGenerationFiles
{
    private readonly StateLayout _layout;
    private readonly Func<IReadOnlyList<byte[]>, Chain> _readChain;
    private readonly DurableFiles _files;

    /// <param name="stateDirectory">Holds <c>archive</c> and <c>live</c>; made when it is missing.</param>
    /// <param name="readChain">Reads DER certificates, the leaf first, into a chain of verified signatures.</param>
    public GenerationFiles(string stateDirectory, Func<IReadOnlyList<byte[]>, Chain> readChain)
        : this(stateDirectory, readChain, null)
    {
    }

    internal GenerationFiles(
        string stateDirectory, Func<IReadOnlyList<byte[]>, Chain> readChain, Action<string>? beforeChange)
    {
        _layout = new(Path.GetFullPath(stateDirectory));
        _readChain = readChain;
        _files = new(_layout.Root, beforeChange);
    }

    public Core.Dane.PublicKey CreateKey(
        string certificate,
        int generation,
        KeyAlgorithm algorithm,
        IReadOnlyCollection<Core.Dane.PublicKey>? taken = null)
    {
        using IDisposable alone = Enter(certificate, generation);
        string path = _layout.PathOf(certificate, generation, StateLayout.PrivateKey);
        using GenerationKey? found = GenerationKey.ReadFile(path, out _);
        if (found is null || found.Algorithm != algorithm || taken?.Contains(found.Public) == true)
        {
            if (found is null)
                RefuseLostKey(certificate, generation);
            else
                RefuseCertifiedKey(certificate, generation, $"a new {Word(algorithm)} key");
            using GenerationKey made = GenerationKey.Create(algorithm);
            _files.Write(path, made.ToPem());
            return made.Public;
        }

        _files.SyncDirectory(_layout.DirectoryOf(certificate, generation));
        return found.Public;
    }

    public Core.Dane.PublicKey ReuseKey(string certificate, int from, int generation)
    {
        using IDisposable alone = Enter(certificate, generation);
        string path = _layout.PathOf(certificate, generation, StateLayout.PrivateKey);
        using GenerationKey key = NeedKey(certificate, from, out byte[] pem);
        using GenerationKey? found = GenerationKey.ReadFile(path, out _);
        if (found?.Public.Equals(key.Public) != true)
        {
            if (found is null)
                RefuseLostKey(certificate, generation);
            else
                RefuseCertifiedKey(certificate, generation, $"key {key.Public} of generation {from}");
            _files.Write(path, pem);
        }

        _files.SyncDirectory(_layout.DirectoryOf(certificate, generation));
        return key.Public;
    }

    public Core.Dane.PublicKey? FindKey(string certificate, int generation)
    {
        string path = _layout.PathOf(certificate, generation, StateLayout.PrivateKey);
        using GenerationKey? key = GenerationKey.ReadFile(path, out _);
        return key?.Public;
    }

    public bool HasKeyAlone(string certificate, int generation) =>
        File.Exists(_layout.PathOf(certificate, generation, StateLayout.PrivateKey))
        && !File.Exists(_layout.PathOf(certificate, generation, StateLayout.Certificate));

    public ImmutableArray<byte> CreateRequest(string certificate, int generation, ImmutableArray<string> names)
    {
        using GenerationKey key = NeedKey(certificate, generation, out _);
        using IDisposable alone = Enter(certificate, generation);
        string path = _layout.PathOf(certificate, generation, StateLayout.Request);
        byte[] made = key.Request(names);
        if (DurableFiles.Read(path) is { } found && SigningRequest.AskTheSame(found, made))
        {
            _files.SyncDirectory(_layout.DirectoryOf(certificate, generation));
            return [.. found];
        }

        _files.Write(path, made);
        return [.. made];
    }

    public Chain StoreChain(string certificate, int generation, ImmutableArray<ImmutableArray<byte>> certificates)
    {
        using IDisposable alone = Enter(certificate, generation);
        using GenerationKey key = NeedKey(certificate, generation, out byte[] keyPem);
        Chain chain = ReadChain(certificate, generation, certificates);
        if (!chain.Key.Equals(key.Public))
        {
            throw new InvalidDataException(
                $"The certificate that was issued for {certificate} generation {generation} is for key {chain.Key}, " +
                $"not for the generation's key {key.Public}: nothing was stored. The issuer did not certify the " +
                "request that it was sent; order again.");
        }

        PutChain(certificate, generation, keyPem, [.. certificates.Select(ToPem)]);
        return chain;
    }

    public void SwapLive(string certificate, int generation, Chain chain)
    {
        using IDisposable alone = Enter(certificate, generation);
        bool isLive = ReadLink(certificate) == generation;
        if (!isLive)
            Restore(certificate, generation, chain);
        RefuseIncomplete(certificate, generation);
        _files.EnsureDirectory(_layout.LiveRoot);
        if (isLive)
            _files.SyncDirectory(_layout.LiveRoot);
        else
            _files.PointLink(_layout.LinkOf(certificate), StateLayout.TargetOf(certificate, generation));
    }

    /// <inheritdoc/>
    /// <remarks>Also null when the directory that the link names is gone.</remarks>
    public int? LiveGeneration(string certificate) =>
        ReadLink(certificate) is { } generation && Directory.Exists(_layout.DirectoryOf(certificate, generation))
            ? generation
            : null;

    public LiveFiles Live(string certificate, int? coming = null) => new(
        certificate, _layout.LinkOf(certificate),
        coming is { } generation ? _layout.DirectoryOf(certificate, generation) : null);

    public void DestroyKey(string certificate, int generation)
    {
        if (!Directory.Exists(_layout.DirectoryOf(certificate, generation)))
            return;
        using IDisposable alone = Enter(certificate, generation);
        if (ReadLink(certificate) == generation)
        {
            throw new StoreException(
                $"Generation {generation} of {certificate} is in use by mail servers: " +
                $"{_layout.LinkOf(certificate)} points at it. Its key was not destroyed",
                "Deploy another generation first");
        }

        // In this order: a generation whose key is gone is given up, and then what is left goes too.
        _files.Delete(_layout.PathOf(certificate, generation, StateLayout.PrivateKey));
        _files.Delete(_layout.PathOf(certificate, generation, StateLayout.Combined));
        _files.SyncDirectory(_layout.DirectoryOf(certificate, generation));
    }

    private IDisposable Enter(string certificate, int generation)
    {
        string archive = _layout.ArchiveOf(certificate);
        _files.EnsureRoot();
        _files.EnsureDirectory(Path.GetDirectoryName(archive)!);
        _files.EnsureDirectory(archive);
        IDisposable alone = DurableFiles.LockDirectory(archive);
        try
        {
            _files.EnsureDirectory(_layout.DirectoryOf(certificate, generation));
            return alone;
        }
        catch
        {
            alone.Dispose();
            throw;
        }
    }

    private GenerationKey NeedKey(string certificate, int generation, out byte[] pem)
    {
        string path = _layout.PathOf(certificate, generation, StateLayout.PrivateKey);
        return GenerationKey.ReadFile(path, out pem) ?? throw new StoreException(
            $"The private key {path} is not there",
            $"Put the file back from a backup, or ask for a new key with `rolloverd roll {certificate} --new-key`");
    }

    private Chain ReadChain(string certificate, int generation, ImmutableArray<ImmutableArray<byte>> certificates)
    {
        string where = $"for {certificate} generation {generation}";
        if (certificates.IsDefaultOrEmpty)
            throw new InvalidDataException($"The issuer sent no certificate {where}: nothing was stored. Order again.");
        try
        {
            return _readChain([.. certificates.Select(c => c.ToArray())]);
        }
        catch (Exception unreadable) when (unreadable is CryptographicException or ArgumentException or FormatException)
        {
            throw new InvalidDataException(
                $"What the issuer sent {where} cannot be read as certificates ({unreadable.Message}): nothing was " +
                "stored. Order again.",
                unreadable);
        }
    }

    // What the files hold need not be what was written down: whoever stored it last may have been killed in between.
    private void Restore(string certificate, int generation, Chain chain)
    {
        using GenerationKey key = NeedKey(certificate, generation, out byte[] keyPem);
        if (!chain.Key.Equals(key.Public))
        {
            throw new StoreException(
                $"{_layout.PathOf(certificate, generation, StateLayout.PrivateKey)} holds key {key.Public}, and the " +
                $"chain that was issued for generation {generation} is for key {chain.Key}: " +
                $"{_layout.LinkOf(certificate)} was not changed",
                $"Put the file back from a backup, or begin a new generation with `rolloverd roll {certificate}`");
        }

        PutChain(
            certificate, generation, keyPem,
            [.. chain.Ancestors.Concat(chain.Unrelated).Prepend(chain.Leaf).Select(c => ToPem(c.Der))]);
    }

    private void PutChain(string certificate, int generation, byte[] keyPem, byte[][] pems)
    {
        byte[] fullChain = [.. pems.SelectMany(p => p)];
        byte[] combined = [.. keyPem, .. fullChain];
        RefuseChangeOfLive(certificate, generation, combined);
        Put(certificate, generation, StateLayout.Certificate, pems[0]);
        Put(certificate, generation, StateLayout.Chain, [.. pems.Skip(1).SelectMany(p => p)]);
        Put(certificate, generation, StateLayout.FullChain, fullChain);
        // Last: a generation that has this file is complete.
        Put(certificate, generation, StateLayout.Combined, combined);
        _files.SyncDirectory(_layout.DirectoryOf(certificate, generation));
    }

    private void RefuseLostKey(string certificate, int generation)
    {
        if (!File.Exists(_layout.PathOf(certificate, generation, StateLayout.Certificate)))
            return;
        throw new StoreException(
            $"{_layout.DirectoryOf(certificate, generation)} holds certificates but their private key is gone",
            $"Put privkey.pem back from a backup, or ask for a new key with `rolloverd roll {certificate} --new-key`" +
            "; a new key is never made for certificates that exist");
    }

    // A key without a certificate was made for a generation that nobody wrote down: nothing names it.
    private void RefuseCertifiedKey(string certificate, int generation, string wanted)
    {
        if (!File.Exists(_layout.PathOf(certificate, generation, StateLayout.Certificate)))
            return;
        throw new StoreException(
            $"{_layout.DirectoryOf(certificate, generation)} holds a key with its certificate where {wanted} should be",
            $"Move the directory away if generation {generation} was never published, or put back the state that " +
            "belongs to it; it is not replaced by itself");
    }

    // A mail server may read the live files at any moment, so they change by a checked deployment only.
    private void RefuseChangeOfLive(string certificate, int generation, byte[] combined)
    {
        if (ReadLink(certificate) != generation
            || DurableFiles.Read(_layout.PathOf(certificate, generation, StateLayout.Combined)) is not { } served
            || served.AsSpan().SequenceEqual(combined))
            return;
        throw new StoreException(
            $"Generation {generation} of {certificate} is live with other certificates: they were not replaced",
            "Store them as a new generation");
    }

    private void RefuseIncomplete(string certificate, int generation)
    {
        byte[]? key = DurableFiles.Read(_layout.PathOf(certificate, generation, StateLayout.PrivateKey));
        byte[]? fullChain = DurableFiles.Read(_layout.PathOf(certificate, generation, StateLayout.FullChain));
        byte[]? combined = DurableFiles.Read(_layout.PathOf(certificate, generation, StateLayout.Combined));
        if (key is not null && fullChain is not null && combined is not null
            && combined.AsSpan().SequenceEqual([.. key, .. fullChain]))
            return;
        string fault = key is null ? $"{StateLayout.PrivateKey} is missing"
            : fullChain is null ? $"{StateLayout.FullChain} is missing"
            : combined is null ? $"{StateLayout.Combined} is missing"
            : $"{StateLayout.Combined} does not hold {StateLayout.PrivateKey} followed by {StateLayout.FullChain}";
        throw new StoreException(
            $"{_layout.DirectoryOf(certificate, generation)} is not complete ({fault}), " +
            $"so {_layout.LinkOf(certificate)} was not changed",
            $"Put the files back from a backup, or begin a new generation with `rolloverd roll {certificate}`");
    }

    private void Put(string certificate, int generation, string file, byte[] content)
    {
        string path = _layout.PathOf(certificate, generation, file);
        if (DurableFiles.Read(path) is not { } there || !there.AsSpan().SequenceEqual(content))
            _files.Write(path, content);
    }

    private int? ReadLink(string certificate)
    {
        string link = _layout.LinkOf(certificate);
        string? target = new FileInfo(link).LinkTarget;
        if (target is null && !Path.Exists(link))
            return null;
        if (target is not null && StateLayout.GenerationOf(certificate, target) is { } generation)
            return generation;
        throw new StoreException(
            target is null
                ? $"{link} is not a symbolic link, and rolloverd did not make it"
                : $"{link} points at {target}, where rolloverd did not point it",
            "Move it away; rolloverd then makes the link anew");
    }

    private static byte[] ToPem(ImmutableArray<byte> der) =>
        Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE", der.AsSpan()) + "\n");

    private static string Word(KeyAlgorithm algorithm) =>
        PolicyWords.KeyAlgorithms.First(w => w.Value == algorithm).Key;
}

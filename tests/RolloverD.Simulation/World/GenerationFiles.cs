using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Simulation.World;

/// <summary>
/// The files of generations on a disk that keeps what a call has written when it returns, and before that may have it
/// or not.
/// </summary>
internal sealed class GenerationFiles(Scene scene) : IGenerationFiles
{
    private readonly SortedDictionary<(string Certificate, int Generation), PublicKey> keys = [];
    private readonly Dictionary<(string Certificate, int Generation), Chain> chains = [];
    private readonly Dictionary<string, int> live = [];

    /// <summary>The generations whose private keys are on the disk.</summary>
    public IEnumerable<(string Certificate, int Generation, PublicKey Key)> Keys =>
        keys.Select(k => (k.Key.Certificate, k.Key.Generation, k.Value));

    public PublicKey CreateKey(
        string certificate, int generation, KeyAlgorithm algorithm, IReadOnlyCollection<PublicKey>? taken) =>
        scene.Effect($"key of generation {generation}", onDisk: true, () =>
        {
            if (!keys.TryGetValue((certificate, generation), out PublicKey? key)
                || Materials.AlgorithmOf(key) != algorithm || taken?.Contains(key) == true)
            {
                keys[(certificate, generation)] = key = scene.Materials.NewKey(algorithm);
            }

            return key;
        });

    public PublicKey ReuseKey(string certificate, int from, int generation) => scene.Effect(
        $"key of generation {from} for {generation}", onDisk: true, () =>
        {
            if (!keys.TryGetValue((certificate, from), out PublicKey? key))
                throw new InvalidDataException($"there is no key of generation {from}");
            return keys[(certificate, generation)] = key;
        });

    public PublicKey? FindKey(string certificate, int generation) => keys.GetValueOrDefault((certificate, generation));

    public bool HasKeyAlone(string certificate, int generation) =>
        keys.ContainsKey((certificate, generation)) && !chains.ContainsKey((certificate, generation));

    public ImmutableArray<byte> CreateRequest(string certificate, int generation, ImmutableArray<string> names) =>
        keys.TryGetValue((certificate, generation), out PublicKey? key)
            ? key.Spki
            : throw new InvalidDataException($"there is no key of generation {generation}");

    public Chain StoreChain(
        string certificate, int generation, ImmutableArray<ImmutableArray<byte>> certificates) => scene.Effect(
        $"chain of generation {generation}", onDisk: true, () =>
        {
            ChainCertificate[] read = [.. certificates.Select(c => scene.Materials.Read(c.AsSpan()).Certificate)];
            if (!read[0].Key.Equals(keys.GetValueOrDefault((certificate, generation))))
                throw new InvalidDataException($"the certificate is not for the key of generation {generation}");
            return chains[(certificate, generation)] = new Chain(read[0], [.. read[1..]]);
        });

    public void SwapLive(string certificate, int generation, Chain chain) => scene.Effect(
        $"live link to generation {generation}", onDisk: true, () =>
        {
            if (!keys.ContainsKey((certificate, generation)))
                throw new InvalidDataException($"there is no key of generation {generation}");

            scene.Knowledge.MustHaveLooked($"live link of {certificate}");
            if (LiveGeneration(certificate) != generation)
                chains[(certificate, generation)] = chain;
            live[certificate] = generation;
            scene.Expose(certificate, generation, chains[(certificate, generation)]);
            return true;
        });

    /// <summary>Somebody deletes a key that is not in service.</summary>
    public bool Lose(string certificate, int generation) =>
        LiveGeneration(certificate) != generation && keys.Remove((certificate, generation));

    public int? LiveGeneration(string certificate) =>
        live.TryGetValue(certificate, out int generation) ? generation : null;

    public LiveFiles Live(string certificate, int? coming = null) => new(certificate, "/live/" + certificate);

    public void DestroyKey(string certificate, int generation) => scene.Effect(
        $"end of the key of generation {generation}", onDisk: true, () =>
        {
            if (live.TryGetValue(certificate, out int now) && now == generation)
                scene.Violation($"the key of generation {generation}, which is in service, was destroyed");
            return keys.Remove((certificate, generation));
        });
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Core.Ports;

/// <summary>
/// The files of generations: private keys that never leave this port, the chains issued for them, and the live link.
/// All writes are durable (fsync of file and directory) and private (0600, directories 0700) before a call returns,
/// and every call may be repeated.
/// </summary>
public interface IGenerationFiles
{
    /// <summary>
    /// Makes the key of a generation that begins, or finds the one that an earlier call made and nobody wrote down.
    /// What else was left there is replaced, as long as no certificate was stored for it: a key of another kind, or a
    /// copy of another generation's, which would be no new key.
    /// </summary>
    /// <param name="certificate">Name of the certificate in the configuration.</param>
    /// <param name="generation">Number of the generation.</param>
    /// <param name="algorithm">The kind of key.</param>
    /// <param name="taken">The keys of all other generations; null: there are none.</param>
    PublicKey CreateKey(
        string certificate, int generation, KeyAlgorithm algorithm, IReadOnlyCollection<PublicKey>? taken = null);

    /// <summary>
    /// Gives a generation that begins the key of another one. A key that was left there is replaced, as long as no
    /// certificate was stored for it.
    /// </summary>
    PublicKey ReuseKey(string certificate, int from, int generation);

    /// <summary>The public half of a generation's key, or null when there is no key file.</summary>
    PublicKey? FindKey(string certificate, int generation);

    /// <summary>Whether a generation has a key and no certificate was stored for it.</summary>
    bool HasKeyAlone(string certificate, int generation);

    /// <summary>
    /// A PKCS #10 request for the names, DER, signed with the generation's key: the one that an earlier call made for
    /// the same names, byte for byte, so that an issuer finds the order that it began with it. RFC 2986 §4.
    /// </summary>
    ImmutableArray<byte> CreateRequest(string certificate, int generation, ImmutableArray<string> names);

    /// <summary>
    /// Reads the issued certificates and writes them beside the key, also <c>combined.pem</c>. Fails with
    /// <see cref="InvalidDataException"/> when the leaf does not certify the generation's key.
    /// </summary>
    /// <param name="certificate">Name of the certificate in the configuration.</param>
    /// <param name="generation">Number of the generation.</param>
    /// <param name="certificates">DER, the leaf first.</param>
    Chain StoreChain(string certificate, int generation, ImmutableArray<ImmutableArray<byte>> certificates);

    /// <summary>
    /// Points <c>live/NAME</c> at the generation, in one rename(2), with this chain in its files: an order that ended
    /// after the chain was judged, and that nobody wrote down, may have left another one there, and that one is
    /// replaced. Where the link leads to the generation already nothing is changed.
    /// </summary>
    /// <param name="certificate">Name of the certificate in the configuration.</param>
    /// <param name="generation">Number of the generation.</param>
    /// <param name="chain">What is to be served: the chain that was judged to be safe.</param>
    void SwapLive(string certificate, int generation, Chain chain);

    /// <summary>The generation that <c>live/NAME</c> points at, or null.</summary>
    int? LiveGeneration(string certificate);

    /// <summary>Where the live files are.</summary>
    /// <param name="certificate">Name of the certificate in the configuration.</param>
    /// <param name="coming">The generation that is about to be live; null: none.</param>
    LiveFiles Live(string certificate, int? coming = null);

    /// <summary>
    /// Removes the private key of a generation that nothing refers to any more; its certificates stay.
    /// </summary>
    void DestroyKey(string certificate, int generation);
}

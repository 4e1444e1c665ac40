using System.Collections.Immutable;
using System.Globalization;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Tests.Engine.Model;

/// <summary>Keys and chains of one certificate in memory; every change is durable at once.</summary>
internal sealed class TestFiles(Effects effects, TestIssuer issuer) : IGenerationFiles
{
    private readonly SortedDictionary<int, ImmutableArray<byte>> requests = [];
    private readonly SortedDictionary<int, Chain> chains = [];
    private int made;
    private int signed;

    /// <summary>The keys that there are, by generation.</summary>
    public SortedDictionary<int, PublicKey> Keys { get; } = [];

    /// <summary>The generation that the live link points at.</summary>
    public int? Linked { get; private set; }

    /// <summary>The chain that a mail server reads through the live link.</summary>
    public Chain? LiveChain => Linked is { } live ? chains[live] : null;

    public PublicKey CreateKey(
        string certificate, int generation, KeyAlgorithm algorithm, IReadOnlyCollection<PublicKey>? taken = null)
    {
        effects.Do("create key");
        if (!Keys.TryGetValue(generation, out PublicKey? found) || taken?.Contains(found) == true)
            Keys[generation] = new([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, .. BitConverter.GetBytes(++made)]);
        return Keys[generation];
    }

    public PublicKey ReuseKey(string certificate, int from, int generation)
    {
        effects.Do("reuse key");
        return Keys[generation] = Keys[from];
    }

    public PublicKey? FindKey(string certificate, int generation) => Keys.GetValueOrDefault(generation);

    public bool HasKeyAlone(string certificate, int generation) =>
        Keys.ContainsKey(generation) && !chains.ContainsKey(generation);

    public ImmutableArray<byte> CreateRequest(string certificate, int generation, ImmutableArray<string> names)
    {
        effects.Do("create request");
        if (!requests.ContainsKey(generation))
            requests[generation] = [.. BitConverter.GetBytes(++signed), .. Keys[generation].Spki];
        return requests[generation];
    }

    public Chain StoreChain(
        string certificate, int generation, ImmutableArray<ImmutableArray<byte>> certificates)
    {
        effects.Do("store chain");
        return chains[generation] = issuer.Read(certificates[0]);
    }

    public void SwapLive(string certificate, int generation, Chain chain)
    {
        effects.Do("swap link");
        if (!Keys.ContainsKey(generation) || !chains.ContainsKey(generation))
            throw new InvalidOperationException($"generation {generation} is not complete");
        if (Linked != generation)
            chains[generation] = chain;
        Linked = generation;
    }

    public int? LiveGeneration(string certificate) => Linked;

    public LiveFiles Live(string certificate, int? coming = null) =>
        new(certificate, "/live/" + certificate, coming is null ? null : $"/archive/{certificate}/{coming}");

    public void DestroyKey(string certificate, int generation)
    {
        effects.Do("destroy key");
        Keys.Remove(generation);
    }
}

/// <summary>An issuer that keeps its order in the notebook, as an ACME issuer does.</summary>
internal sealed class TestIssuer(Effects effects, TestClock clock) : IIssuer
{
    private static readonly ChainCertificate Ca =
        new([0xca], [0xca, 1], "CN=CA", [], DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, isCa: true);

    private readonly List<Chain?> orders = [];

    /// <summary>How many orders were placed.</summary>
    public int Orders => orders.Count;

    /// <summary>Answers instead of certifying; null certifies.</summary>
    public Func<IssueOutcome?> Instead { get; set; } = () => null;

    public Chain Read(ImmutableArray<byte> der) => orders.OfType<Chain>().Single(c => c.Leaf.Der.SequenceEqual(der));

    private bool IsOf(string order, ImmutableArray<byte> certificate) =>
        orders[int.Parse(order, CultureInfo.InvariantCulture)]?.Leaf.Der.SequenceEqual(certificate) == true;

    public async Task<IssueOutcome> IssueAsync(IssueRequest request, CancellationToken cancellation)
    {
        string csr = Convert.ToHexString(request.Csr.AsSpan());
        string? note = await request.Notebook.ReadAsync("order", cancellation);
        if (note?.Split(' ') is not [string number, string its] || its != csr
            || (!request.Replaces.IsDefaultOrEmpty && IsOf(number, request.Replaces)))
        {
            effects.Do("place order");
            orders.Add(null);
            number = $"{orders.Count - 1}";
            effects.Do("note order");
            await request.Notebook.WriteAsync("order", $"{number} {csr}", cancellation);
        }

        if (Instead() is { } instead)
            return instead;

        effects.Do("finalize order");
        int index = int.Parse(number, CultureInfo.InvariantCulture);
        DateTimeOffset now = clock.Right;
        Chain chain = orders[index] ??= new(
            new(
                [0x1e, .. BitConverter.GetBytes(index)], [.. request.Csr.Skip(4)], $"CN=order {index}", request.Names,
                now, now.AddDays(90), isCa: false),
            [Ca]);
        effects.Do("fetch certificate");
        return new IssueOutcome.Issued([[chain.Leaf.Der, Ca.Der]]);
    }
}

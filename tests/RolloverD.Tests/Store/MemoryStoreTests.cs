using RolloverD.Core.Ports;
using RolloverD.Tests.Shared;

namespace RolloverD.Tests.Store;

public sealed class MemoryStoreTests : StoreConformance
{
    private readonly MemoryStore _store = new();

    protected override IStore Open() => _store;
}

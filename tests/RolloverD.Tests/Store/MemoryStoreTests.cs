using RolloverD.Core.Ports;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Store;

public sealed class MemoryStoreTests : StoreConformance
{
    private readonly MemoryStore _store = new();

    protected override IStore Open() => _store;

    protected override IStore OpenAfterPowerLoss()
    {
        _store.LosePower();
        return _store;
    }

    [Fact]
    public void What_was_written_and_not_synced_is_lost_with_the_power()
    {
        Assert.True(_store.Commit([Document("a", 0, "old")], []));
        _store.BeforeSync = () => throw new InvalidOperationException("the process ends here");
        Assert.Throws<InvalidOperationException>(() => _store.Commit([Document("a", 1, "new")], []));
        Assert.Equal([Document("a", 2, "new")], _store.LoadAll()); // as another process sees it meanwhile
        Assert.Equal([Document("a", 1, "old")], OpenAfterPowerLoss().LoadAll());
    }
}

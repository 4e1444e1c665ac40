namespace RolloverD.Lab.Tests;

/// <summary>Something that is broken until it is disposed of.</summary>
public sealed class Fault(Func<Task> mend) : IAsyncDisposable
{
    private bool mended;

    public async ValueTask DisposeAsync()
    {
        if (!mended)
            await mend();
        mended = true;
    }
}

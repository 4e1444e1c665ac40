namespace RolloverD.Engine;

/// <summary>
/// Gives memory back when nothing is to be done for a while. The collector alone would keep what a rollover needed,
/// sized by the processor's cache, on a machine that has mail to handle.
/// </summary>
internal static class Rest
{
    private const long Worthwhile = 4 << 20;
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(3);
    private static long allocated;

    /// <summary>Begins a rest of this length; a short one, or one after little work, changes nothing.</summary>
    public static void Until(TimeSpan wake)
    {
        long now = GC.GetTotalAllocatedBytes();
        if (wake < Long || now - Interlocked.Read(ref allocated) < Worthwhile)
            return;

        Interlocked.Exchange(ref allocated, now);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}

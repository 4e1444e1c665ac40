namespace RolloverD.Simulation.Time;

/// <summary>The one source of chance in a run: the same seed throws the same numbers on every machine.</summary>
/// <remarks>SplitMix64: a counter and a mix of its bits; fast, and every seed is as good as any other.</remarks>
internal sealed class Dice(ulong seed)
{
    private ulong state = seed;

    public ulong Next()
    {
        ulong z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 up to, not including, the limit.</summary>
    public int Below(int limit) => (int)((Next() >> 33) * (ulong)limit >> 31);

    /// <summary>A number from the first to the last, both included.</summary>
    public int Between(int first, int last) => first + Below(last - first + 1);

    /// <summary>From 0 up to 1.</summary>
    public double Share() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool OneIn(int many) => Below(many) == 0;

    public bool Chance(double probability) => Share() < probability;

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + ((most - least) * Share());

    /// <summary>As often short as long: the logarithm is spread evenly.</summary>
    public TimeSpan Spread(TimeSpan least, TimeSpan most) =>
        TimeSpan.FromTicks((long)(least.Ticks * Math.Pow((double)most.Ticks / least.Ticks, Share())));
}

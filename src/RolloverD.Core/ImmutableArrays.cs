using System.Collections.Immutable;

namespace RolloverD.Core;

internal static class ImmutableArrays
{
    /// <summary>The index of the last item that fits, or -1.</summary>
    public static int FindLastIndex<T>(this ImmutableArray<T> items, Func<T, bool> fits)
    {
        for (int i = items.Length - 1; i >= 0; i--)
        {
            if (fits(items[i]))
                return i;
        }

        return -1;
    }
}

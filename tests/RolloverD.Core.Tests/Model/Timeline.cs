namespace RolloverD.Core.Tests.Model;

/// <summary>A virtual clock with the things that will happen by themselves. Between them nothing changes.</summary>
internal sealed class Timeline(DateTimeOffset start, Action check)
{
    private readonly PriorityQueue<Action, (DateTimeOffset, int)> events = new();
    private int count;

    public DateTimeOffset Now { get; private set; } = start;

    public void In(TimeSpan after, Action happens) => events.Enqueue(happens, (Now + after, count++));

    /// <summary>Lets time pass and things happen; checks the world after each of them.</summary>
    public void Advance(DateTimeOffset to)
    {
        while (events.TryPeek(out Action? happens, out (DateTimeOffset At, int) key) && key.At <= to)
        {
            events.Dequeue();
            Now = key.At > Now ? key.At : Now;
            happens();
            check();
        }

        Now = to > Now ? to : Now;
    }

    public void Advance(TimeSpan by) => Advance(Now + by);
}

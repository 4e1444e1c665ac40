namespace RolloverD.Tests.Engine.Model;

/// <summary>The program was killed.</summary>
internal sealed class KilledException : Exception;

/// <summary>
/// Everything that the program does to the world or asks of it, one after the other. Just before the chosen ones it is
/// killed; what was done before stays done.
/// </summary>
internal sealed class Effects(TestClock clock, params int[] killAt)
{
    /// <summary>How long each takes.</summary>
    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(5);

    /// <summary>What was done, in order.</summary>
    public List<string> Done { get; } = [];

    /// <summary>Before which ones the program was killed.</summary>
    public List<string> Kills { get; } = [];

    /// <summary>How often something of this name was done.</summary>
    public int Count(string what) => Done.Count(d => d == what);

    /// <summary>Is told of each before it is done.</summary>
    public Action<string> Watch { get; set; } = _ => { };

    public void Do(string what)
    {
        if (killAt.Contains(Done.Count + Kills.Count + 1))
        {
            Kills.Add(what);
            throw new KilledException();
        }

        clock.Pass(Duration);
        Done.Add(what);
        Watch(what);
    }
}

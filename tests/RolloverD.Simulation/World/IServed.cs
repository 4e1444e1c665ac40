namespace RolloverD.Simulation.World;

/// <summary>Something that the authoritative servers of a zone give out, each what it has of it.</summary>
internal interface IServed
{
    /// <summary>The server takes over what the provider holds, unless it takes nothing.</summary>
    void Transfer(int server);

    /// <summary>The server stops answering anybody.</summary>
    void Silence(int server);

    /// <summary>The server answers again, as it did before.</summary>
    void Speak(int server);
}

using RolloverD.Core.Dane;
using RolloverD.Simulation.Judgement;

namespace RolloverD.Simulation.World;

/// <summary>
/// What RolloverD was told and has written down, and what it looked at before it acts. The judge asks what it could
/// have known; it never asks RolloverD.
/// </summary>
internal sealed class Knowledge(Scene scene, SafetyJudge judge)
{
    private readonly List<Action> unwritten = []; // how to take back what it was told and did not write down
    private readonly HashSet<string> heard = []; // the names of which a server said something in this turn
    private readonly HashSet<(string Name, string Owner)> led = [];
    private readonly HashSet<(string Owner, int Server)> listed = [];
    private readonly HashSet<Listener> found = [];
    private bool hasLooked;

    /// <summary>A turn begins.</summary>
    public void BeginTurn() => heard.Clear();

    /// <summary>It asks the name servers.</summary>
    public void Looks() => hasLooked = true;

    /// <summary>A name server says something of a name, whatever it says.</summary>
    public void Hears(string name) => heard.Add(name);

    /// <summary>It finds out where a name leads: what a bogus zone says tells it nothing.</summary>
    public void IsLed(string name, string owner)
    {
        if (led.Add((name, owner)))
            unwritten.Add(() => led.Remove((name, owner)));
    }

    /// <summary>It finds out that the zone of an owner has a server.</summary>
    public void IsListed(string owner, int server)
    {
        if (listed.Add((owner, server)))
            unwritten.Add(() => listed.Remove((owner, server)));
    }

    /// <summary>Whether it found out that the zone of the owner has the server, and did not forget.</summary>
    public bool WasListed(string owner, int server) => listed.Contains((owner, server));

    /// <summary>It finds out that a host has an address.</summary>
    public void Finds(Listener listener)
    {
        if (found.Add(listener))
            unwritten.Add(() => found.Remove(listener));
    }

    /// <summary>Whether it found out that the host has the address, and did not forget.</summary>
    public bool HasFound(Listener listener) => found.Contains(listener);

    public bool HasHeardOf(string name) => heard.Contains(name);

    /// <summary>Whether it found out that a name led there, and did not forget.</summary>
    public bool WasLed(string name, string owner) => led.Contains((name, owner));

    /// <summary>
    /// It is about to change what senders see. Between the intent that it wrote down and this it looks once more.
    /// </summary>
    public void MustHaveLooked(string before)
    {
        if (scene.InDaemon && !hasLooked)
            scene.Violation($"{before}: what was planned was done without a second look");
    }

    /// <summary>It is told of an edition.</summary>
    public void Tell(Edition edition)
    {
        if (edition.ToldAt is not null)
            return;

        edition.ToldAt = scene.Now;
        unwritten.Add(() => edition.ToldAt = null);
        judge.Told(edition);
    }

    /// <summary>It is shown a chain.</summary>
    public void Tell(Shown shown, Endpoint endpoint)
    {
        if (shown.IsMetAt(endpoint, scene.Now))
            unwritten.Add(() => shown.IsForgottenAt(endpoint));
    }

    /// <summary>It has written down what it knows.</summary>
    public void IsWritten()
    {
        unwritten.Clear();
        hasLooked = false;
    }

    /// <summary>It ended, and what it did not write down is lost.</summary>
    public void Forget()
    {
        foreach (Action forget in unwritten)
            forget();
        unwritten.Clear();
    }
}

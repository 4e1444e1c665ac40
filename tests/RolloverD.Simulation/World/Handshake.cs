using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Simulation.World;

/// <summary>Handshakes with whatever process picks up at each address.</summary>
internal sealed class Handshake(Scene scene) : IHandshake
{
    public Task<EndpointObservation> ObserveAsync(
        Endpoint endpoint, ImmutableArray<string> former, CancellationToken cancellation)
    {
        DateTimeOffset started = scene.Clock.GetUtcNow();
        var seen = ImmutableArray.CreateBuilder<AddressObservation>();
        var left = ImmutableArray.CreateBuilder<AddressObservation>();
        foreach (Listener listener in scene.Mail.At(endpoint))
        {
            if (!listener.IsOut)
                seen.Add(Look(listener));
            else if (former.Contains(listener.Address))
                left.Add(Look(listener));
        }

        return Task.FromResult(new EndpointObservation(
            endpoint, started, scene.Clock.GetUtcNow(), null, seen.ToImmutable(), left.ToImmutable(),
            scene.Scenario.AddressTtl));
    }

    private AddressObservation Look(Listener listener)
    {
        if (!listener.IsOut)
            scene.Knowledge.Finds(listener);
        return new(listener.Address, Meet(listener), scene.Scenario.IsLocal);
    }

    private ImmutableArray<Presented> Meet(Listener listener)
    {
        if (listener.IsHidden)
        {
            scene.Pause(TimeSpan.FromSeconds(5));
            return [new Presented.Unreachable("no answer in time")];
        }

        scene.Pause(TimeSpan.FromMilliseconds(scene.Dice.Between(1, 40)));
        if (listener.RefusesUs)
            return [new Presented.HandshakeFailed("alert")];

        var presented = ImmutableArray.CreateBuilder<Presented>();
        foreach (List<Shown> processes in listener.Slots.Values.Where(s => s.Count > 0))
        {
            Shown shown = processes[scene.Dice.Below(processes.Count)];
            scene.Knowledge.Tell(shown, listener.Endpoint);
            if (shown.Origin == Origin.RolloverD)
                scene.Mail.TakenOver.Add(listener.Endpoint);
            presented.Add(new Presented.Shows(shown.Chain, "TLSv1.3"));
        }

        return presented.Count == 0 ? [new Presented.NoStartTls("STARTTLS is not offered")] : presented.ToImmutable();
    }
}

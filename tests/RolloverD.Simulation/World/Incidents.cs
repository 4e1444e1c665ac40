using RolloverD.Core.Ports;
using RolloverD.Simulation.Time;

namespace RolloverD.Simulation.World;

/// <summary>What befalls the world by itself: half of it at any time, half just when the daemon acts.</summary>
internal sealed class Incidents
{
    private static readonly Fault[] Own =
    [
        Fault.ServerLags, Fault.ServerDown, Fault.ServerHidden, Fault.ServerFrozen, Fault.ServerSilent,
        Fault.ServersDiffer, Fault.SignerStops, Fault.ZoneInsecure, Fault.ZoneBogus, Fault.ZoneUnknown,
        Fault.ResolverBroken, Fault.IssuerChangesIntermediate, Fault.MailServerDown, Fault.AddressHidden,
        Fault.HandshakeFails, Fault.Restarts, Fault.DiskFull, Fault.ClockForward, Fault.ClockBack,
    ];

    private readonly Scene scene;
    private readonly Operator @operator;
    private readonly Dice dice;
    private readonly SortedSet<int> atBoundaries = [];
    private readonly Fault[] kinds;
    private readonly int aliasMoves;
    private readonly int serverOut;
    private readonly int addressOut;
    private int boundaries;

    public Incidents(Scene scene)
    {
        this.scene = scene;
        dice = scene.Dice;
        @operator = new(scene);
        kinds = [.. scene.Scenario.Faults.Where(f => Array.IndexOf(Own, f) >= 0 || f >= Fault.OperatorAddsRecord)];
        scene.AtBoundary = Boundary;
        for (int i = 0; i < scene.Scenario.Incidents; i++)
        {
            if (dice.OneIn(2))
                scene.Timeline.In(scene.Scenario.Chaos * dice.Share(), Happen);
            else
                atBoundaries.Add((int)dice.Spread(TimeSpan.FromTicks(1), TimeSpan.FromTicks(600)).Ticks);
        }

        // Among all that can happen these two would hardly ever be in the middle of a roll.
        if (scene.IsEnabled(Fault.OperatorTakesServerOut))
            serverOut = (int)dice.Spread(TimeSpan.FromTicks(5), TimeSpan.FromTicks(600)).Ticks;
        if (scene.IsEnabled(Fault.OperatorTakesAddressOut))
            addressOut = (int)dice.Spread(TimeSpan.FromTicks(5), TimeSpan.FromTicks(600)).Ticks;

        // An alias can move once in a run only; among all the others it would hardly ever be in the middle of a roll.
        if (scene.IsEnabled(Fault.OperatorMovesAlias) && scene.Scenario.AliasTtl > TimeSpan.Zero)
            aliasMoves = (int)dice.Spread(TimeSpan.FromTicks(5), TimeSpan.FromTicks(600)).Ticks;

        if (!scene.Scenario.Configured)
            scene.Timeline.In(dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(10)), @operator.Configure);
        if (scene.IsEnabled(Fault.ProviderForcesTtl))
        {
            scene.Occurs(Fault.ProviderForcesTtl);
            scene.Provider.ForcedTtl = TimeSpan.FromSeconds(dice.Between(60, 4 * 3600));
        }

        if (scene.IsEnabled(Fault.InstanceLags))
        {
            scene.Occurs(Fault.InstanceLags);
            scene.Servers.SecondInstance(scene.Servers.Any(), dice.Share());
        }
    }

    // Just now, or some time after: as long as transfers, caches and reloads take.
    private void Boundary()
    {
        boundaries++;
        if (boundaries == aliasMoves && scene.FaultsOn)
            MoveAlias();
        if (boundaries == serverOut && scene.FaultsOn)
            @operator.Acts(Fault.OperatorTakesServerOut);
        if (boundaries == addressOut && scene.FaultsOn)
            @operator.Acts(Fault.OperatorTakesAddressOut);
        if (!atBoundaries.Remove(boundaries) || !scene.FaultsOn)
            return;

        if (dice.OneIn(2))
            Happen();
        else
            scene.Timeline.In(dice.Spread(TimeSpan.FromMilliseconds(10), 3 * scene.Desired.Timing.Ttl), Happen);
    }

    // Who moves his zone has reason to roll, too.
    private void MoveAlias()
    {
        @operator.Acts(Fault.OperatorMovesAlias);
        if (!scene.Scenario.IsLed || dice.OneIn(3))
            return;

        Fault roll = dice.Pick([Fault.OperatorRolls, Fault.OperatorRollsNewKey, Fault.OperatorRollsInEmergency]);
        scene.Timeline.In(dice.Spread(TimeSpan.FromSeconds(1), scene.Scenario.AliasTtl), () =>
        {
            if (scene.FaultsOn)
                @operator.Acts(roll);
        });
    }

    private void Happen()
    {
        if (!scene.FaultsOn)
            return;

        if (kinds.Length == 0)
            return;

        Fault fault = dice.Pick(kinds);
        TimeSpan some = dice.Spread(TimeSpan.FromSeconds(5), TimeSpan.FromHours(12));
        int server = scene.Servers.Any();
        switch (fault)
        {
            case Fault.ServerLags:
                scene.Servers.Lag = dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(3));
                During(fault, some, () => scene.Servers.Lag = TimeSpan.FromSeconds(5));
                break;
            case Fault.ServerDown:
                scene.Servers.TakeDown(server);
                During(fault, some, () => Repair(server));
                break;
            case Fault.ServerSilent: // it answers nobody until somebody sees to it at the end
                scene.Servers.TakeDown(server);
                During(fault, TimeSpan.FromDays(999), () => { });
                break;
            case Fault.ServerHidden:
                scene.Servers.Hide(server);
                During(fault, some, () => Repair(server));
                break;
            case Fault.ServerFrozen when !scene.Servers.IsPrimary(server):
                scene.Servers.Freeze(server);
                During(fault, some, () => Repair(server));
                break;
            case Fault.ServersDiffer:
                @operator.EditsOneServer(server);
                During(fault, some, () => Repair(server));
                break;
            case Fault.SignerStops:
                scene.Zone.SignerLeft = scene.Now + dice.Spread(TimeSpan.FromMinutes(10), TimeSpan.FromDays(3));
                During(fault, some, () => scene.Zone.SignerLeft = null);
                break;
            case Fault.ZoneInsecure:
                Security(fault, new ZoneSecurity.Insecure("no DS in the parent"), some);
                break;
            case Fault.ZoneBogus:
                Security(fault, new ZoneSecurity.Bogus("the DS fits no key"), some);
                break;
            case Fault.ZoneUnknown:
                Security(fault, new ZoneSecurity.Unknown("no server of the parent answers"), some);
                break;
            case Fault.ResolverBroken:
                scene.Zone.ResolverProblem = dice.OneIn(2)
                    ? new ResolverView.Failed("SERVFAIL") : new ResolverView.NotValidated("no AD bit");
                During(fault, some, () => scene.Zone.ResolverProblem = null);
                break;
            case Fault.IssuerChangesIntermediate:
                scene.IssuerOf("ca1").ChangeIntermediate();
                scene.IssuerOf("ca2").ChangeIntermediate();
                scene.Occurs(fault);
                break;
            case Fault.MailServerDown:
                scene.Mail.IsDown = true;
                During(fault, some, () => scene.Mail.IsDown = false);
                break;
            case Fault.AddressHidden:
                Listener hidden = dice.Pick(scene.Mail.Listeners);
                hidden.IsHidden = true;
                During(fault, some, () => hidden.IsHidden = false);
                break;
            case Fault.HandshakeFails:
                Listener refusing = dice.Pick(scene.Mail.Listeners);
                refusing.RefusesUs = true;
                During(fault, some, () => refusing.RefusesUs = false);
                break;
            case Fault.Restarts:
                scene.Occurs(fault);
                foreach (var certificate in scene.Desired.Certificates.Values)
                    scene.Mail.TakeOn(certificate.Name, _ => true);
                break;
            case Fault.DiskFull:
                scene.DiskIsFull = true;
                During(fault, some, () => scene.DiskIsFull = false);
                break;
            case Fault.ClockForward:
                Jump(fault, dice.Spread(TimeSpan.FromSeconds(10), TimeSpan.FromDays(2)), some);
                break;
            case Fault.ClockBack:
                Jump(fault, -dice.Spread(TimeSpan.FromSeconds(10), TimeSpan.FromDays(2)), some);
                break;
            case >= Fault.OperatorAddsRecord:
                @operator.Acts(fault);
                break;
        }
    }

    private void Jump(Fault fault, TimeSpan by, TimeSpan duration)
    {
        scene.Clock.Offset += by;
        During(fault, duration, () => scene.Clock.Offset -= by);
    }

    private void Security(Fault fault, ZoneSecurity trouble, TimeSpan duration)
    {
        scene.Zone.Trouble = trouble;
        During(fault, duration, () => scene.Zone.Trouble = null);
    }

    // A server that comes back still gives what it had, until it asks the primary.
    private void Repair(int server) =>
        scene.Servers.Repair(server, dice.Spread(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10)));

    private void During(Fault fault, TimeSpan duration, Action ends)
    {
        scene.Occurs(fault);
        scene.History?.Note(scene, $"  for {duration}");
        scene.Troubles++;
        scene.Timeline.In(duration, () =>
        {
            if (!scene.FaultsOn)
                return; // the calm has mended everything

            scene.Troubles--;
            scene.LastTrouble = scene.Now;
            ends();
            scene.History?.Note(scene, $"over: {fault}");
        });
    }
}

using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Simulation.Time;

namespace RolloverD.Simulation.World;

/// <summary>A certificate authority, with its moods.</summary>
internal sealed class Issuer(Scene scene, string name) : IIssuer
{
    private static readonly Fault[] Faults =
        [Fault.IssuerFails, Fault.IssuerLimitsRate, Fault.IssuerAnswersLate, Fault.IssuerAway];

    private Paper? intermediate;
    private Paper? root;

    /// <summary>From the next certificate on another intermediate signs, with another key.</summary>
    public void ChangeIntermediate() => intermediate = null;

    /// <summary>A chain for this key, however it came to be asked for.</summary>
    public ImmutableArray<Paper> Certify(PublicKey key, ImmutableArray<string> names)
    {
        DateTimeOffset from = scene.Timeline.Now - scene.Scenario.Backdating;
        root ??= scene.Materials.Authority(name + " root", scene.Timeline.Start.AddYears(-3), TimeSpan.FromDays(9999));
        intermediate ??= scene.Materials.Authority(name, scene.Timeline.Start.AddYears(-1), TimeSpan.FromDays(3000));
        return [scene.Materials.Leaf(key, names, from, scene.Scenario.Lifetime), intermediate, root];
    }

    public async Task<IssueOutcome> IssueAsync(IssueRequest request, CancellationToken cancellation)
    {
        scene.BeforeEffect("order");
        Dice dice = scene.Dice;
        scene.Pause(dice.Spread(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(40)));
        if (await request.Notebook.ReadAsync("order", cancellation) is { } due
            && scene.Now.UtcTicks < long.Parse(due, null as IFormatProvider))
        {
            return new IssueOutcome.Pending("still being looked at", scene.Clock.GetUtcNow().AddMinutes(10));
        }

        switch (scene.Strikes(Faults))
        {
            case Fault.IssuerFails:
                return new IssueOutcome.Refused("invalid authorization", "see to the name", null);
            case Fault.IssuerLimitsRate:
                return new IssueOutcome.Refused(
                    "rateLimited", "nothing",
                    scene.Clock.GetUtcNow() + dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(5)));
            case Fault.IssuerAway:
                return new IssueOutcome.Unavailable("no answer in time", "see to the issuer");
            case Fault.IssuerAnswersLate:
                TimeSpan later = dice.Spread(TimeSpan.FromMinutes(1), TimeSpan.FromHours(8));
                await request.Notebook.WriteAsync(
                    "order", (scene.Now + later).UtcTicks.ToString(null as IFormatProvider), cancellation);
                return new IssueOutcome.Pending("being looked at", scene.Clock.GetUtcNow() + (later / 2));
        }

        ImmutableArray<Paper> chain = Certify(new(request.Csr), request.Names);
        await request.Notebook.WriteAsync("order", null, cancellation);
        scene.AfterEffect("order");
        return new IssueOutcome.Issued([[.. chain.Select(p => p.Certificate.Der)]]);
    }
}

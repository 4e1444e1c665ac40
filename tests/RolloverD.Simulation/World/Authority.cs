using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Simulation.World;

/// <summary>
/// What questions to the authoritative servers bring, one server after the other, while time goes on.
/// </summary>
internal sealed class Authority(Scene scene) : IAuthority
{
    public Task<OwnerObservation> ObserveAsync(
        string name, DnsRecordType type, ImmutableArray<FormerServer> former, CancellationToken cancellation)
    {
        scene.Knowledge.Looks();
        if (scene.Owners.AgreedOf(name) is not { } owner)
            return Task.FromResult(Disagreement(name, type));

        NameServers servers = scene.Servers;
        DateTimeOffset started = scene.Clock.GetUtcNow();
        var answers = ImmutableArray.CreateBuilder<ServerAnswer>(servers.Count);
        for (int i = 0; i < servers.Count; i++)
        {
            if (servers.IsListed(i) || former.Contains(new(NameOf(i), AddressOf(i))))
                answers.Add(new(NameOf(i), AddressOf(i), Ask(name, owner, i), servers.IsListed(i)));
        }

        ZoneSecurity security = scene.Zone.Security(scene.Now);
        OwnerObservation round = new(
            name,
            owner.Name,
            security is ZoneSecurity.Unknown ? null : Scene.ZoneName,
            type,
            started,
            scene.Clock.GetUtcNow(),
            owner.Name != name ? [new(name, owner.Name, owner.AliasTtl)] : [],
            security,
            TimeSpan.FromMinutes(5),
            answers.DrainToImmutable(),
            scene.Zone.ResolverProblem is { } problem
                ? problem
                : new ResolverView.Validated(owner.Held.AnswerFor(owner.Name)),
            scene.Scenario.ServersTtl);
        if (!round.IsHeard())
            return Task.FromResult(round with { Owner = name, Aliases = [] }); // nobody said that it is an alias

        if (round.Zone is not null) // else nothing that was heard counts
            scene.Knowledge.IsLed(name, owner.Name);
        if (security is ZoneSecurity.Secure)
        {
            foreach (int server in Enumerable.Range(0, servers.Count).Where(servers.IsListed))
                scene.Knowledge.IsListed(owner.Name, server);
        }

        return Task.FromResult(round);
    }

    private static string NameOf(int server) => $"ns{server + 1}";

    private static string AddressOf(int server) => $"192.0.2.{server + 1}";

    private OwnerObservation Disagreement(string name, DnsRecordType type)
    {
        DateTimeOffset started = scene.Clock.GetUtcNow();
        scene.Pause(TimeSpan.FromMilliseconds(scene.Dice.Between(1, 30)));
        scene.Knowledge.Hears(name);
        return new(
            name,
            name,
            scene.Zone.Security(scene.Now) is ZoneSecurity.Unknown ? null : Scene.ZoneName,
            type,
            started,
            scene.Clock.GetUtcNow(),
            [],
            scene.Zone.Security(scene.Now),
            TimeSpan.FromMinutes(5),
            [
                .. Enumerable.Range(0, scene.Servers.Count).Select(i => new ServerAnswer(
                    NameOf(i), AddressOf(i), new AnswerContent.Failed("the servers do not agree on the CNAME"))),
            ],
            scene.Zone.ResolverProblem
                ?? new ResolverView.Validated(scene.Owners.Of(name).Held.AnswerFor(scene.Owners.Of(name).Name)));
    }

    public static DnsRecordSet SetOf(string owner, RecordSet set) => new(
        owner,
        DnsRecordType.Tlsa,
        set.Ttl,
        [.. set.Records.Select(r => r.ToString()).Order(StringComparer.Ordinal)]);

    private AnswerContent Ask(string name, TlsaOwner owner, int server)
    {
        if (scene.Servers.IsHidden(server) || owner.GivenBy(server) is null)
        {
            scene.Pause(TimeSpan.FromSeconds(3));
            return scene.Dice.OneIn(3)
                ? new AnswerContent.Failed("SERVFAIL")
                : new AnswerContent.Unreachable("no answer in time");
        }

        scene.Pause(TimeSpan.FromMilliseconds(scene.Dice.Between(1, 30)));
        if (owner.GivenBy(server) is not { } edition)
            return new AnswerContent.Unreachable("the connection was lost");

        scene.Knowledge.Hears(name);
        scene.Owners.IsFoundWith(owner, edition.Records);
        return scene.Zone.Security(scene.Now) switch
        {
            ZoneSecurity.Secure => Tell(owner, edition),
            ZoneSecurity.Insecure => new AnswerContent.Unsigned(edition.AnswerFor(owner.Name)),
            ZoneSecurity.Bogus bogus => new AnswerContent.Bogus(bogus.Reason),
            _ => new AnswerContent.Unreachable("no answer in time"),
        };
    }

    private AnswerContent Tell(TlsaOwner owner, Edition edition)
    {
        scene.Knowledge.Tell(edition);
        return edition.Records.IsAbsent
            ? new AnswerContent.Absent(true)
            : new AnswerContent.Serves(
                edition.AnswerFor(owner.Name), scene.Zone.SignaturesExpire(scene.Now) + scene.Clock.Offset);
    }
}

using System.Collections.Immutable;
using RolloverD.Config;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Dns;
using RolloverD.Engine;
using RolloverD.Providers;
using RolloverD.Smtp;
using RolloverD.Store;

namespace RolloverD.Commands;

/// <summary>Puts the program together from a configuration file: the only place that knows every room.</summary>
internal static class Composition
{
    /// <summary>Loads the configuration and opens the store; ends the command when either cannot be used.</summary>
    public static World Open(string file)
    {
        Desired desired = Load(file);
        TimeProvider time = TimeProvider.System;
        var authority = new Authority(desired.Resolver, time);
        var resolver = new ValidatingResolver(desired.Resolver, time);
        var zones = new Dictionary<string, IDnsProvider>(StringComparer.Ordinal);
        var surroundings = new ProviderSurroundings(time, authority, ZoneOf);
        foreach ((string zone, ProviderSettings settings) in desired.Zones)
            zones[zone] = Make(Catalogue.Dns, settings, surroundings with { Zone = zone });

        ImmutableDictionary<string, IIssuer> issuers = desired.Issuers
            .ToImmutableDictionary(i => i.Key, i => Make(Catalogue.Issuers, i.Value, surroundings));
        ImmutableDictionary<string, ImmutableArray<IMailServer>> servers = desired.Certificates
            .ToImmutableDictionary(
                c => c.Key,
                c => c.Value.Deployments.Select(d => Make(Catalogue.MailServers, d, surroundings)).ToImmutableArray());

        MakeStateDirectory(desired.StateDirectory);
        return new(
            desired,
            time,
            SqliteStore.Open(desired.StateDirectory),
            new GenerationFiles(desired.StateDirectory, ChainReader.Read),
            authority,
            new Handshake(new ResolverAddressLookup(resolver), new(), time),
            ZoneOf,
            name => issuers[name],
            certificate => servers[certificate.Name],
            new BootClock());

        (string Zone, IDnsProvider Provider)? ZoneOf(string name) =>
            DnsName.ClosestZone(name, zones.Keys) is { } zone ? (zone, zones[zone]) : null;
    }

    /// <summary>
    /// Takes the lock that only one worker holds; ends the command with these words when another one keeps it. A
    /// command that only asks whether a daemon runs holds it for an instant, so it is tried for a while.
    /// </summary>
    public static async Task<DaemonLock> LockAsync(
        World world, string busy, string remedy, CancellationToken cancellation)
    {
        DateTimeOffset end = world.Time.GetUtcNow() + TimeSpan.FromSeconds(2);
        while (true)
        {
            if (DaemonLock.TryTake(world.Desired.StateDirectory) is { } taken)
                return taken;
            if (world.Time.GetUtcNow() > end)
                throw new CommandException(ExitCode.Unavailable, busy, remedy);

            await Task.Delay(TimeSpan.FromMilliseconds(50), world.Time, cancellation);
        }
    }

    /// <summary>Whether a daemon, or a step taken by hand, is at work in the state directory.</summary>
    public static bool IsAtWork(World world)
    {
        using DaemonLock? mine = DaemonLock.TryTake(world.Desired.StateDirectory);
        return mine is null;
    }

    /// <summary>The configured certificate of this name; ends the command when there is none.</summary>
    public static DesiredCertificate Require(World world, string name) =>
        world.Desired.Certificates.TryGetValue(name, out DesiredCertificate? certificate)
            ? certificate
            : throw new CommandException(
                ExitCode.Usage,
                $"there is no certificate '{name}' in the configuration",
                $"it has {string.Join(", ", world.Desired.Certificates.Keys)}");

    /// <summary>Loads the configuration; ends the command with every error at once when it has any.</summary>
    public static Desired Load(string file)
    {
        ConfigurationResult result = ConfigurationFile.Load(file, ConfigurationFile.ProcessEnvironment());
        return result switch
        {
            ConfigurationResult.Valid valid => valid.Desired,
            ConfigurationResult.Invalid invalid => throw new CommandException(invalid.Errors),
            _ => throw new InvalidOperationException("unknown result of loading the configuration"),
        };
    }

    private static void MakeStateDirectory(string directory)
    {
        try
        {
            Directory.CreateDirectory(
                directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(
                ExitCode.Unavailable,
                $"user {Environment.UserName} cannot make the state directory {directory}: {e.Message.TrimEnd('.')}",
                "run it with sudo, or as the user of the daemon, or name another with [state] directory");
        }
    }

    private static TPort Make<TPort>(
        ImmutableArray<Entry<TPort>> entries, ProviderSettings settings, ProviderSurroundings surroundings) =>
        entries.Single(e => e.Description.Type == settings.Type).Create(settings, surroundings);
}

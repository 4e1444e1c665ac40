using System.Collections.Immutable;
using System.Net;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>
/// Reads the tables into what the operator wants. What is wrong is reported and replaced by what counts when it is left
/// out, so that the rest can still be judged.
/// </summary>
internal sealed class DesiredReader(KnownProviders providers)
{
    private static readonly string[] Sections = ["state", "resolver", "timing", "zones", "issuers", "certificates"];

    public Desired Read(TableReader root)
    {
        root.RefuseOthers(Sections);
        var desired = new Desired(
            StateDirectory(root.Table("state")),
            Resolver(root.Table("resolver")),
            Timing(root.Table("timing")),
            Zones(root.Table("zones")),
            Issuers(root.Table("issuers")),
            new CertificateReader(providers).Read(root.Table("certificates")));
        if (desired.Certificates.IsEmpty)
        {
            root.Warning(
                "certificates",
                "no certificate is configured, so there is nothing to keep fresh",
                "add a table [certificates.NAME]");
        }

        return desired;
    }

    private static string StateDirectory(TableReader? table)
    {
        table?.RefuseOthers([.. KnownKeys.State.Keys.Select(k => k.Name)]);
        if (table?.Text(KnownKeys.StateDirectory) is not { } path)
            return KnownKeys.DefaultStateDirectory;

        string key = KnownKeys.StateDirectory.Name;
        if (!Path.IsPathRooted(path))
            table.Error(key, $"'{path}' is not an absolute path", "write the whole path, beginning with /");
        else if (File.Exists(path))
            table.Error(key, $"{path} is a file, not a directory", "name a directory");

        return path;
    }

    private static ResolverSettings Resolver(TableReader? table)
    {
        table?.RefuseOthers([.. KnownKeys.Resolver.Keys.Select(k => k.Name)]);
        ImmutableArray<string> servers =
            table?.List<string>(KnownKeys.ResolverServers, SocketAddress) ?? [KnownKeys.DefaultResolver];
        if (servers.FirstOrDefault(s => !IPAddress.IsLoopback(IPEndPoint.Parse(s).Address)) is { } remote)
        {
            table!.Warning(
                KnownKeys.ResolverServers.Name,
                $"{remote} is not on this host: whoever sits between can forge what it says",
                "run a validating resolver such as Unbound on this host");
        }

        string? anchor = table?.Text(KnownKeys.TrustAnchor);
        if (anchor is not null && SettingCheck.FileFlaw(anchor, secret: false) is var (message, remedy))
            table!.Error(KnownKeys.TrustAnchor.Name, message, remedy);

        return new(servers, anchor);
    }

    private static Timing Timing(TableReader? table)
    {
        table?.RefuseOthers([.. KnownKeys.Timing.Keys.Select(k => k.Name)]);
        return new(
            table?.Duration(KnownKeys.Ttl) ?? KnownKeys.DefaultTtl,
            table?.Duration(KnownKeys.SafetyMargin) ?? KnownKeys.DefaultSafetyMargin,
            table?.Duration(KnownKeys.RollbackWindow) ?? KnownKeys.DefaultRollbackWindow)
        {
            VerificationPatience =
                table?.Duration(KnownKeys.VerificationPatience) ?? KnownKeys.DefaultVerificationPatience,
        };
    }

    private ImmutableSortedDictionary<string, ProviderSettings> Zones(TableReader? table)
    {
        var zones = ImmutableSortedDictionary.CreateBuilder<string, ProviderSettings>(StringComparer.Ordinal);
        foreach ((string name, TableReader zone) in table?.Tables() ?? [])
        {
            ProviderSettings settings = ProviderTable.Read(zone, KnownKeys.Provider, providers.Dns);
            if (!DnsName.TryNormalise(name, out string kept))
            {
                table!.Error(
                    name,
                    $"'{name}' is not a DNS name",
                    "write the zone's name in quotes, as in [zones.\"example.net\"]");
            }
            else if (!zones.TryAdd(kept, settings))
            {
                table!.Error(name, $"the zone {kept} has two tables", "keep one of the two");
            }
        }

        return zones.ToImmutable();
    }

    private ImmutableSortedDictionary<string, ProviderSettings> Issuers(TableReader? table)
    {
        var issuers = ImmutableSortedDictionary.CreateBuilder<string, ProviderSettings>(StringComparer.Ordinal);
        foreach ((string name, TableReader issuer) in table?.Tables() ?? [])
            issuers.Add(name, ProviderTable.Read(issuer, KnownKeys.IssuerType, providers.Issuers));

        return issuers.ToImmutable();
    }

    private static bool SocketAddress(string text, out string value, out string flaw, out string remedy)
    {
        value = text;
        (flaw, remedy) = SettingCheck.SocketAddressFlaw(text) ?? ("", "");
        return flaw.Length == 0;
    }
}

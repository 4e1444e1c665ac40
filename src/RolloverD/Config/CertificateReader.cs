using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>Reads the tables of certificates. What must hold between their values, the core's rules say.</summary>
internal sealed class CertificateReader(KnownProviders providers)
{
    private const string Deploy = "deploy";

    public ImmutableSortedDictionary<string, DesiredCertificate> Read(TableReader? table) =>
        (table?.Tables() ?? []).ToImmutableSortedDictionary(
            t => t.Name, t => Certificate(t.Name, t.Table), StringComparer.Ordinal);

    private DesiredCertificate Certificate(string name, TableReader table)
    {
        table.RefuseOthers([.. KnownKeys.Certificates.Keys.Select(k => k.Name), Deploy]);
        table.Missing(KnownKeys.Names);
        ImmutableArray<string> names = table.List<string>(KnownKeys.Names, Name) ?? [];
        ImmutableArray<ProviderSettings> deployments =
        [
            .. table.TableList(Deploy).Select(d => ProviderTable.Read(d, KnownKeys.MailServer, providers.MailServers)),
        ];
        if (deployments.IsEmpty && !table.Keys.Contains(Deploy))
        {
            table.Warning(
                Deploy,
                "no mail server is named: a new generation only appears below live/, and nothing is reloaded",
                $"add a table [[{table.Path.Key(Deploy)}]]");
        }

        return new(
            name,
            names,
            table.Required(KnownKeys.Issuer),
            table.Choice(KnownKeys.Key, PolicyWords.KeyAlgorithms) ?? KeyAlgorithm.EcdsaP256,
            table.Choice(KnownKeys.KeyPolicy, PolicyWords.KeyPolicies) ?? KeyPolicy.Standby,
            table.Duration(KnownKeys.RotateAfter) ?? KnownKeys.DefaultRotateAfter,
            table.Duration(KnownKeys.RenewBefore),
            table.List<TlsaParameters>(KnownKeys.Tlsa, Parameters) ?? [TlsaParameters.DaneEeSpkiSha256],
            table.List<Endpoint>(KnownKeys.Endpoints, EndpointText) ?? FirstNamed(table, names),
            deployments);
    }

    private static ImmutableArray<Endpoint> FirstNamed(TableReader table, ImmutableArray<string> names)
    {
        if (names.IsEmpty)
            return [];

        if (names[0].StartsWith('*'))
        {
            table.Missing(
                KnownKeys.Endpoints.Name,
                "is missing, and the first of names is a wildcard, which is no host",
                $"write it like endpoints = {KnownKeys.Endpoints.Example}");
            return [];
        }

        if (!Endpoint.TryParse(names[0], out Endpoint endpoint))
            return []; // the name is refused where it stands

        table.Alias(table.Path.Key(KnownKeys.Endpoints.Name).Item(0), table.Path.Key(KnownKeys.Names.Name).Item(0));
        return [endpoint];
    }

    private static bool Name(string text, out string value, out string flaw, out string remedy)
    {
        (flaw, remedy) = text.Length == 0 ? ("is empty", "write a host name such as mx1.example.net") : ("", "");
        value = text.TrimEnd('.').ToLowerInvariant();
        return flaw.Length == 0;
    }

    private static bool Parameters(string text, out TlsaParameters value, out string flaw, out string remedy)
    {
        flaw = $"'{text}' is not three numbers";
        remedy = "write usage, selector and matching type, as in \"3 1 1\"";
        return TlsaParameters.TryParse(text, out value);
    }

    private static bool EndpointText(string text, out Endpoint value, out string flaw, out string remedy)
    {
        flaw = $"'{text}' is not a host name and port";
        remedy = "write it like mx1.example.net:25; an address cannot have TLSA records";
        return Endpoint.TryParse(text, out value);
    }
}

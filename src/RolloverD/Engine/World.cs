using System.Collections.Immutable;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Engine;

/// <summary>
/// Everything outside that the engine works with: the configuration and one implementation of each port.
/// </summary>
/// <param name="Desired">The configuration.</param>
/// <param name="Time">The clock.</param>
/// <param name="Store">Facts and journal.</param>
/// <param name="Files">Keys, chains and live links.</param>
/// <param name="Authority">Authoritative servers.</param>
/// <param name="Handshake">Endpoints.</param>
/// <param name="ZoneOf">The configured zone that holds a name and its provider, or null.</param>
/// <param name="Issuer">The issuer of a configured name.</param>
/// <param name="MailServers">A certificate's deployments, in the configuration's order.</param>
/// <param name="Steady">
/// The clock by which waits are measured when somebody sets the other one; null trusts that nobody does.
/// </param>
internal sealed record World(
    Desired Desired,
    TimeProvider Time,
    IStore Store,
    IGenerationFiles Files,
    IAuthority Authority,
    IHandshake Handshake,
    Func<string, (string Zone, IDnsProvider Provider)?> ZoneOf,
    Func<string, IIssuer> Issuer,
    Func<DesiredCertificate, ImmutableArray<IMailServer>> MailServers,
    ISteadyClock? Steady = null);

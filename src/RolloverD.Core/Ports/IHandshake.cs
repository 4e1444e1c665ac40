using System.Collections.Immutable;
using RolloverD.Core.Dane;

namespace RolloverD.Core.Ports;

/// <summary>
/// Shakes hands with an endpoint as a sending mail server would and reports what each address presents.
/// </summary>
public interface IHandshake
{
    /// <summary>
    /// Looks up every address of the endpoint and, at each, makes one handshake a key family (with SNI), so that an RSA
    /// and an ECDSA certificate side by side are both seen. Never throws for what the network does.
    /// </summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="former">IP addresses that are tried also when the host does not have them any more.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<EndpointObservation> ObserveAsync(
        Endpoint endpoint, ImmutableArray<string> former, CancellationToken cancellation);
}

/// <summary>What was seen of an endpoint in one round of handshakes.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="StartedAt">When the round began.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="AddressProblem">Why no address could be found, or null.</param>
/// <param name="Addresses">One entry an address.</param>
/// <param name="Former">What was seen at addresses that the host does not have any more.</param>
/// <param name="AddressesTtl">How long a sender may keep the addresses.</param>
public sealed record EndpointObservation(
    Endpoint Endpoint,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    string? AddressProblem,
    ImmutableArray<AddressObservation> Addresses,
    ImmutableArray<AddressObservation> Former = default,
    TimeSpan AddressesTtl = default)
{
    /// <summary>What was seen at addresses that the host does not have any more.</summary>
    public ImmutableArray<AddressObservation> Former { get; init; } = Former.IsDefault ? [] : Former;

    /// <summary>Whether the endpoint has addresses and every one of them showed a chain and no fault.</summary>
    public bool IsComplete => Problem is null;

    /// <summary>The first thing that was wrong, in words, or null.</summary>
    public string? Problem =>
        AddressProblem is not null ? AddressProblem
        : Addresses.IsEmpty ? $"{Endpoint.Host} has no address"
        : Addresses
            .Select(a => a.Presented.Select(p => p.Fault).FirstOrDefault(f => f is not null) is { } fault
                ? $"{a.Address}: {fault}"
                : a.Presented.IsEmpty ? $"{a.Address}: nothing was presented" : null)
            .FirstOrDefault(p => p is not null);
}

/// <summary>
/// What one address presents: a chain for each key family that it has a certificate for, or a problem.
/// </summary>
/// <param name="Address">The IP address.</param>
/// <param name="Presented">At least one entry; several when several certificates are served side by side.</param>
/// <param name="IsLocal">
/// Whether the address is this host's own, so that a handshake with it never left the machine; when in doubt it is not.
/// </param>
public sealed record AddressObservation(string Address, ImmutableArray<Presented> Presented, bool IsLocal = false)
{
    /// <summary>Whether it answers and a handshake fails: senders that want TLS get no mail through.</summary>
    public bool IsBroken => Presented.Any(p => p.IsBroken);
}

/// <summary>The outcome of handshakes with one address.</summary>
public abstract record Presented
{
    private Presented()
    {
    }

    /// <summary>What went wrong, in words; null when a chain was shown.</summary>
    public string? Fault => this switch
    {
        NoStartTls no => no.Reason,
        HandshakeFailed failed => failed.Reason,
        Unreachable unreachable => unreachable.Reason,
        _ => null,
    };

    /// <summary>Whether the server answers and TLS does not come about.</summary>
    public bool IsBroken => this is NoStartTls or HandshakeFailed;

    /// <summary>The chain as it was sent.</summary>
    /// <param name="Chain">Leaf, ancestors and what else was sent.</param>
    /// <param name="Protocol">For people: <c>TLSv1.3</c> and cipher.</param>
    public sealed record Shows(Chain Chain, string Protocol) : Presented;

    /// <summary>The server answers SMTP but does not offer or refuses STARTTLS.</summary>
    public sealed record NoStartTls(string Reason) : Presented;

    /// <summary>TLS was begun and failed.</summary>
    public sealed record HandshakeFailed(string Reason) : Presented;

    /// <summary>No connection, or no SMTP greeting in time.</summary>
    public sealed record Unreachable(string Reason) : Presented;
}

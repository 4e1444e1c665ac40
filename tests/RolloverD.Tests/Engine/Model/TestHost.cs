using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;

namespace RolloverD.Tests.Engine.Model;

/// <summary>A mail server on two addresses that shows what live/ held when it was last reloaded.</summary>
internal sealed class TestHost(Effects effects, TestClock clock, Func<Chain?> live) : IMailServer, IHandshake
{
    /// <summary>What is shown; null before the first deployment.</summary>
    public Chain? Presented { get; set; }

    /// <summary>What was coming whenever it was asked whether it is ready.</summary>
    public List<string?> Coming { get; } = [];

    /// <summary>The endpoints that handshakes were made with.</summary>
    public List<Endpoint> Met { get; } = [];

    /// <summary>Its other address was taken out of DNS, and still leads here.</summary>
    public bool IsOtherOut { get; set; }

    public static TimeSpan AddressesTtl { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Handshakes fail.</summary>
    public bool Broken { get; set; }

    public Task<MailServerOutcome> PrepareAsync(LiveFiles files, CancellationToken cancellation)
    {
        effects.Do("prepare server");
        Coming.Add(files.Coming);
        return Task.FromResult<MailServerOutcome>(new MailServerOutcome.Done("ready"));
    }

    public Task<MailServerOutcome> ReloadAsync(LiveFiles files, CancellationToken cancellation)
    {
        effects.Do("reload server");
        Presented = live();
        return Task.FromResult<MailServerOutcome>(new MailServerOutcome.Done("reloaded"));
    }

    public Task<MailServerOutcome> ConfigureAsync(LiveFiles files, CancellationToken cancellation) =>
        throw new NotSupportedException("nothing is to be configured here");

    public Task<EndpointObservation> ObserveAsync(
        Endpoint endpoint, ImmutableArray<string> former, CancellationToken cancellation)
    {
        DateTimeOffset start = clock.GetUtcNow();
        effects.Do("shake hands");
        Met.Add(endpoint);
        Presented shown = Broken ? new Presented.HandshakeFailed("internal error")
            : Presented is { } chain
                ? new Presented.Shows(chain, "TLSv1.3")
                : new Presented.Unreachable("connection refused");
        var one = new AddressObservation("192.0.2.25", [shown]);
        AddressObservation other = one with { Address = "192.0.2.26" };
        return Task.FromResult(new EndpointObservation(
            endpoint, start, clock.GetUtcNow(), null, IsOtherOut ? [one] : [one, other],
            IsOtherOut && former.Contains(other.Address) ? [other] : [], AddressesTtl));
    }
}

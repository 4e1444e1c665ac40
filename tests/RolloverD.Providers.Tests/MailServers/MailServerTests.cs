using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using RolloverD.Core.Dane;
using RolloverD.Core.Ports;
using RolloverD.Smtp;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Providers.Tests.MailServers;

/// <summary>What tests of mail servers have in common: live files, and eyes of their own.</summary>
public abstract class MailServerTests
{
    protected const string Host = "mx1.example.test";

    /// <summary>How long busy workers may go on with the old chain.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    protected static readonly TestCertificate Root = TestCertificate.Root("Test Root");

    protected static LiveDirectory LiveOf(IMailServerSandbox sandbox, string certificate = "mx1") =>
        new($"{sandbox.Directory}/state", certificate);

    protected static async Task ConfigureAndStartAsync(IMailServerSandbox sandbox, params LiveDirectory[] lives)
    {
        foreach (LiveDirectory live in lives)
        {
            MailServerOutcome outcome = await sandbox.Server.ConfigureAsync(live.Files, default);
            Assert.True(outcome is MailServerOutcome.Done, $"{outcome}");
        }

        await sandbox.StartAsync();
    }

    /// <summary>Waits until handshakes show just these leaves, in whatever order.</summary>
    protected static Task ShowsOnlyAsync(IMailServerSandbox sandbox, params TestCertificate[] leaves)
    {
        string[] expected = [.. leaves.Select(l => Convert.ToHexString(l.Der)).Order()];
        return UntilAsync(sandbox, seen => seen.All(p => p is Presented.Shows)
            && seen.OfType<Presented.Shows>().Select(s => Convert.ToHexString(s.Chain.Leaf.Der.AsSpan())).Order()
                .SequenceEqual(expected));
    }

    protected static async Task<ImmutableArray<Presented>> PresentedAsync(IMailServerSandbox sandbox)
    {
        var handshake = new Handshake(new SystemAddressLookup(), new HandshakeSettings(), TimeProvider.System);

        // By address, since the name of the test exists nowhere; Postfix without SNI maps does not mind.
        EndpointObservation seen = await handshake.ObserveAsync(
            new Endpoint(IPAddress.Loopback.ToString(), sandbox.Port), [], default);
        return Assert.Single(seen.Addresses).Presented;
    }

    protected static async Task UntilAsync(IMailServerSandbox sandbox, Func<ImmutableArray<Presented>, bool> reached)
    {
        var clock = Stopwatch.StartNew();
        ImmutableArray<Presented> seen;
        do
        {
            seen = await PresentedAsync(sandbox);
            if (reached(seen))
                return;

            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
        while (clock.Elapsed < Patience);

        Assert.Fail($"after {Patience.TotalSeconds} s still: {string.Join(" | ", seen)}");
    }
}

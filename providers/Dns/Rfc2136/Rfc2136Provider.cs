using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Providers.Dns.Rfc2136.Wire;

namespace RolloverD.Providers.Dns.Rfc2136;

/// <summary>
/// Changes records by dynamic updates, signed with TSIG, at the zone's primary server: BIND, Knot DNS, PowerDNS and
/// others. The server compares and sets in one go, so a change never overwrites what somebody else did meanwhile.
/// </summary>
/// <remarks>RFC 2136, RFC 8945.</remarks>
public sealed class Rfc2136Provider : IDnsProvider
{
    public static readonly ProviderDescription Description = new(
        "rfc2136",
        "dynamic updates signed with TSIG, as BIND, Knot DNS and PowerDNS take them",
        [
            new("server", SettingKind.SocketAddress, true, "the zone's primary server"),
            new("tsig-file", SettingKind.File, true,
                "the key for TSIG in BIND's key-file syntax, as tsig-keygen writes it") { Secret = true },
        ]);

    private const int Attempts = 2;

    private static readonly TimeSpan ReadBackLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReadBackPause = TimeSpan.FromMilliseconds(50);

    private readonly string _zone;
    private readonly TimeProvider _time;
    private readonly PrimaryServer _server;

    /// <param name="zone">The zone that is written, lower case, without the final dot.</param>
    /// <param name="server">Where its primary server takes updates.</param>
    /// <param name="keyFile">The file with the TSIG key; read anew at each request.</param>
    /// <param name="time">The clock.</param>
    /// <param name="timeout">How long one request may take.</param>
    public Rfc2136Provider(string zone, IPEndPoint server, string keyFile, TimeProvider time, TimeSpan timeout)
    {
        _zone = zone;
        _time = time;
        _server = new(server, keyFile, time, timeout);
    }

    /// <summary>Makes the provider from settings that were checked against <see cref="Description"/>.</summary>
    public static Rfc2136Provider Create(ProviderSettings settings, ProviderSurroundings surroundings) => new(
        surroundings.Zone ?? throw new InvalidOperationException("the rfc2136 provider was made without a zone"),
        IPEndPoint.Parse(settings.Get("server")),
        settings.Get("tsig-file"),
        surroundings.Time,
        TimeSpan.FromSeconds(10));

    public async Task<DnsReadOutcome> ReadAsync(string owner, DnsRecordType type, CancellationToken cancellation) =>
        await LookAsync(owner, type, cancellation).ConfigureAwait(false) switch
        {
            Look.Found found => new DnsReadOutcome.Found(found.Held.Set),
            Look.Refused refused => new DnsReadOutcome.Refused(refused.Reason, refused.Remedy),
            Look.Unavailable unavailable => new DnsReadOutcome.Unavailable(unavailable.Reason, unavailable.Remedy),
            var look => throw new InvalidOperationException($"no such outcome: {look}"),
        };

    public async Task<DnsChangeOutcome> ChangeAsync(DnsChange change, CancellationToken cancellation)
    {
        CanonicalChange wanted = CanonicalChange.From(change);
        Look look = await LookAsync(change.Owner, change.Type, cancellation).ConfigureAwait(false);
        for (int attempt = 1; ; attempt++)
        {
            if (look is not Look.Found { Held: { } held })
                return NotRead(look, "");
            if (wanted.IsDoneIn(held.Set))
                return new DnsChangeOutcome.Applied(held.Set);

            // Records that stay are written again to change their TTL. Without a condition that could bring back what
            // somebody else has removed since it was read, so then what was read is the condition.
            // So it is where an earlier try has done all but that.
            ImmutableArray<string>? condition =
                wanted.ChangesTtl(held.Set) && (wanted.Expected is null || wanted.IsDoneButForTtlIn(held.Set))
                    ? held.Set.Values
                    : wanted.Expected;
            byte[] request = RequestMessage.Update(NewId(), _zone, wanted, held, condition);
            Exchange exchange = await _server.AskAsync(request, cancellation).ConfigureAwait(false);
            switch (exchange)
            {
                case Exchange.NotAccepted(var reason, var remedy, true):
                    return new DnsChangeOutcome.Refused(reason, remedy);

                // RFC 8945 §5.3.2: that a key or a digest is wrong comes unsigned, so anybody on the way may say it and
                // have the update carried out. What really is wrong with a key was told at the question before.
                case Exchange.NotAccepted(var reason, var remedy, false):
                    return new DnsChangeOutcome.Unknown(reason, remedy);
                case Exchange.Failed(var reason, var remedy):
                    return new DnsChangeOutcome.Unknown(reason, remedy);
            }

            Rcode code = ((Exchange.Answered)exchange).Reply.Rcode;
            if (code == Rcode.NoError)
                return await ReadBackAsync(wanted, cancellation).ConfigureAwait(false);
            if (code is not (Rcode.YxDomain or Rcode.YxRrset or Rcode.NxDomain or Rcode.NxRrset))
            {
                (bool final, string reason, string remedy) =
                    ServerErrors.OfUpdate(code, _server.Address, _zone, wanted.Owner);
                return final
                    ? new DnsChangeOutcome.Refused(reason, remedy)
                    : new DnsChangeOutcome.Unknown(reason, remedy);
            }

            // RFC 2136 §3.2: the set is not what the condition says, and nothing was changed.
            look = await LookAfterConflictAsync(wanted, cancellation).ConfigureAwait(false);
            if (look is not Look.Found { Held.Set: { } now })
                return NotRead(look, "nothing was changed, because the records are not as expected, but ");
            if (wanted.IsDoneIn(now))
                return new DnsChangeOutcome.Applied(now);
            if (wanted.Expected is { } expected && !now.HasSameValues(expected))
                return new DnsChangeOutcome.Conflict(now);
            if (attempt >= Attempts)
                return NeverAsRead(wanted);
        }
    }

    private static ushort NewId() => (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);

    private static DnsChangeOutcome NotRead(Look look, string before) => look switch
    {
        Look.Refused refused => new DnsChangeOutcome.Refused(before + refused.Reason, refused.Remedy),
        Look.Unavailable lost => new DnsChangeOutcome.Unknown(before + lost.Reason, lost.Remedy),
        _ => throw new InvalidOperationException($"no such outcome: {look}"),
    };

    private DnsChangeOutcome NeverAsRead(CanonicalChange wanted) => wanted.Expected is null
        ? new DnsChangeOutcome.Unknown(
            $"the records of {wanted.Owner} at {_server.Address} changed {Attempts} times while being changed",
            "find out what else writes them; the next try may succeed")
        : new DnsChangeOutcome.Refused(
            $"{_server.Address} serves just the expected records for {wanted.Owner} and says that it does not hold "
            + $"them: most likely a wildcard in {_zone} makes them",
            $"remove the wildcard, or write one record of {wanted.Owner} into the zone by hand");

    /// <summary>Looks what stands there instead; a server that signs apart may show the old set for a moment.</summary>
    private async Task<Look> LookAfterConflictAsync(CanonicalChange wanted, CancellationToken cancellation)
    {
        long start = _time.GetTimestamp();
        while (true)
        {
            Look look = await LookAsync(wanted.Owner, wanted.Type, cancellation).ConfigureAwait(false);
            if (look is not Look.Found { Held.Set: { } now }
                || wanted.Expected is not { } expected || !now.HasSameValues(expected)
                || _time.GetElapsedTime(start) > ReadBackLimit)
            {
                return look;
            }

            await Task.Delay(ReadBackPause, _time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Asks until the server shows what it says it did: at once, or soon after when it signs apart.</summary>
    private async Task<DnsChangeOutcome> ReadBackAsync(CanonicalChange wanted, CancellationToken cancellation)
    {
        long start = _time.GetTimestamp();
        while (true)
        {
            Look look = await LookAsync(wanted.Owner, wanted.Type, cancellation).ConfigureAwait(false);
            if (look is Look.Found { Held.Set: { } now } && wanted.IsShownBy(now))
                return new DnsChangeOutcome.Applied(now);

            if (_time.GetElapsedTime(start) > ReadBackLimit)
            {
                // A server may keep TTLs below a limit of its own (BIND's max-zone-ttl) and says nothing of it.
                if (look is Look.Found { Held.Set: { } held } && wanted.HasValuesIn(held))
                    return new DnsChangeOutcome.Applied(held);
                return new DnsChangeOutcome.Unknown(
                    $"{_server.Address} confirmed the change of {wanted.Owner} and does not show it after "
                    + $"{ReadBackLimit.TotalSeconds} s" + (look is Look.Found ? "" : $": {NotReadReason(look)}"),
                    "see the server's log: another view, or something else that writes these records, may explain it");
            }

            await Task.Delay(ReadBackPause, _time, cancellation).ConfigureAwait(false);
        }
    }

    private static string NotReadReason(Look look) => look switch
    {
        Look.Refused refused => refused.Reason,
        Look.Unavailable lost => lost.Reason,
        _ => "",
    };

    private async Task<Look> LookAsync(string owner, DnsRecordType type, CancellationToken cancellation)
    {
        if (!DnsName.IsAtOrBelow(owner, _zone))
        {
            return new Look.Refused(
                $"{owner} does not lie in the zone {_zone}", $"configure the zone that holds {owner}");
        }

        byte[] request = RequestMessage.Question(NewId(), owner, type);
        return await _server.AskAsync(request, cancellation).ConfigureAwait(false) switch
        {
            Exchange.NotAccepted(var reason, var remedy, _) => new Look.Refused(reason, remedy),
            Exchange.Failed(var reason, var remedy) => new Look.Unavailable(reason, remedy),
            Exchange.Answered(var reply) => Look.At(reply, _server.Address, _zone, owner, type),
            var exchange => throw new InvalidOperationException($"no such outcome: {exchange}"),
        };
    }
}

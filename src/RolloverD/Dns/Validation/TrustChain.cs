using System.Collections.Concurrent;
using System.Collections.Immutable;
using RolloverD.Dns.Messages;
using RolloverD.Dns.Transport;

namespace RolloverD.Dns.Validation;

/// <summary>
/// Follows the chain of trust from the root's anchor down to the zone that holds a name: at each label the parent
/// either signs the fingerprint of a key (DS), or proves that there is none. Built anew for each round, so that
/// nothing stale is believed.
/// </summary>
/// <remarks>RFC 4035 §5.2 for the links, RFC 4035 §4.3 for the four outcomes.</remarks>
internal sealed class TrustChain(LocalResolver resolver, TrustAnchors anchors, TimeProvider clock)
{
    private readonly ConcurrentDictionary<Name, Lazy<Task<Trust>>> links = new();

    /// <summary>The trust in the deepest zone at or above the name.</summary>
    public Task<Trust> OfAsync(Name name) => links.GetOrAdd(name, n => new(() => FindAsync(n))).Value;

    private async Task<Trust> FindAsync(Name name)
    {
        try
        {
            return name.IsRoot ? await FindRootAsync() : await FindBelowRootAsync(name);
        }
        catch (FormatException malformed)
        {
            return new Trust.Bogus($"the DS or DNSKEY records of {name} are malformed: {malformed.Message}");
        }
    }

    private async Task<Trust> FindBelowRootAsync(Name name)
    {
        // Asked before the parent is known, so that all questions of the chain are under way together.
        Task<Reply> asking = resolver.AskAsync(name, RecordType.Ds);
        Trust parent = await OfAsync(name.Parent);
        Reply reply = await asking;
        if (parent is not Trust.Secure(var parentKeys))
            return parent;
        if (reply is not Reply.Answered(var message))
            return new Trust.Unknown(reply.Problem);

        return Judgement.Signed(message, new(name, RecordType.Ds), parentKeys, clock.GetUtcNow()) switch
        {
            Judgement.Positive { Expires: { } expires } signed => await DescendAsync(name, signed.Records, expires),
            Judgement.Absent { IsDelegation: true } =>
                new Trust.Insecure($"{parentKeys.Zone} delegates {name} without DS record"),
            Judgement.Absent or Judgement.Alias => parent,
            Judgement.AbsentInsecurely open => new Trust.Insecure(open.Reason),
            Judgement.Bogus bogus => new Trust.Bogus(bogus.Reason),
            _ => throw new InvalidOperationException("a judgement of an unknown kind"),
        };
    }

    private async Task<Trust> DescendAsync(
        Name zone, ImmutableArray<ResourceRecord> records, DateTimeOffset expires)
    {
        ImmutableArray<DelegationSigner> signers =
            DelegationSigner.Usable(records.Select(r => DelegationSigner.Read(r.Data)));
        if (signers.IsEmpty)
            return new Trust.Insecure($"{zone} is signed only with algorithms that are not supported");
        Reply reply = await resolver.AskAsync(zone, RecordType.Dnskey);
        return Verify(
            zone, reply, (key, data) => signers.Any(s => s.Matches(zone, key, data)), "the parent's DS", expires);
    }

    private async Task<Trust> FindRootAsync()
    {
        Reply reply = await resolver.AskAsync(Name.Root, RecordType.Dnskey);
        if (reply is Reply.Answered(var message)
            && Rrset.Find(message.Answer, Name.Root, RecordType.Dnskey) is { Signatures.IsEmpty: true })
        {
            return new Trust.Unknown("the resolver does not hand out signatures: it does not support DNSSEC");
        }

        return Verify(Name.Root, reply, anchors.Hold, "the trust anchor", DateTimeOffset.MaxValue);
    }

    // RFC 4035 §5.2: a key that the parent vouches for must have signed the zone's set of keys.
    private Trust Verify(
        Name zone, Reply reply, Func<DnsKey, byte[], bool> isVouchedFor, string voucher, DateTimeOffset expires)
    {
        if (reply is not Reply.Answered(var message))
            return new Trust.Unknown(reply.Problem);
        if (Rrset.Find(message.Answer, zone, RecordType.Dnskey) is not { } set)
            return new Trust.Bogus($"{zone} has no DNSKEY record although {voucher} names one");
        var keys = set.Records.Select(r => (Key: DnsKey.Read(r.Data), r.Data)).Where(k => k.Key.MaySign).ToList();
        var entry = new ZoneKeys(
            zone, [.. keys.Where(k => isVouchedFor(k.Key, k.Data)).Select(k => k.Key)], expires);
        if (entry.Keys.IsEmpty)
            return new Trust.Bogus($"no key of {zone} matches {voucher}");
        return set.Verify(entry, clock.GetUtcNow()) switch
        {
            Verification.Valid valid => new Trust.Secure(new(zone, [.. keys.Select(k => k.Key)], valid.Expires)),
            Verification.Invalid invalid => new Trust.Bogus(invalid.Reason),
            _ => throw new InvalidOperationException("a verification of an unknown kind"),
        };
    }
}

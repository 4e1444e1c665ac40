using System.Collections.Immutable;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Validation;

/// <summary>What signed NSEC or NSEC3 records prove about the absence of something.</summary>
internal abstract record Denial
{
    private Denial()
    {
    }

    /// <summary>The name exists and has no record of the type.</summary>
    /// <param name="IsDelegation">The name is a zone cut: with DS absent, what lies below is insecure.</param>
    internal sealed record NoSuchType(bool IsDelegation) : Denial;

    /// <summary>The name does not exist, nor a wildcard that would stand in for it.</summary>
    internal sealed record NoSuchName : Denial;

    /// <summary>The records allow an unsigned delegation (opt-out), or are too costly: insecure.</summary>
    /// <param name="Reason">Why.</param>
    /// <param name="DeniesSigned">
    /// The zone itself has no such record all the same: opt-out leaves out unsigned delegations and nothing else.
    /// </param>
    internal sealed record Unprovable(string Reason, bool DeniesSigned) : Denial;

    /// <summary>No proof.</summary>
    internal sealed record Unproven(string Reason) : Denial;

    /// <summary>Reads the proof out of a negative answer's authority section.</summary>
    public static Denial Of(Message message, Question question, ZoneKeys zone, DateTimeOffset now)
    {
        Proof proof = Proof.From(message.Authority, zone, now);
        return proof.Nsec.Length > 0 ? Nsec.Examine(proof.Nsec, question)
            : proof.Nsec3.Length > 0 ? Nsec3.Examine(proof.Nsec3, question, zone.Zone)
            : new Unproven(proof.Problem);
    }

    /// <summary>
    /// Whether the authority section proves that the name itself does not exist, so that a wildcard below the closest
    /// encloser rightly answered for it; null when it does, else why not.
    /// </summary>
    /// <remarks>RFC 4035 §5.3.4, RFC 5155 §8.8.</remarks>
    public static string? ProblemWithExpansion(
        Message message, Name name, int signedLabels, ZoneKeys zone, DateTimeOffset now)
    {
        Proof proof = Proof.From(message.Authority, zone, now);
        Name nextCloser = name.Last(signedLabels + 1);
        bool proven = proof.Nsec.Any(n => n.Covers(nextCloser) && !n.Next.IsBelow(nextCloser))
            || Nsec3.IsUsable(proof.Nsec3) && proof.Nsec3.Any(n => n.Covers(nextCloser));
        return proven ? null : $"a wildcard answered for {name} without proof that the name does not exist";
    }

    private sealed record Proof(ImmutableArray<Nsec> Nsec, ImmutableArray<Nsec3> Nsec3, string Problem)
    {
        /// <summary>Keeps what the zone signed; records that a wildcard made prove nothing.</summary>
        public static Proof From(ImmutableArray<ResourceRecord> authority, ZoneKeys zone, DateTimeOffset now)
        {
            var nsec = ImmutableArray.CreateBuilder<Nsec>();
            var nsec3 = ImmutableArray.CreateBuilder<Nsec3>();
            string problem = $"no signed proof of absence from {zone.Zone}";
            var owners = authority.Where(r => r.Type is RecordType.Nsec or RecordType.Nsec3)
                .Select(r => (r.Owner, r.Type))
                .Distinct();
            foreach ((Name owner, RecordType type) in owners)
            {
                Rrset set = Rrset.Find(authority, owner, type)!;
                Verification verification = set.Verify(zone, now);
                if (verification is Verification.Invalid invalid)
                    problem = invalid.Reason;
                else if (((Verification.Valid)verification).Labels != owner.LabelCount - (owner.IsWildcard ? 1 : 0))
                    problem = $"the proof of absence at {owner} was made by a wildcard";
                else if (type == RecordType.Nsec)
                    nsec.Add(Validation.Nsec.Read(set.Records[0]));
                else if (owner.LabelCount == zone.Zone.LabelCount + 1)
                    nsec3.AddRange(set.Records.Select(Validation.Nsec3.Read).OfType<Nsec3>());
            }

            return new(nsec.ToImmutable(), nsec3.ToImmutable(), problem);
        }
    }
}

using System.Collections.Immutable;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Validation;

/// <summary>An NSEC record whose signature verified: the next name in the zone and the types of this one.</summary>
/// <remarks>RFC 4034 §4.1.</remarks>
internal sealed record Nsec(Name Owner, Name Next, TypeBitmap Types)
{
    public static Nsec Read(ResourceRecord record)
    {
        var reader = new WireReader(record.Data);
        Name next = reader.ReadName();
        return new(record.Owner, next, new(reader.TakeRest()));
    }

    /// <summary>Whether the name falls between owner and next, so that it does not exist.</summary>
    public bool Covers(Name name)
    {
        // What lies below a zone cut or a DNAME is not this record's to deny. RFC 6840 §4.1.
        if (name.IsBelow(Owner) && (Types.IsDelegation || Types.Has(RecordType.Dname)))
            return false;
        bool isAfter = Owner.CompareTo(name) < 0;
        bool isLast = Next.CompareTo(Owner) <= 0;
        return isAfter && (isLast ? name.IsAtOrBelow(Next) : name.CompareTo(Next) < 0);
    }

    /// <summary>Reads what a set of NSEC records proves about a question. RFC 4035 §5.4.</summary>
    public static Denial Examine(ImmutableArray<Nsec> records, Question question)
    {
        Name name = question.Name;
        if (records.FirstOrDefault(n => n.Owner.Equals(name)) is { } own)
        {
            if (own.Types.Has(RecordType.Nxname))
                return new Denial.NoSuchName();
            return own.Types.Denies(question.Type)
                ? new Denial.NoSuchType(own.Types.IsDelegation)
                : new Denial.Unproven($"the NSEC record of {name} does not deny {question}");
        }

        if (records.FirstOrDefault(n => n.Covers(name)) is not { } covering)
            return new Denial.Unproven($"no NSEC record covers {name}");
        if (covering.Next.IsBelow(name))
            return new Denial.NoSuchType(IsDelegation: false);

        int enclosed = Math.Max(name.CommonLabels(covering.Owner), name.CommonLabels(covering.Next));
        if (!name.Last(enclosed).TryPrepend("*"u8, out Name? wildcard))
            return new Denial.NoSuchName();
        if (records.FirstOrDefault(n => n.Owner.Equals(wildcard)) is { } atWildcard)
        {
            return atWildcard.Types.Denies(question.Type)
                ? new Denial.NoSuchType(IsDelegation: false)
                : new Denial.Unproven($"{wildcard} may answer {question}");
        }

        return records.Any(n => n.Covers(wildcard))
            ? new Denial.NoSuchName()
            : new Denial.Unproven($"no NSEC record denies {wildcard}");
    }
}

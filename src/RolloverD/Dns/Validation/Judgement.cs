using System.Collections.Immutable;
using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Validation;

/// <summary>What one message says about one name and type, after its signatures were looked at.</summary>
internal abstract record Judgement
{
    private Judgement()
    {
    }

    /// <summary>The records are there.</summary>
    /// <param name="Records">All of them.</param>
    /// <param name="Ttl">Their TTL: the signed one, or as it came when nothing is signed.</param>
    /// <param name="Expires">
    /// Until when the signature is valid, and those that its keys are trusted by; null when nothing is signed.
    /// </param>
    internal sealed record Positive(
        ImmutableArray<ResourceRecord> Records, TimeSpan Ttl, DateTimeOffset? Expires) : Judgement;

    /// <summary>The name is an alias.</summary>
    internal sealed record Alias(Name Target, TimeSpan Ttl, DateTimeOffset? Expires) : Judgement;

    /// <summary>There is no such record.</summary>
    /// <param name="NameExists">False for NXDOMAIN.</param>
    /// <param name="IsDelegation">With DS absent: the name is a zone cut.</param>
    internal sealed record Absent(bool NameExists, bool IsDelegation) : Judgement
    {
        /// <summary>False in an insecure zone, where nothing proves it.</summary>
        public bool IsSigned { get; init; } = true;
    }

    /// <summary>The absence lies where the zone does not sign absences (opt-out): neither proven nor forged.</summary>
    /// <param name="NameExists">False for NXDOMAIN.</param>
    /// <param name="Reason">Why nothing is proven.</param>
    /// <param name="DeniesSigned">What is proven all the same: the zone has no signed record of the kind.</param>
    internal sealed record AbsentInsecurely(bool NameExists, string Reason, bool DeniesSigned) : Judgement;

    /// <summary>It does not verify.</summary>
    internal sealed record Bogus(string Reason) : Judgement;

    /// <summary>Judges a message of a secure zone: whatever is not signed by the zone's keys is bogus.</summary>
    public static Judgement Signed(Message message, Question question, ZoneKeys zone, DateTimeOffset now)
    {
        try
        {
            return JudgeSigned(message, question, zone, now);
        }
        catch (FormatException malformed)
        {
            return new Bogus($"the answer for {question} holds a malformed record: {malformed.Message}");
        }
    }

    /// <summary>Reads a message of an insecure zone as it is.</summary>
    public static Judgement Unsigned(Message message, Question question)
    {
        try
        {
            if (Rrset.Find(message.Answer, question.Name, question.Type) is { } set)
                return new Positive(set.Records, set.Ttl, Expires: null);
            if (FindAlias(message, question) is not { } alias)
                return ForeignRecords(message, question) is { } foreign
                    ? foreign
                    : new Absent(message.Code == ResponseCode.NoError, IsDelegation: false) { IsSigned = false };
            return Follow(alias, question.Name, alias.Ttl, expires: null);
        }
        catch (FormatException malformed)
        {
            return new Bogus($"the answer for {question} holds a malformed record: {malformed.Message}");
        }
    }

    private static Judgement JudgeSigned(Message message, Question question, ZoneKeys zone, DateTimeOffset now)
    {
        Rrset? set = Rrset.Find(message.Answer, question.Name, question.Type) ?? FindAlias(message, question);
        if (set is null)
            return ForeignRecords(message, question) ?? JudgeAbsence(message, question, zone, now);
        Verification verification = set.Verify(zone, now);
        if (verification is Verification.Invalid invalid)
            return new Bogus(invalid.Reason);

        var valid = (Verification.Valid)verification;
        bool isExpanded = valid.Labels < set.Owner.LabelCount - (set.Owner.IsWildcard ? 1 : 0);
        if (isExpanded
            && Denial.ProblemWithExpansion(message, set.Owner, valid.Labels, zone, now) is { } problem)
        {
            return new Bogus(problem);
        }

        return set.Type == question.Type
            ? new Positive(set.Records, valid.Ttl, valid.Expires)
            : Follow(set, question.Name, valid.Ttl, valid.Expires);
    }

    private static Judgement JudgeAbsence(Message message, Question question, ZoneKeys zone, DateTimeOffset now) =>
        Denial.Of(message, question, zone, now) switch
        {
            Denial.NoSuchType found => new Absent(NameExists: true, found.IsDelegation),
            Denial.NoSuchName => new Absent(NameExists: false, IsDelegation: false),
            Denial.Unprovable open =>
                new AbsentInsecurely(message.Code == ResponseCode.NoError, open.Reason, open.DeniesSigned),
            Denial.Unproven unproven => new Bogus($"the absence of {question} is not proven: {unproven.Reason}"),
            _ => throw new InvalidOperationException("a denial of an unknown kind"),
        };

    // A DNAME above the name counts before the CNAME that a server makes from it, which is never signed. RFC 6672 §3.1.
    private static Rrset? FindAlias(Message message, Question question)
    {
        if (question.Type == RecordType.Cname)
            return null;
        Name? above = message.Answer.FirstOrDefault(r => r.Type == RecordType.Dname && question.Name.IsBelow(r.Owner))
            ?.Owner;
        return above is not null
            ? Rrset.Find(message.Answer, above, RecordType.Dname)
            : Rrset.Find(message.Answer, question.Name, RecordType.Cname);
    }

    private static Judgement Follow(Rrset alias, Name name, TimeSpan ttl, DateTimeOffset? expires)
    {
        if (alias.Records.Length != 1)
            return new Bogus($"{alias.Owner} has {alias.Records.Length} alias records where only one may be");
        Name target = alias.Records[0].Target;
        if (alias.Type == RecordType.Dname)
        {
            if (!name.TryMove(alias.Owner, target, out Name? moved))
                return new Bogus($"{name} grows too long through the DNAME at {alias.Owner}");
            target = moved;
        }

        return new Alias(target, ttl, expires);
    }

    private static Bogus? ForeignRecords(Message message, Question question)
    {
        ResourceRecord? foreign = message.Answer.FirstOrDefault(r => r.Type != RecordType.Rrsig);
        return foreign is null
            ? null
            : new Bogus($"the answer for {question} holds records of {foreign.Owner} instead");
    }
}

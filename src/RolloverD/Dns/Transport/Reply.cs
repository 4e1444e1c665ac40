using RolloverD.Dns.Messages;

namespace RolloverD.Dns.Transport;

/// <summary>What came back for one question to one server.</summary>
internal abstract record Reply
{
    private Reply()
    {
    }

    /// <summary>A message that answers this very question.</summary>
    internal sealed record Answered(Message Message) : Reply;

    /// <summary>No connection, or no answer in time.</summary>
    internal sealed record Unreachable(string Reason) : Reply;

    /// <summary>What came is no answer to the question: malformed, a wrong id, an error code.</summary>
    internal sealed record Malformed(string Reason) : Reply;

    /// <summary>Why there is no message; empty when there is one.</summary>
    public string Problem => this switch
    {
        Unreachable unreachable => unreachable.Reason,
        Malformed malformed => malformed.Reason,
        _ => "",
    };
}

/// <summary>How long answers are waited for.</summary>
/// <param name="Question">For one question, connection included.</param>
/// <param name="Round">For all questions of one observation together.</param>
public sealed record DnsPatience(TimeSpan Question, TimeSpan Round)
{
    public static readonly DnsPatience Usual = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5));
}

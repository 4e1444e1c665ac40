using RolloverD.Providers.Dns.Rfc2136.Wire;

namespace RolloverD.Providers.Dns.Rfc2136;

/// <summary>What came of sending one signed request to the server.</summary>
internal abstract record Exchange
{
    private Exchange()
    {
    }

    /// <summary>A reply to this very request, signed with the shared key: whatever it says can be believed.</summary>
    public sealed record Answered(Reply Reply) : Exchange;

    /// <summary>The server does not accept the request's signature, or there is no key to sign with.</summary>
    /// <param name="Reason">What is wrong.</param>
    /// <param name="Remedy">What to do about it.</param>
    /// <param name="IsProven">False where anybody on the way could have said so and passed the request on.</param>
    public sealed record NotAccepted(string Reason, string Remedy, bool IsProven) : Exchange;

    /// <summary>No reply, or one that proves nothing.</summary>
    public sealed record Failed(string Reason, string Remedy) : Exchange;
}

namespace RolloverD.Dns.Validation;

/// <summary>How far a name can be trusted: the zone that holds it, as the chain from the anchor shows it.</summary>
internal abstract record Trust
{
    private Trust()
    {
    }

    /// <summary>The chain leads to this zone, and no signed delegation lies between it and the name.</summary>
    internal sealed record Secure(ZoneKeys Keys) : Trust;

    /// <summary>A delegation on the way is proven to be unsigned.</summary>
    internal sealed record Insecure(string Reason) : Trust;

    /// <summary>A link of the chain should be there and does not verify.</summary>
    internal sealed record Bogus(string Reason) : Trust;

    /// <summary>A link could not be had.</summary>
    internal sealed record Unknown(string Reason) : Trust;
}

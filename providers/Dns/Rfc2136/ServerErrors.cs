using System.Net;
using RolloverD.Providers.Dns.Rfc2136.Wire;

namespace RolloverD.Providers.Dns.Rfc2136;

/// <summary>Says in words what an authenticated error of the server means and what to do about it.</summary>
internal static class ServerErrors
{
    /// <summary>The code's name as DNS people write it.</summary>
    public static string Name(Rcode code) => code switch
    {
        Rcode.NoError => "NOERROR",
        Rcode.FormErr => "FORMERR",
        Rcode.ServFail => "SERVFAIL",
        Rcode.NxDomain => "NXDOMAIN",
        Rcode.NotImp => "NOTIMP",
        Rcode.Refused => "REFUSED",
        Rcode.YxDomain => "YXDOMAIN",
        Rcode.YxRrset => "YXRRSET",
        Rcode.NxRrset => "NXRRSET",
        Rcode.NotAuth => "NOTAUTH",
        Rcode.NotZone => "NOTZONE",
        Rcode.BadSig => "BADSIG",
        Rcode.BadKey => "BADKEY",
        Rcode.BadTime => "BADTIME",
        Rcode.BadTrunc => "BADTRUNC",
        _ => $"code {(int)code}",
    };

    /// <summary>An update that was not made. True when trying again changes nothing until somebody acts.</summary>
    /// <remarks>RFC 2136 §2.2.</remarks>
    public static (bool Final, string Reason, string Remedy) OfUpdate(
        Rcode code, IPEndPoint server, string zone, string owner) => code switch
        {
            Rcode.Refused => (true,
                $"{server} refuses to change {owner} (REFUSED): its policy does not let this key do it",
                $"allow the key in the zone's update-policy or allow-update, for {owner} with the types TLSA and TXT; "
                + "if it is allowed, see whether the zone is frozen or the server only a secondary"),
            Rcode.NotAuth => (true,
                $"{server} is not a server of the zone {zone} (NOTAUTH)",
                $"name the primary server of {zone} as 'server', or correct the zone's name"),
            Rcode.NotZone => (true,
                $"{server} says that {owner} does not lie in the zone {zone} (NOTZONE)",
                $"configure the zone that holds {owner}; it may be delegated"),
            Rcode.NotImp => (true,
                $"{server} does not take dynamic updates (NOTIMP)",
                $"name the primary server of {zone} as 'server', or turn dynamic updates on there"),
            Rcode.FormErr => (true,
                $"{server} cannot read the update for {owner} (FORMERR)",
                "see that the server knows TLSA records; if it does, report this as a fault of RolloverD"),
            Rcode.ServFail => (false,
                $"{server} failed to change {owner} (SERVFAIL)",
                "see the server's log: often it cannot write the zone's journal, the zone is frozen, or the name has "
                + "as many records as the server allows (BIND: max-records-per-type)"),
            _ => (false,
                $"{server} answered the update of {owner} with {Name(code)}", "see the server's log"),
        };

    /// <summary>A question that was not answered.</summary>
    public static (bool Final, string Reason, string Remedy) OfQuestion(
        Rcode code, IPEndPoint server, string zone, string owner) => code switch
        {
            Rcode.Refused => (true,
                $"{server} refuses the question for {owner} (REFUSED)",
                $"see that it serves the zone {zone} and lets this key ask (allow-query)"),
            Rcode.NotAuth => (true,
                $"{server} is not a server of the zone {zone} (NOTAUTH)",
                $"name the primary server of {zone} as 'server'"),
            Rcode.ServFail => (false,
                $"{server} failed to answer for {owner} (SERVFAIL)",
                $"see the server's log: the zone {zone} may not be loaded, or has expired"),
            _ => (false,
                $"{server} answered the question for {owner} with {Name(code)}", "see the server's log"),
        };
}

using System.Globalization;

namespace RolloverD.Core.Dane;

/// <summary>
/// A host name and TCP port that serves a certificate, and thereby the name at which its TLSA records live.
/// </summary>
/// <param name="Host">Lower-case host name without the final dot.</param>
/// <param name="Port">TCP port, 1 to 65535.</param>
public sealed record Endpoint(string Host, int Port) : IComparable<Endpoint>
{
    // Facts are looked up by endpoint all the time.
    private readonly int hash = HashCode.Combine(Host, Port);

    /// <summary>Lower-case host name without the final dot.</summary>
    public string Host { get; } = Host;

    /// <summary>TCP port, 1 to 65535.</summary>
    public int Port { get; } = Port;

    /// <summary>The TLSA base name, before CNAMEs are followed: <c>_25._tcp.mx1.example.net</c>.</summary>
    /// <remarks>RFC 6698 §3, RFC 7672 §2.2.3.</remarks>
    public string TlsaName { get; } = $"_{Port.ToString(CultureInfo.InvariantCulture)}._tcp.{Host}";

    public bool Equals(Endpoint? other) =>
        ReferenceEquals(this, other) || (other is not null && Port == other.Port && Host == other.Host);

    public override int GetHashCode() => hash;

    /// <summary>Reads <c>host:port</c> or <c>host</c>; without a port the one given counts.</summary>
    public static bool TryParse(string text, out Endpoint endpoint, int defaultPort = 25)
    {
        endpoint = null!;
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? text : text[..colon];
        int port = defaultPort;
        if (colon >= 0
            && (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
                || port is < 1 or > 65535))
        {
            return false;
        }

        if (!DnsName.TryNormalise(host, out string name) || name == ".")
            return false;

        endpoint = new(name, port);
        return true;
    }

    public static Endpoint Parse(string text) =>
        TryParse(text, out Endpoint endpoint) ? endpoint : throw new FormatException($"not an endpoint: '{text}'");

    public int CompareTo(Endpoint? other) =>
        other is null ? 1
        : Host != other.Host ? string.CompareOrdinal(Host, other.Host)
        : Port.CompareTo(other.Port);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}

namespace RolloverD.Tests.Dns;

/// <summary>What the zones of <see cref="SignedInternet"/> hold.</summary>
internal static class TestZones
{
    public const string Old = "aabbccdd00112233445566778899aabbccddeeff00112233445566778899aabb";
    public const string New = "1122ccdd00112233445566778899aabbccddeeff00112233445566778899aabb";

    public const string Example = $"""
        @ MX 10 mx1
        @ MX 20 alias
        mx1 A 127.0.53.2
        mx1 AAAA ::1
        _25._tcp.mx1 30 TLSA 3 1 1 {Old}
        _25._tcp.mx2 90 CNAME dane
        dane 45 TLSA 3 1 1 {Old}
        dane 45 TLSA 3 1 1 {New}
        _25._tcp.abroad CNAME _25._tcp.host.n3.test.
        _25._tcp.plain CNAME dane.unsigned.test.
        _25._tcp.open CNAME _25._tcp.mx.optout.test.
        _25._tcp.none CNAME none.unsigned.test.
        _25._tcp.cut CNAME mx.offline.test.
        _25._tcp.one CNAME _25._tcp.two
        _25._tcp.two CNAME _25._tcp.one
        alias CNAME mx1
        outside CNAME mx1.unsigned.test.
        _25._tcp.outside TLSA 3 1 1 {New}
        txt TXT "hello " "world"
        *.wild TXT "wild"
        b.c.wild TXT "deep"
        moved DNAME elsewhere
        _25._tcp.mx.elsewhere TLSA 3 1 1 {Old}

        """;

    public const string Hashed = $"""
        _25._tcp.host 40 TLSA 3 1 1 {New}
        host A 127.0.53.2
        *.wild TXT "wild"

        """;
}

using System.Net;
using RolloverD.Core.Ports;
using RolloverD.Providers.Dns.Rfc2136;
using Xunit;

namespace RolloverD.Providers.Tests.Dns.Rfc2136;

/// <summary>Which key files are read, and what is said of the others. No server is ever reached here.</summary>
public sealed class TsigKeyFileFacts
{
    private const string Secret = "c2VjcmV0IG9mIHRoZSB0ZXN0cw==";

    [Theory]
    [InlineData("key \"k\" { algorithm hmac-sha256; secret \"" + Secret + "\"; };")]
    [InlineData("key k{algorithm hmac-sha512;secret " + Secret + ";}")]
    [InlineData("key K.example. {\n\tsecret \"" + Secret + "\";\n\talgorithm \"HMAC-SHA384\";\n};\n")]
    [InlineData(
        "# a\n// b\n/* c\n ; } */ key k { /* d */ algorithm hmac-sha256; // e\n secret \"" + Secret + "\"; };#f")]
    public async Task A_good_key_file_is_used(string text) =>
        Assert.IsType<DnsReadOutcome.Unavailable>(await ReadWithAsync(text));

    [Theory]
    [InlineData("", 1, 1, "begins with the word 'key'")]
    [InlineData("secret \"" + Secret + "\";", 1, 1, "begins with the word 'key'")]
    [InlineData("key { };", 1, 5, "the key's name")]
    [InlineData("key k algorithm", 1, 7, "stands '{'")]
    [InlineData("key k {\n  algorithm hmac-md5;", 2, 13, "algorithm 'hmac-md5' is not accepted")]
    [InlineData("key k { algorithm hmac-sha1; };", 1, 19, "algorithm 'hmac-sha1' is not accepted")]
    [InlineData("key k { algorithm hmac-sha256-128; };", 1, 19, "is not accepted")]
    [InlineData("key k { algorithm hmac-sha256 secret", 1, 31, "a ';' is missing")]
    [InlineData("key k { algorithm hmac-sha256; };", 1, 32, "the key has no secret")]
    [InlineData("key k { secret " + Secret + "; };", 1, 46, "the key has no algorithm")]
    [InlineData("key k { algorithm hmac-sha256; secret \"not base64!\"; };", 1, 39, "the secret is not in base64")]
    [InlineData("key k { algorithm hmac-sha256; secret \"\"; };", 1, 39, "the secret is not in base64")]
    [InlineData("key k { algorithm hmac-sha256; secret \"" + Secret + ";\n};", 1, 39, "the secret is not in base64")]
    [InlineData("key k { algorithm hmac-sha256; secret " + Secret + "; ", 1, 69, "inside a key stand")]
    [InlineData(
        "key k { algorithm hmac-sha256; secret " + Secret + "; };\nkey l { };", 2, 1,
        "the file must hold one key alone")]
    public async Task A_bad_key_file_is_refused_with_the_place(string text, int line, int column, string problem)
    {
        var refused = Assert.IsType<DnsReadOutcome.Refused>(await ReadWithAsync(text));
        Assert.Contains($"key.conf:{line}:{column}: ", refused.Reason, StringComparison.Ordinal);
        Assert.Contains(problem, refused.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("not base64!", refused.ToString(), StringComparison.Ordinal);
    }

    private static async Task<DnsReadOutcome> ReadWithAsync(string text)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("rolloverd-key-");
        try
        {
            string file = Path.Combine(directory.FullName, "key.conf");
            await File.WriteAllTextAsync(file, text);
            var nobody = new IPEndPoint(IPAddress.Loopback, BindServer.FreePort());
            var provider = new Rfc2136Provider(
                "example.test", nobody, file, TimeProvider.System, TimeSpan.FromSeconds(5));
            return await provider.ReadAsync(
                "example.test", DnsRecordType.Txt, TestContext.Current.CancellationToken);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}

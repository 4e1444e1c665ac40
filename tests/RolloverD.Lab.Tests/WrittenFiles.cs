namespace RolloverD.Lab.Tests;

/// <summary>
/// Configuration files, good and bad, in a directory of their own that goes when this is disposed of.
/// </summary>
public sealed class WrittenFiles : IDisposable
{
    // What is wrong stands where the comment says; line and column are those of the value, or of an unknown key.
    private const string Wrong =
        """
        [state]
        directory = "relative/state"
        colour = "green"

        [timing]
        ttl = "soon"
        safety-margin = 5

        [zones."example.test"]
        provider = "rfc2136"
        server = "127.0.0.1:1"
        tsig-file = "/nowhere/tsig.key"

        [issuers.ca]
        type = "acme"
        directory = "https://127.0.0.1:1/dir"

        [certificates.mx1]
        names = ["mx1.example.test"]
        issuer = "another"
        key = "ecdsa-p257"
        tlsa = ["3 1 1", "1 1 1"]
        endpoints = ["mx1.example.test:99999"]
        """;

    private readonly string directory = Directory.CreateTempSubdirectory("rolloverd-commands-").FullName;

    /// <summary>The state directory that the good file names; not made yet.</summary>
    public string State => Path.Combine(directory, "state");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    /// <summary>The file that a word of a command line stands for, or the word itself.</summary>
    public string For(string word) => word switch
    {
        "GOOD" => WriteGood(),
        "WRONG" => WriteWrong(),
        "NOWHERE" => WriteNowhere(),
        _ => word,
    };

    /// <summary>Nine mistakes, each with its line and column.</summary>
    public string WriteWrong() => Write(Wrong);

    /// <summary>Good but for the state directory: not even root makes one there.</summary>
    public string WriteNowhere() => Write(File.ReadAllText(WriteGood())
        .Replace(State, "/proc/nowhere", StringComparison.Ordinal));

    /// <summary>Complete, and every server in it is away.</summary>
    public string WriteGood()
    {
        string key = Path.Combine(directory, "tsig.key");
        File.WriteAllText(
            key,
            "key \"rolloverd\" { algorithm hmac-sha256; secret \"c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0ISE=\"; };\n");
        return Write(
            $"""
            [state]
            directory = "{State}"

            [resolver]
            servers = ["127.0.0.1:1"]

            [zones."example.test"]
            provider = "rfc2136"
            server = "127.0.0.1:1"
            tsig-file = "{key}"

            [issuers.ca]
            type = "acme"
            directory = "https://127.0.0.1:1/dir"
            challenge = "dns-01"

            [certificates.mx1]
            names = ["mx1.example.test"]
            issuer = "ca"
            endpoints = ["mx1.example.test:25"]
            """);
    }

    private string Write(string text)
    {
        string file = Path.Combine(directory, "rolloverd.toml");
        File.WriteAllText(file, text);
        return file;
    }
}

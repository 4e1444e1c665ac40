using RolloverD.Core.Dane;

namespace RolloverD.Providers.Dns.Rfc2136;

/// <summary>What came of reading a key file.</summary>
internal abstract record TsigKeyReading
{
    private TsigKeyReading()
    {
    }

    public sealed record Good(TsigKey Key) : TsigKeyReading;

    /// <param name="Problem">What is wrong, with file, line and column; never a part of the secret.</param>
    /// <param name="Remedy">What to do about it.</param>
    public sealed record Bad(string Problem, string Remedy) : TsigKeyReading;
}

/// <summary>
/// Reads BIND's key-file syntax, <c>key "name" { algorithm hmac-sha256; secret "…"; };</c>, as tsig-keygen writes it:
/// with any comments, with or without quotes.
/// </summary>
internal static class TsigKeyFile
{
    private const string Make =
        "make one with 'tsig-keygen -a hmac-sha256 rolloverd', give it to the server as well, and name its file here";

    /// <summary>Reads the file anew each time, so that a changed key is used without a restart.</summary>
    public static async Task<TsigKeyReading> ReadAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return Parse(path, await File.ReadAllTextAsync(path, cancellation).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new TsigKeyReading.Bad(
                $"the TSIG key file {path} cannot be read: {exception.Message}",
                "let the user that RolloverD runs as read it, or correct 'tsig-file'");
        }
    }

    /// <summary>Reads the text of a key file; the path only serves the messages.</summary>
    public static TsigKeyReading Parse(string path, string text)
    {
        var tokens = new KeyFileTokens(text);
        Token last = default;

        TsigKeyReading Bad(string problem, string? remedy = null) => new TsigKeyReading.Bad(
            $"{path}:{last.Line}:{last.Column}: {problem}", remedy ?? Make);

        bool Next(out string word)
        {
            last = tokens.Next();
            word = last.Text;
            return last.Kind == TokenKind.Word;
        }

        bool NextIs(char mark) => (last = tokens.Next()).Kind == TokenKind.Mark && last.Text[0] == mark;

        if (!Next(out string keyword) || keyword != "key")
            return Bad("a key file begins with the word 'key'");
        if (!Next(out string nameText) || !DnsName.TryNormalise(nameText, out string name))
            return Bad("after 'key' stands the key's name, which is a domain name");
        if (!NextIs('{'))
            return Bad("after the key's name stands '{'");

        TsigAlgorithm? algorithm = null;
        byte[]? secret = null;
        while (!NextIs('}'))
        {
            switch (last)
            {
                case { Kind: TokenKind.Word, Text: "algorithm" }:
                    if (!Next(out string algorithmText))
                        return Bad("after 'algorithm' stands its name");
                    algorithm = algorithmText.ToLowerInvariant().TrimEnd('.') switch
                    {
                        "hmac-sha256" => TsigAlgorithm.HmacSha256,
                        "hmac-sha384" => TsigAlgorithm.HmacSha384,
                        "hmac-sha512" => TsigAlgorithm.HmacSha512,
                        _ => null,
                    };
                    if (algorithm is null)
                    {
                        return Bad(
                            $"algorithm '{algorithmText}' is not accepted: hmac-sha256, hmac-sha384 or hmac-sha512 "
                            + "are, weaker and shortened ones are not");
                    }

                    break;

                case { Kind: TokenKind.Word, Text: "secret" }:
                    if (!Next(out string secretText) || !TryDecode(secretText, out secret))
                        return Bad("the secret is not in base64", "copy the key file again from where it was made");
                    break;

                default:
                    return Bad("inside a key stand 'algorithm NAME;' and 'secret \"BASE64\";'");
            }

            if (!NextIs(';'))
                return Bad("a ';' is missing before this");
        }

        if (algorithm is not { } good)
            return Bad("the key has no algorithm");
        if (secret is null)
            return Bad("the key has no secret");

        last = tokens.Next();
        if (last is { Kind: TokenKind.Mark, Text: ";" })
            last = tokens.Next();
        return last.Kind == TokenKind.End
            ? new TsigKeyReading.Good(new(name, good, [.. secret]))
            : Bad("something follows the key: the file must hold one key alone", "keep one key in this file");
    }

    private static bool TryDecode(string text, out byte[]? secret)
    {
        var buffer = new byte[text.Length];
        secret = Convert.TryFromBase64String(text, buffer, out int length) && length > 0 ? buffer[..length] : null;
        return secret is not null;
    }
}

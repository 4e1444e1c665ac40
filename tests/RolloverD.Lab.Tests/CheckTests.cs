using System.Text.Json;

namespace RolloverD.Lab.Tests;

/// <summary><c>rolloverd check</c> against the judgement of Postfix's own client, case by case.</summary>
[Collection("lab")]
public sealed class CheckTests
{
    // posttls-finger -l dane-only counts "secure records, none usable" as no DANE: RFC 7672 §2.2 asks for TLS without
    // authentication then, which check names by a word of its own. Nor does it tell why it could not even try.
    private static readonly Dictionary<string, string[]> Agreeing = new()
    {
        ["verified"] = ["verified"],
        ["not verified"] = ["refused"],
        ["no dane"] = ["no dane", "unauthenticated"],
        ["error"] = ["deferred", "no tls"],
    };

    [Fact]
    public async Task Check_agrees_with_posttls_finger_on_every_case()
    {
        await using Lab lab = await Lab.UpAsync("check", "--cases", "--ttl", "60");
        Result fingers = await lab.ScriptAsync("cases");
        Assert.True(fingers.ExitCode == 0, fingers.Output + fingers.Error);
        string[][] cases = [.. Lines(fingers.Output).Select(l => l.Split('\t'))];
        Assert.True(cases.Length >= 12, fingers.Output);

        List<string> disagreements = [];
        foreach (string[] fields in cases)
        {
            (string host, string finger, string shows) = (fields[1], fields[2], fields[3]);
            Result check = await lab.RolloverdAsync("check", host, "--json");
            string[] verdicts = Verdicts(check);
            bool agrees = verdicts is [{ } verdict] && Agreeing[finger].Contains(verdict);
            bool exits = check.ExitCode == (finger is "verified" or "no dane" ? 0 : 1);
            if (!agrees || !exits)
            {
                disagreements.Add(
                    $"{host} ({shows}): posttls-finger says {finger}, check says {string.Join(", ", verdicts)}, "
                    + $"exit {check.ExitCode}: {check.Output}{check.Error}");
            }
        }

        Assert.True(disagreements.Count == 0, string.Join('\n', disagreements));
        await DomainsAreJudgedByTheirMx(lab);
    }

    // The MX records of a bogus zone are never looked behind; an insecure one is delivered to without DANE.
    private static async Task DomainsAreJudgedByTheirMx(Lab lab)
    {
        Result secure = await lab.RolloverdAsync("check", "--domain", "example.test", "--json");
        Assert.Equal(["no dane", "no dane"], Verdicts(secure)); // both addresses; nothing is published yet
        Result insecure = await lab.RolloverdAsync("check", "--domain", "insecure.test", "--json");
        Assert.Equal((0, "no dane"), (insecure.ExitCode, Assert.Single(Verdicts(insecure))));
        Result bogus = await lab.RolloverdAsync("check", "--domain", "bogus.test", "--json");
        Assert.Equal(1, bogus.ExitCode);
        Assert.Contains("the MX lookup is bogus, senders defer", bogus.Output, StringComparison.Ordinal);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string[] Verdicts(Result check)
    {
        if (!check.Output.StartsWith('{'))
            return [];

        JsonElement hosts = JsonDocument.Parse(check.Output).RootElement.GetProperty("hosts");
        return
        [
            .. hosts.EnumerateArray()
                .SelectMany(h => h.GetProperty("addresses").EnumerateArray())
                .Select(a => a.GetProperty("verdict").GetString()!),
        ];
    }
}

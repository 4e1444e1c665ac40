using System.Text.Json;

namespace RolloverD.Lab.Tests;

/// <summary>What <c>status --json</c> said.</summary>
public sealed class Status
{
    private readonly JsonElement root;

    private Status(string text)
    {
        Text = text;
        root = JsonDocument.Parse(text).RootElement;
    }

    public string Text { get; }

    public CertificateStatus Mx1 => Certificate("mx1");

    public IEnumerable<string> Names =>
        root.GetProperty("certificates").EnumerateArray().Select(c => c.GetProperty("name").GetString()!);

    public CertificateStatus Certificate(string name) => new(root.GetProperty("certificates").EnumerateArray()
        .First(c => c.GetProperty("name").GetString() == name));

    /// <summary>What holds back everything.</summary>
    public string Explained => CertificateStatus.Explain(root);

    public static Status Parse(string text) => new(text);
}

/// <summary>One certificate in it.</summary>
public sealed class CertificateStatus(JsonElement element)
{
    public string Phase => element.GetProperty("phase").GetString()!;

    public bool IsSteady => Phase == "steady";

    public IReadOnlyList<(int Number, string State, string Key)> Generations =>
    [
        .. element.GetProperty("generations").EnumerateArray().Select(g => (
            g.GetProperty("number").GetInt32(),
            g.GetProperty("state").GetString()!,
            g.GetProperty("key").GetString()!)),
    ];

    public (int Number, string State, string Key) Live => Generations.Last(g => g.State == "live");

    /// <summary>What was live before the roll; while it is just being put back it counts as being deployed.</summary>
    public int Before => (Has("live") ? Live : Generations.Last(g => g.State == "deploying")).Number;

    public string Holds => element.GetProperty("holds").GetRawText();

    /// <summary>What is waited for, why, and what to do, as a person reads it.</summary>
    public string Explained => Explain(element);

    /// <summary>Whether its next look did not come in time.</summary>
    public bool IsOverdue => element.GetProperty("overdueSince").ValueKind == JsonValueKind.String;

    internal static string Explain(JsonElement element) =>
        string.Join('\n', element.GetProperty("holds").EnumerateArray().Select(Sentence));

    public bool Has(string state) => Generations.Any(g => g.State == state);

    private static string Sentence(JsonElement hold)
    {
        string? Text(string property) => hold.GetProperty(property).GetString();
        return $"{Text("gate")}: {Text("reason")}; {Text("remedy")}";
    }
}

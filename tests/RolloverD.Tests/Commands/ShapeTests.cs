using System.Text.Json.Serialization.Metadata;
using RolloverD.Commands;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Tests.Commands;

/// <summary>
/// What <c>--json</c> prints is a contract: every field, its type and its place are those of the tables in the README
/// of the commands.
/// </summary>
public sealed class ShapeTests
{
    private static readonly string Readme = File.ReadAllText(Repository.FileAt("src/RolloverD/Commands/README.md"));

    private static readonly Type[] Documents =
    [
        typeof(StatusReport), typeof(PlansReport), typeof(StepReport), typeof(RollReport), typeof(AbortReport),
        typeof(AdoptReport), typeof(DeployReport),
        typeof(CheckReport), typeof(HistoryReport), typeof(TlsaReport), typeof(ConfigReport), typeof(FailureReport),
    ];

    [Fact]
    public void Every_field_of_every_document_is_the_one_that_is_described()
    {
        string written = string.Join('\n', DescribedTables());
        string printed = string.Join('\n', PrintedTables());
        Assert.Equal(written, printed);
    }

    [Fact]
    public void Every_command_that_prints_a_document_is_in_the_list() => Assert.All(
        Documents, d => Assert.Contains($"| `{d.Name}` |", Readme, StringComparison.Ordinal));

    // Heading and rows as "Type", "field: type".
    private static IEnumerable<string> DescribedTables()
    {
        string? table = null;
        foreach (string line in Readme.Split('\n'))
        {
            if (line.StartsWith("### ", StringComparison.Ordinal))
                yield return table = line[4..];
            else if (table is not null && line.StartsWith("| `", StringComparison.Ordinal))
                yield return $"  {line.Split('|')[1].Trim().Trim('`')}: {line.Split('|')[2].Trim()}";
        }
    }

    private static List<string> PrintedTables()
    {
        List<string> lines = [];
        HashSet<Type> done = [];
        foreach (Type document in Documents)
            Add(document);
        return lines;

        void Add(Type type)
        {
            if (!done.Add(type))
                return;

            JsonTypeInfo shape = ReportJson.Default.GetTypeInfo(type)!;
            // The others are not printed.
            JsonPropertyInfo[] fields = [.. shape.Properties.Where(p => p.Get is not null)];
            lines.Add(type.Name);
            foreach (JsonPropertyInfo field in fields)
                lines.Add($"  {field.Name}: {Word(field.PropertyType)}{(IsNullable(field) ? "?" : "")}");
            foreach (JsonPropertyInfo field in fields)
            {
                if (Element(field.PropertyType) is { IsPrimitive: false } inner
                    && inner.Namespace!.StartsWith("RolloverD", StringComparison.Ordinal))
                    Add(inner);
            }
        }
    }

    private static bool IsNullable(JsonPropertyInfo field) =>
        field.PropertyType.IsValueType
            ? Nullable.GetUnderlyingType(field.PropertyType) is not null
            : field.IsGetNullable;

    private static Type Element(Type type) =>
        type.IsGenericType ? type.GetGenericArguments()[0] : type;

    private static string Word(Type type)
    {
        bool isList = type.IsGenericType && Nullable.GetUnderlyingType(type) is null;
        Type element = Element(type);
        string word = element == typeof(string) ? "string"
            : element == typeof(int) || element == typeof(long) ? "integer"
            : element == typeof(double) ? "number"
            : element == typeof(bool) ? "boolean"
            : element == typeof(DateTimeOffset) ? "time"
            : element.Name;
        return isList ? word + "[]" : word;
    }
}

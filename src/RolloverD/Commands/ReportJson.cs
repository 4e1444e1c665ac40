using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace RolloverD.Commands;

/// <summary>
/// Every document that <c>--json</c> prints. README.md of this folder describes each field; a test holds the two
/// together.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(PlansReport))]
[JsonSerializable(typeof(StepReport))]
[JsonSerializable(typeof(RollReport))]
[JsonSerializable(typeof(AbortReport))]
[JsonSerializable(typeof(AdoptReport))]
[JsonSerializable(typeof(DeployReport))]
[JsonSerializable(typeof(CheckReport))]
[JsonSerializable(typeof(HistoryReport))]
[JsonSerializable(typeof(TlsaReport))]
[JsonSerializable(typeof(ConfigReport))]
[JsonSerializable(typeof(FailureReport))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    /// <summary>Prints one document on standard output.</summary>
    public static void Print<TReport>(TReport report, JsonTypeInfo<TReport> type) =>
        Console.WriteLine(JsonSerializer.Serialize(report, type));
}

using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using RolloverD.Core.Dane;
using RolloverD.Core.Rollover;

namespace RolloverD.Store;

/// <summary>The written form of facts. Times are ISO 8601, lengths of time <c>d.hh:mm:ss</c>, bytes base64.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    Converters =
    [
        typeof(TlsaRecordConverter), typeof(PublicKeyConverter), typeof(EndpointConverter),
        typeof(RecordSetConverter), typeof(ChainConverter),
    ])]
[JsonSerializable(typeof(CertificateFacts))]
[JsonSerializable(typeof(OwnerLedger))]
[JsonSerializable(typeof(EndpointFacts))]
[JsonSerializable(typeof(WrittenLook))]
[JsonSerializable(typeof(ClockReading))]
[JsonSerializable(typeof(WrittenSet))]
[JsonSerializable(typeof(WrittenChain))]
internal sealed partial class FactsJson : JsonSerializerContext;

/// <summary>
/// When an endpoint was looked at, as it is written: beside what was seen, which is long and seldom changes.
/// </summary>
internal sealed record WrittenLook(Endpoint Endpoint, DateTimeOffset? CompleteAt, DateTimeOffset? LookedAt)
{
    public static WrittenLook Of(EndpointFacts endpoint) =>
        new(endpoint.Endpoint, endpoint.CompleteAt, endpoint.LookedAt);

    /// <summary>What was seen, with these times.</summary>
    public EndpointFacts In(EndpointFacts endpoint) =>
        endpoint with { CompleteAt = CompleteAt, LookedAt = LookedAt };
}

/// <summary>A record set as it is written.</summary>
internal sealed record WrittenSet(ImmutableArray<TlsaRecord> Records, TimeSpan Ttl);

/// <summary>A chain as it is written.</summary>
internal sealed record WrittenChain(
    WrittenCertificate Leaf,
    ImmutableArray<WrittenCertificate> Ancestors,
    ImmutableArray<WrittenCertificate> Unrelated);

/// <summary>
/// A certificate as it is written: what was read from it once, so that reading it back needs no parser.
/// </summary>
internal sealed record WrittenCertificate(
    byte[] Der,
    byte[] Spki,
    string Subject,
    ImmutableArray<string> DnsNames,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    bool IsCa)
{
    public static WrittenCertificate Of(ChainCertificate c) =>
        new([.. c.Der], [.. c.Key.Spki], c.Subject, c.DnsNames, c.NotBefore, c.NotAfter, c.IsCa);

    public ChainCertificate Read() =>
        new([.. Der], [.. Spki], Subject, DnsNames, NotBefore, NotAfter, IsCa);
}

internal sealed class TlsaRecordConverter : JsonConverter<TlsaRecord>
{
    public override TlsaRecord Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TlsaRecord.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, TlsaRecord value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

internal sealed class EndpointConverter : JsonConverter<Endpoint>
{
    public override Endpoint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Endpoint.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, Endpoint value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

internal sealed class PublicKeyConverter : JsonConverter<PublicKey>
{
    public override PublicKey Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new([.. reader.GetBytesFromBase64()]);

    public override void Write(Utf8JsonWriter writer, PublicKey value, JsonSerializerOptions options) =>
        writer.WriteBase64StringValue(value.Spki.AsSpan());
}

internal sealed class RecordSetConverter : JsonConverter<RecordSet>
{
    public override RecordSet Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        WrittenSet set = JsonSerializer.Deserialize(ref reader, FactsJson.Default.WrittenSet)!;
        return new(set.Records, set.Ttl);
    }

    public override void Write(Utf8JsonWriter writer, RecordSet value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, new WrittenSet(value.Records, value.Ttl), FactsJson.Default.WrittenSet);
}

internal sealed class ChainConverter : JsonConverter<Chain>
{
    // A chain never changes and is written again with every change of what holds it.
    private static readonly ConditionalWeakTable<Chain, byte[]> Written = [];

    public override Chain Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        WrittenChain chain = JsonSerializer.Deserialize(ref reader, FactsJson.Default.WrittenChain)!;
        return new(
            chain.Leaf.Read(), [.. chain.Ancestors.Select(a => a.Read())], [.. chain.Unrelated.Select(u => u.Read())]);
    }

    public override void Write(Utf8JsonWriter writer, Chain value, JsonSerializerOptions options) =>
        writer.WriteRawValue(
            Written.GetValue(value, static chain => JsonSerializer.SerializeToUtf8Bytes(
                new WrittenChain(
                    WrittenCertificate.Of(chain.Leaf),
                    [.. chain.Ancestors.Select(WrittenCertificate.Of)],
                    [.. chain.Unrelated.Select(WrittenCertificate.Of)]),
                FactsJson.Default.WrittenChain)),
            skipInputValidation: true);
}

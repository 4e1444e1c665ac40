using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>A good answer of the server.</summary>
/// <param name="Url">The resource that was asked.</param>
/// <param name="Body">What it sent.</param>
/// <param name="Location">The resource that was made, if any.</param>
/// <param name="Alternates">Other chains for the same certificate. RFC 8555 §7.4.2.</param>
/// <param name="RetryAt">When to ask again at the earliest; null when the server does not say.</param>
internal sealed record Reply(
    Uri Url,
    ReadOnlyMemory<byte> Body,
    Uri? Location,
    ImmutableArray<Uri> Alternates,
    DateTimeOffset? RetryAt)
{
    /// <summary>
    /// No server is believed that it wants to be left alone for longer: one wrong answer would outlast a certificate.
    /// </summary>
    private static readonly TimeSpan LongestRetry = TimeSpan.FromDays(1);

    /// <summary>Reads the body as JSON.</summary>
    public Answer<T> Read<T>(JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            if (JsonSerializer.Deserialize(Body.Span, type) is { } value)
                return value;
        }
        catch (JsonException)
        {
            // Said below.
        }

        return new Failure.Nonsense(Url, "its answer is not the JSON object that belongs there");
    }

    /// <summary>
    /// When the header says to come back: after a number of seconds, or at a date; within a day at the latest.
    /// </summary>
    /// <remarks>RFC 8555 §6.6, RFC 9110 §10.2.3.</remarks>
    public static DateTimeOffset? RetryAtOf(HttpResponseHeaders headers, DateTimeOffset now) =>
        headers.RetryAfter switch
        {
            { Delta: { } delta } => now + (delta < LongestRetry ? delta : LongestRetry),
            { Date: { } date } => date < now + LongestRetry ? date : now + LongestRetry,
            _ => null,
        };

    /// <summary>The addresses of the <c>Link</c> headers with that relation. RFC 8288 §3.</summary>
    public static ImmutableArray<Uri> LinksOf(HttpResponseHeaders headers, Uri from, string relation)
    {
        if (!headers.TryGetValues("Link", out IEnumerable<string>? values))
            return [];

        var links = ImmutableArray.CreateBuilder<Uri>();
        foreach (string value in values)
        {
            // Several links may share a header; an address stands in angle brackets and holds none itself.
            for (int start = value.IndexOf('<', StringComparison.Ordinal); start >= 0;)
            {
                int end = value.IndexOf('>', start);
                if (end < 0)
                    break;

                int next = value.IndexOf('<', end);
                string parameters = next < 0 ? value[(end + 1)..] : value[(end + 1)..next];
                if (HasRelation(parameters, relation) && Uri.TryCreate(from, value[(start + 1)..end], out Uri? link))
                    links.Add(link);
                start = next;
            }
        }

        return links.ToImmutable();
    }

    private static bool HasRelation(string parameters, string relation) =>
        parameters.Split(';', ',')
            .Select(p => p.Trim().Split('=', 2))
            .Where(p => p.Length == 2 && p[0].Trim().Equals("rel", StringComparison.OrdinalIgnoreCase))
            .SelectMany(p => p[1].Trim().Trim('"').Split(' '))
            .Contains(relation, StringComparer.OrdinalIgnoreCase);
}

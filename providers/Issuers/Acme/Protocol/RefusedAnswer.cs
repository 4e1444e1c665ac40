using System.Net;
using System.Security.Authentication;
using System.Text.Json;

namespace RolloverD.Providers.Issuers.Acme.Protocol;

/// <summary>Makes failures of answers that are not good and of connections that did not come about.</summary>
internal static class RefusedAnswer
{
    /// <summary>Reads an answer whose status is not 2xx.</summary>
    public static Failure Read(Uri url, HttpResponseMessage response, byte[] body, DateTimeOffset? retryAt)
    {
        int status = (int)response.StatusCode;
        Problem? problem = ProblemOf(response, body);
        if (status >= 500 && problem is null or { Word: "serverInternal" })
        {
            return new Failure.Away(
                $"{url.Authority} is out of order: it answered HTTP {status} for {url.AbsolutePath}"
                + (problem is null ? "" : $", {problem}"),
                "nothing: it is tried again; the server's operator may have a page that says more",
                retryAt);
        }

        if (status is >= 300 and < 400)
        {
            return new Failure.Nonsense(
                url, $"it points to {response.Headers.Location}, but ACME requests do not follow that; "
                + "configure the directory's real address");
        }

        // A server in front of the ACME server may say "too many" in its own words.
        problem ??= Problem.Of(
            response.StatusCode == HttpStatusCode.TooManyRequests ? "rateLimited" : "unknown",
            $"HTTP {status} {response.ReasonPhrase}");
        return new Failure.Denied(url, status, problem, retryAt);
    }

    /// <summary>Says why there was no answer.</summary>
    public static Failure Of(Uri url, HttpRequestException fault, int largestBody) => fault.HttpRequestError switch
    {
        HttpRequestError.ConfigurationLimitExceeded => new Failure.Nonsense(
            url, $"its answer is larger than {largestBody / 1024} KiB"),
        HttpRequestError.SecureConnectionError => new Failure.Away(
            $"no trusted connection to {url.Authority}: {Inmost(fault)}",
            "if the server has a root of its own, name its file as 'ca-file'; otherwise see that the system's roots "
            + "(ca-certificates) and clock are right and that the server's certificate names its host"),
        HttpRequestError.NameResolutionError => new Failure.Away(
            $"the address of {url.Host} was not found: {Inmost(fault)}",
            "see that this host's resolver works and that the issuer's 'directory' is spelled right"),
        _ => new Failure.Away(
            $"no connection to {url.Authority}: {Inmost(fault)}",
            "see that the server runs and that no firewall is in between; it is tried again"),
    };

    // The type is not always declared as it should be, so the document itself decides. RFC 7807 §3
    private static Problem? ProblemOf(HttpResponseMessage response, byte[] body)
    {
        if (response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) != true)
            return null;

        try
        {
            return JsonSerializer.Deserialize(body, Bodies.Default.Problem) is { } problem
                && (problem.Type ?? problem.Detail) is not null ? problem : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Inmost(Exception fault)
    {
        while (fault is not AuthenticationException && fault.InnerException is { } inner)
            fault = inner;
        return Problem.OneLine(fault.Message);
    }
}

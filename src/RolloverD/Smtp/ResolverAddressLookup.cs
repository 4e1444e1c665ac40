using System.Collections.Immutable;
using System.Net;
using RolloverD.Dns;
using RolloverD.Dns.Messages;

namespace RolloverD.Smtp;

/// <summary>Finds addresses through the validating resolver.</summary>
internal sealed class ResolverAddressLookup(ValidatingResolver resolver) : IAddressLookup
{
    /// <inheritdoc/>
    public async Task<(ImmutableArray<IPAddress> Addresses, string? Problem)> FindAsync(
        string host, CancellationToken cancellation)
    {
        LookupAnswer[] answers = await Task.WhenAll(
            resolver.LookupAsync(host, RecordType.Aaaa, cancellation),
            resolver.LookupAsync(host, RecordType.A, cancellation));
        string? problem = answers
            .Select(a => a.Content switch
            {
                LookupContent.Bogus bogus => $"{host} {a.Type}: {bogus.Reason}",
                LookupContent.Failed failed => $"{host} {a.Type}: {failed.Reason}",
                _ => null,
            })
            .FirstOrDefault(p => p is not null);
        return ([.. answers.SelectMany(a => a.Values).Select(IPAddress.Parse)], problem);
    }
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using RolloverD.Core.Ports;
using RolloverD.Providers.Issuers.Acme.Protocol;

namespace RolloverD.Providers.Issuers.Acme;

/// <summary>
/// One attempt to have an order fulfilled: finds the order of an earlier attempt or places one, proves its names, sends
/// the signing request, fetches the chains. Where it stops, the next attempt goes on.
/// </summary>
/// <remarks>RFC 8555 §7.4.</remarks>
internal sealed class Issuance(
    Account account,
    AcmeSettings settings,
    IssueRequest request,
    Notes notes,
    ChallengeRecords records,
    TimeProvider time)
{
    private static readonly TimeSpan UsualRetry = TimeSpan.FromSeconds(30);

    private readonly ImmutableArray<string> _names =
        [.. request.Names.Select(n => n.ToLowerInvariant()).Distinct(StringComparer.Ordinal)];

    private string Server => settings.Directory.Authority;

    public async Task<Answer<IssueOutcome.Issued>> RunAsync(CancellationToken cancellation)
    {
        Answer<IssueOutcome.Issued> answer = await AttemptAsync(cancellation).ConfigureAwait(false);
        if (!IsReplaced(answer))
            return answer;

        // The same request may be the same bytes again; then the noted order is the one of the old certificate.
        await notes.ForgetOrderAsync(cancellation).ConfigureAwait(false);
        answer = await AttemptAsync(cancellation).ConfigureAwait(false);
        return !IsReplaced(answer)
            ? answer
            : new Failure.Known(new IssueOutcome.Refused(
                $"{Server} handed the certificate that is to be replaced out again for another order",
                "nothing: another order is placed; if it happens again, tell the authority", null));
    }

    private bool IsReplaced(Answer<IssueOutcome.Issued> answer) =>
        !request.Replaces.IsDefaultOrEmpty && answer.Has(out IssueOutcome.Issued? issued, out _)
        && issued.Chains.Any(c => c[0].AsSpan().SequenceEqual(request.Replaces.AsSpan()));

    private async Task<Answer<IssueOutcome.Issued>> AttemptAsync(CancellationToken cancellation)
    {
        if (!(await FindOrPlaceAsync(cancellation).ConfigureAwait(false)).Has(out Order? order, out Failure? failure))
            return failure;

        if (order.Status == OrderStatus.Pending)
        {
            if (await ProveAsync(order, cancellation).ConfigureAwait(false) is { } unproven)
                return unproven;
            if (!(await order.ReadAgainAsync(cancellation).ConfigureAwait(false)).Has(out order, out failure))
                return failure;
        }

        // From here on nobody looks at the TXT records: they go while the certificate is being made.
        Task removal = records.RemoveAsync(cancellation);
        Task<Answer<IssueOutcome.Issued>> rest = FinishAsync(order, cancellation);
        await Task.WhenAll(removal, rest).ConfigureAwait(false);
        return await rest.ConfigureAwait(false);
    }

    private async Task<Answer<Order>> FindOrPlaceAsync(CancellationToken cancellation)
    {
        var wanted = new OrderNote(
            account.Url, account.Url, request.Generation,
            Convert.ToHexStringLower(SHA256.HashData(request.Csr.AsSpan())), _names);
        if (await notes.ReadOrderAsync(cancellation).ConfigureAwait(false) is { Names.IsDefault: false } note
            && note.IsFor(wanted))
        {
            Answer<Order> answer = await account.OrderAtAsync(note.Url, cancellation).ConfigureAwait(false);
            if (answer.Has(out Order? found, out Failure? failure) ? found.Status != OrderStatus.Invalid
                : !IsGone(failure))
            {
                return answer;
            }
        }

        Answer<Order> placed = await account.NewOrderAsync(_names, cancellation).ConfigureAwait(false);
        if (placed.Has(out Order? order, out _))
            await notes.WriteOrderAsync(wanted with { Url = order.Url }, cancellation).ConfigureAwait(false);
        return placed;
    }

    /// <summary>Whether the server says that there is no such order, as opposed to not now or not you.</summary>
    private static bool IsGone(Failure failure) =>
        failure is Failure.Denied && !failure.Is("rateLimited") && !failure.Is("accountDoesNotExist")
        && !failure.Is("badNonce");

    /// <summary>Proves every name that is not proven yet. Null when all are. RFC 8555 §7.5.1.</summary>
    private async Task<Failure?> ProveAsync(Order order, CancellationToken cancellation)
    {
        if (!(await order.AuthorizationsAsync(cancellation).ConfigureAwait(false))
            .Has(out Authorization[]? all, out Failure? failure))
        {
            return failure;
        }

        if (all.Any(a => a.Status == AuthorizationStatus.Dead))
            return await NotProvenAsync(all, cancellation).ConfigureAwait(false);

        Authorization[] open = [.. all.Where(a => a.Status == AuthorizationStatus.Pending)];
        if (open.FirstOrDefault(a => a.Dns is null) is { } without)
        {
            return new Failure.Known(new IssueOutcome.Refused(
                $"{Server} does not let {without.OrderedName} be proven by a TXT record (dns-01); it offers: "
                + (without.Offered is { Length: > 0 } offered ? offered : "nothing"),
                "use another issuer for this name", null));
        }

        ImmutableArray<(string, string)> proofs = [.. open.Select(a => (a.Name, a.Dns!.TxtValue))];
        if (await records.ShowAsync(proofs, cancellation).ConfigureAwait(false) is { } hidden)
            return hidden;

        // What was answered by an earlier attempt is being looked at already.
        Answer<Reply>[] told = await Task.WhenAll(
            open.Select(a => a.Dns!).Where(c => c.IsPending).Select(c => c.AnswerAsync(cancellation)))
            .ConfigureAwait(false);
        foreach (Answer<Reply> answer in told)
        {
            if (!answer.Has(out _, out failure))
                return failure;
        }

        return await WaitUntilProvenAsync(open, cancellation).ConfigureAwait(false);
    }

    private async Task<Failure?> WaitUntilProvenAsync(Authorization[] open, CancellationToken cancellation)
    {
        var patience = new Patience(time, settings.Look);
        DateTimeOffset? retryAt = null;
        while (await patience.WaitAsync(retryAt, cancellation).ConfigureAwait(false))
        {
            Answer<Authorization>[] looks = await Task.WhenAll(
                open.Select(a => a.ReadAgainAsync(cancellation))).ConfigureAwait(false);
            for (int i = 0; i < looks.Length; i++)
            {
                if (!looks[i].Has(out Authorization? look, out Failure? failure))
                    return failure;
                open[i] = look;
            }

            if (open.Any(a => a.Status == AuthorizationStatus.Dead))
                return await NotProvenAsync(open, cancellation).ConfigureAwait(false);

            open = [.. open.Where(a => a.Status == AuthorizationStatus.Pending)];
            if (open.Length == 0)
                return null;
            retryAt = open.Min(a => a.RetryAt);
        }

        return Later(
            $"{Server} has not yet looked at the TXT records of {string.Join(", ", open.Select(a => a.OrderedName))}",
            retryAt);
    }

    private async Task<Failure> NotProvenAsync(Authorization[] all, CancellationToken cancellation)
    {
        await notes.ForgetOrderAsync(cancellation).ConfigureAwait(false);
        Authorization[] dead = [.. all.Where(a => a.Status == AuthorizationStatus.Dead)];
        string reasons = string.Join("; ", dead.Select(a =>
            $"{a.OrderedName}: {(a.Error is { } error ? error.ToString() : $"its authorization is {a.StatusWord}")}"));

        // Its resolver may remember from before that there was no record (RFC 2308 §5). With a short memory the usual
        // pause between attempts is long enough.
        TimeSpan memory = records.NegativeTtl;
        DateTimeOffset? retryAt = memory > TimeSpan.FromMinutes(1) ? time.GetUtcNow() + memory : null;
        return new Failure.Known(new IssueOutcome.Refused(
            $"{Server} did not accept the proof for {reasons}",
            "every authoritative server served the TXT record, so see whether the authority reaches all of them from "
            + "outside and whether CAA records allow it; if it only remembered that there was none, the next attempt "
            + "succeeds",
            retryAt));
    }

    /// <summary>From proven names to the chains.</summary>
    private async Task<Answer<IssueOutcome.Issued>> FinishAsync(Order order, CancellationToken cancellation)
    {
        var patience = new Patience(time, settings.Look);
        bool wasValid = order.Status == OrderStatus.Valid;
        bool asked = false;
        while (order.Status != OrderStatus.Valid)
        {
            if (order.Status == OrderStatus.Invalid)
                return await InvalidAsync(order, cancellation).ConfigureAwait(false);

            Answer<Order> answer;
            if (order.Status == OrderStatus.Ready && !asked)
            {
                asked = true;
                answer = await order.FinalizeAsync(request.Csr, cancellation).ConfigureAwait(false);

                // RFC 8555 §7.4: then its state is another one than was seen, so look.
                if (!answer.Has(out _, out Failure? denied) && denied.Is("orderNotReady"))
                    answer = await order.ReadAgainAsync(cancellation).ConfigureAwait(false);
            }
            else
            {
                if (!await patience.WaitAsync(order.RetryAt, cancellation).ConfigureAwait(false))
                {
                    return Later(
                        $"{Server} is still at work on the order ({order.Status.ToString().ToLowerInvariant()})",
                        order.RetryAt);
                }

                asked = false;
                answer = await order.ReadAgainAsync(cancellation).ConfigureAwait(false);
            }

            if (!answer.Has(out Order? next, out Failure? failure))
                return failure;
            order = next;
        }

        return await DownloadAsync(order, wasValid, cancellation).ConfigureAwait(false);
    }

    private async Task<Answer<IssueOutcome.Issued>> DownloadAsync(
        Order order, bool wasValid, CancellationToken cancellation)
    {
        if (!(await order.DownloadAsync(cancellation).ConfigureAwait(false))
            .Has(out IssuedChain[]? chains, out Failure? failure))
        {
            // Of an order that was fulfilled a moment ago it may not be everywhere yet; the next attempt looks again.
            if (wasValid && failure is Failure.Denied { Status: 404 or 410 })
                await notes.ForgetOrderAsync(cancellation).ConfigureAwait(false);
            return failure;
        }

        if (chains.Select(c => c.FaultFor(request.Csr, _names, time.GetUtcNow())).FirstOrDefault(f => f is not null)
            is { } fault)
        {
            await notes.ForgetOrderAsync(cancellation).ConfigureAwait(false);
            return new Failure.Known(new IssueOutcome.Refused(
                $"the certificate from {Server} is not the one that was ordered: {fault}",
                "nothing: another order is placed; if it happens again, tell the authority", null));
        }

        return new IssueOutcome.Issued(
        [
            .. chains.OrderByDescending(c => settings.PreferredChain is { } name && c.IsIssuedBy(name))
                .Select(c => c.Certificates),
        ]);
    }

    private async Task<Failure> InvalidAsync(Order order, CancellationToken cancellation)
    {
        await notes.ForgetOrderAsync(cancellation).ConfigureAwait(false);
        return new Failure.Known(new IssueOutcome.Refused(
            $"{Server} gave the order for {string.Join(", ", _names)} up: "
            + (order.Error is { } error ? error.ToString() : "it does not say why"),
            "nothing when this is rare, for another order is placed; otherwise do what the reason asks for", null));
    }

    private Failure.Known Later(string reason, DateTimeOffset? retryAt) =>
        new(new IssueOutcome.Pending(reason, retryAt ?? time.GetUtcNow() + UsualRetry));
}

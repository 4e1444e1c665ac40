using System.Collections.Immutable;
using RolloverD.Core.Dane;
using RolloverD.Core.Policy;
using RolloverD.Core.Ports;
using RolloverD.Core.Rollover;

namespace RolloverD.Engine;

/// <summary>Does one step by calling one port, and says what came of it. Decides nothing.</summary>
internal sealed class Executor(World world)
{
    public async Task<StepOutcome> RunAsync(Step step, Facts facts, CancellationToken cancellation)
    {
        try
        {
            return step switch
            {
                Step.GenerateKey make => new StepOutcome.KeyReady(world.Files.CreateKey(
                    make.Certificate, make.Generation, make.Algorithm,
                    [.. facts.Certificate(make.Certificate).Generations.Select(g => g.Key)])),
                Step.KeepKey keep => new StepOutcome.KeyReady(
                    world.Files.ReuseKey(keep.Certificate, keep.From, keep.Generation)),
                Step.Promote => new StepOutcome.Done(),
                Step.Publish publish => await ChangeAsync(
                    publish.Owner, publish.Expected, publish.Target, publish.Added, [], cancellation),
                Step.Withdraw withdraw => await ChangeAsync(
                    withdraw.Owner, withdraw.Expected, withdraw.Target, [], withdraw.Removed, cancellation),
                Step.Issue issue => await IssueAsync(issue, facts, cancellation),
                Step.Deploy deploy => await DeployAsync(step, deploy.Generation, facts, cancellation),
                Step.PutBack back => await DeployAsync(step, back.Generation, facts, cancellation),
                Step.Reload reload => await DeployAsync(step, reload.Generation, facts, cancellation),
                Step.Archive archive => Archive(archive, facts),
                _ => throw new InvalidOperationException($"there is no way to {step.Describe()}"),
            };
        }
        catch (StoreException e)
        {
            return new StepOutcome.Unknown($"could not {step.Describe()}: {e.Reason}", e.Remedy);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new StepOutcome.Unknown(
                $"could not {step.Describe()}: {e.Message}",
                $"see to the state directory {world.Desired.StateDirectory}: free space, owner and permissions");
        }
    }

    private async Task<StepOutcome> ChangeAsync(
        string owner,
        RecordSet expected,
        RecordSet target,
        ImmutableArray<TlsaRecord> added,
        ImmutableArray<TlsaRecord> removed,
        CancellationToken cancellation)
    {
        if (world.ZoneOf(owner) is not { } zone)
        {
            return new StepOutcome.Refused(
                $"no zone in the configuration holds {owner}",
                $"add a [zones.\"…\"] table for the zone of {owner}, and restart the daemon");
        }

        // Where all records go, what is left between two requests keeps the TTL that it has: no other one is known.
        var change = new DnsChange(
            owner,
            DnsRecordType.Tlsa,
            target.IsAbsent ? expected.Ttl : target.Ttl,
            [.. expected.Records.Select(r => r.ToString())],
            [.. added.Select(r => r.ToString())],
            [.. removed.Select(r => r.ToString())]);
        DnsChangeOutcome outcome = await zone.Provider.ChangeAsync(change, cancellation);
        return outcome switch
        {
            DnsChangeOutcome.Applied applied => new StepOutcome.Published(SetOf(applied.Now), applied.InParts),
            DnsChangeOutcome.Conflict conflict => new StepOutcome.Differs(SetOf(conflict.Found)),
            DnsChangeOutcome.Refused refused => new StepOutcome.Refused(refused.Reason, refused.Remedy),
            DnsChangeOutcome.Unknown unknown => new StepOutcome.Unknown(unknown.Reason, unknown.Remedy),
            _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
        };
    }

    private static RecordSet SetOf(DnsRecordSet set) =>
        set.Values.IsEmpty ? RecordSet.Absent : Evidence.SetOf(new AnswerContent.Serves(set, default))!;

    private async Task<StepOutcome> IssueAsync(Step.Issue issue, Facts facts, CancellationToken cancellation)
    {
        DesiredCertificate certificate = world.Desired.Certificates[issue.Certificate];
        var request = new IssueRequest(
            issue.Certificate,
            issue.Generation,
            certificate.Names,
            world.Files.CreateRequest(issue.Certificate, issue.Generation, certificate.Names),
            world.Store.Notebook(certificate.Issuer, issue.Certificate, issue.Generation),
            facts.Certificate(issue.Certificate).Find(issue.Generation)?.Chain?.Leaf.Der ?? []);
        IssueOutcome outcome = await world.Issuer(certificate.Issuer).IssueAsync(request, cancellation);
        return outcome switch
        {
            IssueOutcome.Issued issued => new StepOutcome.Certified(
                world.Files.StoreChain(issue.Certificate, issue.Generation, issued.Chains[0])),
            IssueOutcome.Pending pending => new StepOutcome.Later(pending.Reason, pending.RetryAt),
            IssueOutcome.Refused refused => new StepOutcome.Refused(refused.Reason, refused.Remedy, refused.RetryAt),
            IssueOutcome.Unavailable unavailable => new StepOutcome.Unknown(unavailable.Reason, unavailable.Remedy),
            _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
        };
    }

    // They go in together: every server is prepared, then the link is swapped once, then every server takes it on. The
    // first that cannot stops what goes in. What goes back, or went in and is tried again, is stopped only by one that
    // says it cannot work with that: the others may be those that refuse mail, or that are to be kept from it.
    private async Task<StepOutcome> DeployAsync(
        Step step, int generation, Facts facts, CancellationToken cancellation)
    {
        string name = step.Certificate;
        Generation? known = facts.Certificate(name).Find(generation);
        Chain chain = known?.Chain
            ?? throw new InvalidOperationException($"generation {generation} of {name} has no chain to deploy");
        LiveFiles live = world.Files.Live(name, coming: generation);
        int? before = world.Files.LiveGeneration(name);
        bool first = before is null || before == generation;
        bool goesOn = before == generation || known.State is GenerationState.Deploying { GoesBack: true };
        StepOutcome.Unknown? problem = null;
        ImmutableArray<IMailServer> servers = world.MailServers(world.Desired.Certificates[name]);
        foreach (IMailServer server in servers)
        {
            MailServerOutcome ready = await server.PrepareAsync(live, cancellation);
            if (ready is not MailServerOutcome.Done && !(first && ready is MailServerOutcome.NotConfigured))
                problem ??= Problem(ready);
            if (problem is not null && (!goesOn || ready is MailServerOutcome.NotConfigured))
                return problem;
        }

        world.Files.SwapLive(name, generation, chain);
        List<string> said = [];
        bool reloaded = true;
        foreach (IMailServer server in servers)
        {
            MailServerOutcome outcome = await server.ReloadAsync(live, cancellation);
            switch (outcome)
            {
                case MailServerOutcome.Done done:
                    said.Add(done.Summary);
                    break;
                case MailServerOutcome.NotConfigured not:
                    reloaded = false;
                    said.Add(not.Reason);
                    break;
                default:
                    problem ??= Problem(outcome);
                    break;
            }

            if (problem is not null && !goesOn)
                return problem;
        }

        return problem ?? (StepOutcome)new StepOutcome.Deployed(reloaded, string.Join("; ", said));
    }

    private static StepOutcome.Unknown Problem(MailServerOutcome outcome) => outcome switch
    {
        MailServerOutcome.NotConfigured not => new(not.Reason, not.Remedy),
        MailServerOutcome.Unavailable unavailable => new(unavailable.Reason, unavailable.Remedy),
        MailServerOutcome.Failed failed => new(failed.Reason, failed.Remedy),
        _ => throw new InvalidOperationException($"{outcome} is no problem"),
    };

    private StepOutcome.Done Archive(Step.Archive archive, Facts facts)
    {
        // Together with those that could not go when their generations ended, because the live link led there.
        int? live = world.Files.LiveGeneration(archive.Certificate);
        CertificateFacts known = facts.Certificate(archive.Certificate);
        if (known.Find(archive.Generation) is null)
            world.Files.DestroyKey(archive.Certificate, archive.Generation);
        foreach (Generation generation in known.Generations)
        {
            bool isOver = generation.Number == archive.Generation
                || (generation.State is GenerationState.Archived && HasKey(archive.Certificate, generation.Number));
            if (isOver && generation.Number != live)
                world.Files.DestroyKey(archive.Certificate, generation.Number);
        }

        return new();
    }

    private bool HasKey(string certificate, int generation)
    {
        try
        {
            return world.Files.FindKey(certificate, generation) is not null;
        }
        catch (StoreException)
        {
            return true; // damaged, and the more reason to go
        }
    }
}

using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using RolloverD.Core.Ports;

namespace RolloverD.Providers.MailServers.Postfix;

/// <summary>
/// Writes main.cf so that Postfix reads a certificate's live file. What stood there before is kept beside it, and put
/// back when Postfix does not like the result.
/// </summary>
internal sealed class PostfixSetup(string directory, PostfixInstance instance)
{
    // A list of main.cf has no quoting.
    private static readonly SearchValues<char> NeverInList = SearchValues.Create(" \t\r\n,$#");

    private string MainCf => $"{directory}/main.cf";

    public async Task<MailServerOutcome> WriteAsync(
        PostfixConfiguration configuration, LiveFiles live, CancellationToken cancellation)
    {
        LiveReading reading = LiveReading.Of(configuration, live);
        List<string> settings = [];
        WantedChainFiles wanted = WantedChainFiles.Of(configuration, live);
        if (!reading.IsListed || reading.Clash is not null)
            settings.Add($"{PostfixConfiguration.ChainFiles} = {wanted.Value}");
        if (!reading.IsTlsOn)
            settings.Add($"{PostfixConfiguration.SecurityLevel} = may");
        ImmutableArray<string> legacy =
            [.. PostfixConfiguration.LegacyFiles.Where(configuration.SetInMainCf.Contains)];

        if (settings.Count == 0 && legacy.IsEmpty)
            return new MailServerOutcome.Done($"nothing was to be written: {MainCf} names {live.Combined} already");

        if (Obstacle(live) is { } obstacle)
            return obstacle;

        if (await instance.CheckAsync(configuration, cancellation) is { } unsound)
            return unsound;

        try
        {
            byte[] before = await File.ReadAllBytesAsync(MainCf, cancellation);
            string backup = Backup();

            // Once begun it is finished: half of it would leave two kinds of settings side by side.
            if ((await EditAsync(settings, legacy) ?? await VerifyAsync(live)) is { } problem)
            {
                PutBack(before);
                return problem;
            }

            return new MailServerOutcome.Done(Summary(configuration, settings, wanted, legacy, backup));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new MailServerOutcome.Failed($"{MainCf} could not be changed: {e.Message}", "run this as root");
        }
    }

    private static MailServerOutcome.Failed? Obstacle(LiveFiles live)
    {
        if (live.Combined.AsSpan().ContainsAny(NeverInList))
        {
            return new(
                $"{live.Combined} cannot stand in a list of main.cf, which takes no blanks, commas, $ or #",
                "choose another state directory or certificate name");
        }

        return File.Exists(live.Combined)
            ? null
            : new(
                $"{live.Combined} does not exist yet, and Postfix would offer no TLS without it",
                "let the first certificate be issued, then try again");
    }

    private async Task<MailServerOutcome?> EditAsync(List<string> settings, ImmutableArray<string> legacy)
    {
        // First the new, then without the old: in between Postfix reads the new and ignores the old.
        foreach (IEnumerable<string> edit in (IEnumerable<string>[])[settings.Prepend("-e"), legacy.Prepend("-#")])
        {
            if (!edit.Skip(1).Any())
                continue;

            ToolOutcome outcome = await instance.EditAsync(edit, CancellationToken.None);
            if (outcome is not ToolOutcome.Ended { ExitCode: 0 })
                return instance.ProblemOf(outcome);
        }

        return null;
    }

    private async Task<MailServerOutcome?> VerifyAsync(LiveFiles live)
    {
        (PostfixConfiguration? written, MailServerOutcome? problem) = await instance.ReadAsync(CancellationToken.None);
        return problem
            ?? LiveReading.Of(written!, live).Gap(written!, live, directory)
            ?? await instance.CheckAsync(written!, CancellationToken.None);
    }

    private string Backup()
    {
        string backup = $"{MainCf}.rolloverd-before";
        for (int number = 2; File.Exists(backup); number++)
            backup = string.Create(CultureInfo.InvariantCulture, $"{MainCf}.rolloverd-before.{number}");

        File.Copy(MainCf, backup);
        return backup;
    }

    private void PutBack(byte[] before)
    {
        string beside = $"{MainCf}.rolloverd-put-back";
        File.WriteAllBytes(beside, before);
        File.SetUnixFileMode(beside, File.GetUnixFileMode(MainCf));
        File.Move(beside, MainCf, overwrite: true);
    }

    private string Summary(
        PostfixConfiguration configuration, List<string> settings, WantedChainFiles wanted,
        ImmutableArray<string> legacy, string backup)
    {
        string dropped = wanted.Dropped.IsEmpty
            ? ""
            : "; no longer listed, because Postfix takes one readable key of each kind: "
                + string.Join(", ", wanted.Dropped);
        string unused = legacy.IsEmpty
            ? ""
            : "; commented out, because chain files replace them: "
                + string.Join(", ", legacy.Select(name => $"{name} = {configuration[name]}"));
        string wrote = settings.Count == 0 ? "changed" : $"wrote into it: {string.Join(" and ", settings)}";
        return $"{MainCf}: {wrote}{dropped}{unused}; what stood there before is in {backup}";
    }
}

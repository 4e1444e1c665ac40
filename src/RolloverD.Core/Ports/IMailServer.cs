namespace RolloverD.Core.Ports;

/// <summary>
/// A mail server that reads a certificate's <c>live/</c> files. Putting a generation into service is: prepare every
/// server, swap the link once, reload every server; the old generation goes back the same way.
/// </summary>
public interface IMailServer
{
    /// <summary>
    /// Looks whether the server runs, its configuration is sound and reads the live files, and whether it can take on
    /// what is about to be there: the coming generation where one is named, else what is live. Changes nothing.
    /// </summary>
    Task<MailServerOutcome> PrepareAsync(LiveFiles live, CancellationToken cancellation);

    /// <summary>
    /// Makes the running server take on what <c>live/</c> now holds, whatever is coming. Harmless when repeated.
    /// </summary>
    Task<MailServerOutcome> ReloadAsync(LiveFiles live, CancellationToken cancellation);

    /// <summary>
    /// Writes the configuration that makes the server read the live files, now and with the coming generation, and says
    /// in words what it wrote.
    /// </summary>
    Task<MailServerOutcome> ConfigureAsync(LiveFiles live, CancellationToken cancellation);
}

/// <summary>Where a certificate's live files are.</summary>
/// <param name="Certificate">Name of the certificate in the configuration.</param>
/// <param name="Directory">Absolute path of <c>live/NAME</c>, a symbolic link that is swapped.</param>
/// <param name="Coming">
/// Absolute path of the generation's directory that the link is about to lead to; null: it stays as it is.
/// </param>
public sealed record LiveFiles(string Certificate, string Directory, string? Coming = null)
{
    public string Combined => $"{Directory}/combined.pem";

    /// <summary>The file that <see cref="Combined"/> is about to be; it may not be there yet.</summary>
    public string ComingCombined => $"{Coming ?? Directory}/combined.pem";

    public string FullChain => $"{Directory}/fullchain.pem";

    public string PrivateKey => $"{Directory}/privkey.pem";
}

/// <summary>What a mail server's adapter found or did.</summary>
public abstract record MailServerOutcome
{
    private MailServerOutcome()
    {
    }

    /// <summary>Well; <paramref name="Summary"/> says in a few words what was found or done.</summary>
    public sealed record Done(string Summary) : MailServerOutcome;

    /// <summary>The server does not read <c>live/</c>; the remedy names the exact line that makes it.</summary>
    public sealed record NotConfigured(string Reason, string Remedy) : MailServerOutcome;

    /// <summary>The server is not running or its tools cannot be used.</summary>
    public sealed record Unavailable(string Reason, string Remedy) : MailServerOutcome;

    /// <summary>The server's own check or reload failed.</summary>
    public sealed record Failed(string Reason, string Remedy) : MailServerOutcome;
}

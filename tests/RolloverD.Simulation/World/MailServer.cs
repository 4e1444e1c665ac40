using RolloverD.Core.Policy;
using RolloverD.Core.Ports;

namespace RolloverD.Simulation.World;

/// <summary>The adapter of the mail servers that serve one certificate.</summary>
internal sealed class MailServer(Scene scene, DesiredCertificate certificate) : IMailServer
{
    private static readonly Fault[] Faults =
        [Fault.ReloadFails, Fault.ReloadIgnored, Fault.ReloadSlow, Fault.ReloadHalf];

    public Task<MailServerOutcome> PrepareAsync(LiveFiles live, CancellationToken cancellation)
    {
        scene.Pause(TimeSpan.FromMilliseconds(scene.Dice.Between(5, 60)));
        return Task.FromResult(Look());
    }

    public Task<MailServerOutcome> ReloadAsync(LiveFiles live, CancellationToken cancellation)
    {
        scene.BeforeEffect("reload");
        scene.Pause(TimeSpan.FromMilliseconds(scene.Dice.Between(5, 300)));
        MailServerOutcome outcome = Look();
        if (outcome is MailServerOutcome.Done)
            outcome = Reload();
        scene.AfterEffect("reload");
        return Task.FromResult(outcome);
    }

    public Task<MailServerOutcome> ConfigureAsync(LiveFiles live, CancellationToken cancellation) =>
        throw new InvalidOperationException("the engine configures no mail server");

    private MailServerOutcome Look() =>
        scene.Mail.IsDown ? new MailServerOutcome.Unavailable("the mail system is not running", "start it")
        : scene.Mail.Pinned.Contains(certificate.Name) || !scene.Mail.Configured.Contains(certificate.Name)
            ? new MailServerOutcome.NotConfigured("it reads other files", "smtpd_tls_chain_files = live")
        : new MailServerOutcome.Done("the mail system runs");

    private MailServerOutcome Reload()
    {
        MailSystem mail = scene.Mail;
        DateTimeOffset called = scene.Now;
        switch (scene.Strikes(Faults))
        {
            case Fault.ReloadFails:
                if (scene.Dice.OneIn(3))
                    TakeOn(_ => true);
                return new MailServerOutcome.Failed("postfix: fatal", "see the mail log");
            case Fault.ReloadIgnored:
                break;
            case Fault.ReloadSlow:
                foreach (Listener listener in mail.Listeners)
                {
                    scene.Timeline.In(
                        scene.Dice.Spread(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
                        () => TakeOn(l => l == listener));
                }

                break;
            case Fault.ReloadHalf:
                int which = scene.Dice.Below(mail.Listeners.Count);
                TakeOn(l => l == mail.Listeners[which]);
                break;
            default:
                TakeOn(_ => true);
                break;
        }

        return new MailServerOutcome.Done("reloaded");

        void TakeOn(Func<Listener, bool> where)
        {
            if (mail.Live(certificate.Name) is { } live)
                scene.Brings(live, certificate, called);
            mail.TakeOn(certificate.Name, where);
        }
    }
}

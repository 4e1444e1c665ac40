using RolloverD.Core.Ports;
using RolloverD.Providers.MailServers.Postfix;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Providers.Tests.MailServers.Postfix;

/// <summary>A real Postfix against the kit.</summary>
public sealed class PostfixConformance : MailServerConformance
{
    protected override Task<IMailServerSandbox> CreateAsync() =>
        Task.FromResult<IMailServerSandbox>(new PostfixUnderTest());
}

/// <summary>A Postfix sandbox with its adapter.</summary>
internal sealed class PostfixUnderTest : IMailServerSandbox
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public PostfixUnderTest()
    {
        Assert.SkipWhen(PostfixSandbox.Missing is not null, PostfixSandbox.Missing ?? "");
        Sandbox = new();
        Server = new PostfixServer(Sandbox.ConfigDirectory, null, null, Timeout, TimeProvider.System);
    }

    public PostfixSandbox Sandbox { get; }

    public IMailServer Server { get; }

    public string Directory => Sandbox.Directory;

    public int Port => Sandbox.Port;

    public string Configuration =>
        File.ReadAllText(Sandbox.MainCf) + File.ReadAllText($"{Sandbox.ConfigDirectory}/master.cf");

    public Task StartAsync() => Sandbox.StartAsync();

    public Task StopAsync()
    {
        Sandbox.Command("stop");
        return Task.CompletedTask;
    }

    public string Break()
    {
        Sandbox.Add("this line says nothing");
        return "missing '=' after attribute name";
    }

    public Task TurnTlsOffAsync()
    {
        Sandbox.Set("smtpd_tls_security_level = none");
        Sandbox.Command("reload");
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => Sandbox.DisposeAsync();
}

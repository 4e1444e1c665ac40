using RolloverD.Core.Ports;

namespace RolloverD.Providers.Tests.MailServers;

/// <summary>A real mail server that a test may start, stop and break; it is not running at first.</summary>
public interface IMailServerSandbox : IAsyncDisposable
{
    /// <summary>A directory of the sandbox's own, for live files.</summary>
    string Directory { get; }

    /// <summary>Where it serves SMTP on 127.0.0.1.</summary>
    int Port { get; }

    /// <summary>The adapter under test.</summary>
    IMailServer Server { get; }

    /// <summary>All of the server's configuration, to see whether it changed.</summary>
    string Configuration { get; }

    Task StartAsync();

    Task StopAsync();

    /// <summary>Makes the configuration unsound.</summary>
    /// <returns>A word that the server's own complaint holds.</returns>
    string Break();

    /// <summary>Makes the server offer no TLS, behind the adapter's back.</summary>
    Task TurnTlsOffAsync();
}

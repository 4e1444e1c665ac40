using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RolloverD.Core.Dane;
using RolloverD.Smtp;

namespace RolloverD.Commands;

/// <summary>
/// <c>rolloverd tlsa FILE.pem [HOST:PORT]</c>: the TLSA records of a certificate file, ready for a zone file.
/// </summary>
internal static class TlsaCommand
{
    private static readonly string[] Kinds = ["3 1 1", "3 1 2", "3 0 1", "3 0 2", "2 1 1", "2 1 2", "2 0 1", "2 0 2"];

    public static Command Create(CommonOptions common)
    {
        var file = new Argument<string>("FILE.pem")
        {
            Description = "Certificates, the server's own first, as the server sends them.",
        };
        var endpoint = new Argument<string?>("HOST:PORT")
        {
            Description = "For the owner name; the first name of the certificate and port 25 when left out.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command(
            "tlsa",
            """
            Prints every TLSA record that would match the certificates in a file, in zone-file form.
            '3 1 1' is the one to publish for a mail server;
            '2 1 1' and '2 0 1' name the CA that issued it and need the whole chain to be served.
            """);
        Lesson.Teach(command, new(
            [
                ("tlsa /etc/ssl/mx1.pem", "For port 25 of the certificate's first name."),
                ("tlsa fullchain.pem mx2.example.net:25", "For another host that serves the same chain."),
            ],
            [
                (0, "printed"),
                (1, "the file cannot be read or holds no certificate"),
                (64, "no host name can be told"),
            ]));
        command.Arguments.Add(file);
        command.Arguments.Add(endpoint);
        command.SetAction(parsed =>
            Show(parsed.GetValue(file)!, parsed.GetValue(endpoint), parsed.GetValue(common.Json)));
        return command;
    }

    private static int Show(string file, string? where, bool json)
    {
        Chain chain = Read(file);
        string host = where ?? chain.Leaf.DnsNames.FirstOrDefault()
            ?? throw new CommandException(
                ExitCode.Usage, $"the certificate in {file} holds no host name", "say HOST:PORT after it");
        Endpoint endpoint = CommonOptions.EndpointOf(host);
        TlsaRecord[] records =
        [
            .. Kinds.Select(p => TlsaParameters.TryParse(p, out TlsaParameters parsed) ? chain.RecordFor(parsed) : null)
                .OfType<TlsaRecord>(),
        ];
        if (json)
        {
            ReportJson.Print(
                new(endpoint.TlsaName, [.. records.Select(r => r.ToString())]), ReportJson.Default.TlsaReport);
            return ExitCode.Good;
        }

        foreach (TlsaRecord record in records)
            Console.WriteLine($"{endpoint.TlsaName}. IN TLSA {record}");
        return ExitCode.Good;
    }

    private static Chain Read(string file)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(file);
            if (certificates.Count == 0)
            {
                throw new CommandException(
                    ExitCode.Bad, $"{file} holds no certificate", "name a PEM file that holds one");
            }

            return ChainReader.Read([.. certificates.Select(c => c.RawData)]);
        }
        catch (Exception e) when (
            e is IOException or UnauthorizedAccessException or CryptographicException or InvalidDataException)
        {
            throw new CommandException(
                ExitCode.Bad,
                $"cannot read certificates from {file}: {e.Message.TrimEnd('.')}",
                "name a PEM file that this user may read");
        }
    }
}

internal sealed record TlsaReport(string Owner, System.Collections.Immutable.ImmutableArray<string> Records);

using Org.BouncyCastle.Tls;

namespace RolloverD.Smtp;

/// <summary>Moves bytes between a connection and the TLS client, so that every wait can be cancelled.</summary>
internal sealed class TlsDialogue(Stream stream, ObservingClient client)
{
    private const int MostHandshakeBytes = 512 * 1024;

    private readonly TlsClientProtocol _protocol = new();
    private readonly byte[] _buffer = new byte[16 * 1024];

    /// <summary>Shakes hands. The server has then proved that it holds the key of its leaf.</summary>
    /// <exception cref="TlsFatalAlertReceived">The server refused.</exception>
    /// <exception cref="TlsFatalAlert">What the server sent is not acceptable.</exception>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    public async Task HandshakeAsync(CancellationToken cancellation)
    {
        _protocol.Connect(client);
        await FlushAsync(cancellation);
        for (int received = 0; _protocol.IsHandshaking;)
        {
            int read = await stream.ReadAsync(_buffer, cancellation);
            if (read == 0)
                throw new EndOfStreamException("the server closed the connection");

            received += read;
            if (received > MostHandshakeBytes)
                throw new InvalidDataException($"a handshake of more than {MostHandshakeBytes} bytes");

            try
            {
                _protocol.OfferInput(_buffer, 0, read);
            }
            finally
            {
                await FlushAsync(cancellation); // the alert too, when the input was not acceptable
            }
        }
    }

    /// <summary>Says the words, waits for some answer, and closes; the answer does not matter.</summary>
    public async Task TakeLeaveAsync(ReadOnlyMemory<byte> words, CancellationToken cancellation)
    {
        if (!words.IsEmpty)
        {
            _protocol.WriteApplicationData(words.ToArray(), 0, words.Length);
            await FlushAsync(cancellation);
            while (_protocol.GetAvailableInputBytes() == 0 && !_protocol.IsClosed)
            {
                int read = await stream.ReadAsync(_buffer, cancellation);
                if (read == 0)
                    return;

                _protocol.OfferInput(_buffer, 0, read);
            }
        }

        _protocol.Close();
        await FlushAsync(cancellation);
    }

    private async Task FlushAsync(CancellationToken cancellation)
    {
        while (_protocol.GetAvailableOutputBytes() is > 0 and int available)
        {
            byte[] output = new byte[available];
            int length = _protocol.ReadOutput(output, 0, available);
            await stream.WriteAsync(output.AsMemory(0, length), cancellation);
        }
    }
}

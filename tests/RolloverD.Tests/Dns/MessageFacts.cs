using RolloverD.Dns.Messages;
using Xunit;

namespace RolloverD.Tests.Dns;

/// <summary>What is read out of a message's octets.</summary>
public sealed class MessageFacts
{
    [Theory]
    [InlineData(0, 3, 3)]
    [InlineData(1, 0, 16)]
    [InlineData(16, 0, 256)]
    [InlineData(16, 3, 259)]
    [InlineData(255, 15, 4095)]
    public void A_response_code_has_twelve_bits(byte upper, byte lower, int code)
    {
        byte[] header = [0, 1, 0x84, lower, 0, 0, 0, 0, 0, 0, 0, 1];
        byte[] opt = [0, 0, 41, 4, 0xD0, upper, 0, 0, 0, 0, 0];
        Assert.True(Message.TryParse([.. header, .. opt], out Message? message, out _));
        Assert.Equal(code, (int)message.Code);
    }
}

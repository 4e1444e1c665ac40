using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RolloverD.Core.Ports;
using Xunit;

namespace RolloverD.Providers.Tests.Issuers;

/// <summary>
/// What every issuer must do, whoever certifies. An issuer's test class derives from this, says how one is made and
/// which names it certifies, and inherits the facts.
/// </summary>
public abstract class IssuerConformance
{
    /// <summary>An issuer as after a restart: it remembers nothing but what is in the notebook.</summary>
    protected abstract IIssuer NewIssuer();

    /// <summary>Names that it certifies.</summary>
    protected abstract ImmutableArray<string> Names { get; }

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_certifies_the_key_of_the_request_for_its_names()
    {
        using var order = new TestOrder(Names);
        order.AssertCertifiedBy(await NewIssuer().IssueAsync(order.Request, Cancellation));
    }

    [Fact]
    public async Task It_certifies_an_RSA_key_too()
    {
        using RSA key = RSA.Create(2048);
        using var order = new TestOrder(Names, key: key);
        order.AssertCertifiedBy(await NewIssuer().IssueAsync(order.Request, Cancellation));
    }

    [Fact]
    public async Task Each_chain_leads_from_the_leaf_to_its_issuers()
    {
        using var order = new TestOrder(Names);
        foreach (ImmutableArray<ImmutableArray<byte>> chain in
            order.AssertCertifiedBy(await NewIssuer().IssueAsync(order.Request, Cancellation)).Chains)
        {
            for (int i = 0; i + 1 < chain.Length; i++)
            {
                using X509Certificate2 lower = X509CertificateLoader.LoadCertificate(chain[i].AsSpan());
                using X509Certificate2 upper = X509CertificateLoader.LoadCertificate(chain[i + 1].AsSpan());
                Assert.Equal(lower.Issuer, upper.Subject);
            }
        }
    }

    [Fact]
    public async Task Asked_again_after_a_restart_it_hands_out_the_same_certificate()
    {
        using var order = new TestOrder(Names);
        ImmutableArray<byte> first = Leaf(await NewIssuer().IssueAsync(order.Request, Cancellation));
        ImmutableArray<byte> again = Leaf(await NewIssuer().IssueAsync(order.Request, Cancellation));
        Assert.True(first.AsSpan().SequenceEqual(again.AsSpan()));

        ImmutableArray<byte> Leaf(IssueOutcome outcome) => order.AssertCertifiedBy(outcome).Chains[0][0];
    }

    [Fact]
    public async Task A_certificate_that_is_to_be_replaced_is_not_handed_out_again()
    {
        using var order = new TestOrder(Names);
        ImmutableArray<byte> first =
            order.AssertCertifiedBy(await NewIssuer().IssueAsync(order.Request, Cancellation)).Chains[0][0];
        ImmutableArray<byte> next = order.AssertCertifiedBy(await NewIssuer().IssueAsync(
            order.Request with { Replaces = first }, Cancellation)).Chains[0][0];
        Assert.False(first.AsSpan().SequenceEqual(next.AsSpan()));
    }

    [Fact]
    public async Task Another_request_in_the_same_notebook_gets_a_certificate_of_its_own()
    {
        using var order = new TestOrder(Names);
        order.AssertCertifiedBy(await NewIssuer().IssueAsync(order.Request, Cancellation));
        using var other = new TestOrder(Names, order.Notebook);
        other.AssertCertifiedBy(await NewIssuer().IssueAsync(other.Request, Cancellation));
    }

    [Fact]
    public async Task Cut_off_at_any_write_it_goes_on_after_a_restart()
    {
        for (int cut = 1; ; cut++)
        {
            using var order = new TestOrder(Names);
            using var stop = new CancellationTokenSource();
            order.Notebook.CancelAfterWrites(cut, stop);
            try
            {
                await NewIssuer().IssueAsync(order.Request, stop.Token);
            }
            catch (OperationCanceledException)
            {
                order.AssertCertifiedBy(await NewIssuer().IssueAsync(order.Request, Cancellation));
                AssertNothingLeft();
                continue;
            }

            Assert.True(cut > 1, "the issuer noted nothing");
            return;
        }
    }

    /// <summary>Asserts that nothing was left behind outside.</summary>
    protected abstract void AssertNothingLeft();
}

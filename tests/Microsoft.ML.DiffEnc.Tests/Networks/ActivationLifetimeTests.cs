using Microsoft.ML.DiffEnc.Networks;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks;

public class ActivationLifetimeTests
{
    private const int Side = 16;

    [Fact]
    public void The_denoiser_frees_each_activation_that_nothing_needs_any_more()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var network = new Denoiser(1, NetworkSize.Of(16, 2, 4), new Initializer(1));
        var read = network.Activations(randn(1, 1, Side, Side), zeros(1, dtype: float64), zeros(1)).ToList();
        Freed(read.SkipLast(1).Select(a => a.Activation), read[^1].Activation);
    }

    [Fact]
    public void The_encoder_frees_them_and_their_derivatives()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var network = new EncoderNetwork(1, Side, EncoderLayout.Plain, NetworkSize.Of(16, 2, 4), new Initializer(1));
        var time = new Dual(zeros(1, dtype: float64), ones(1, dtype: float64));
        var read = network.Activations(randn(1, 1, Side, Side), time, zeros(1)).ToList();
        // The first is read by the first level, and is no skip connection.
        Freed(read.Skip(1).SkipLast(1).Select(a => a.Activation), read[^1].Activation);
        Assert.NotNull(read[^1].Activation.Tangent);
    }

    [Fact]
    public void What_comes_back_as_it_was_stays()
    {
        using var scope = NewDisposeScope();
        var pair = new Dual(ones(2), ones(2));
        var half = pair.Into(p => p with { Value = p.Value + 1 });
        Assert.True(pair.Value.IsInvalid);
        Assert.False(half.Tangent!.IsInvalid);
    }

    private static void Freed(IEnumerable<Dual> earlier, Dual last)
    {
        Assert.All(earlier, a => Assert.True(a.Value.IsInvalid && a.Tangent?.IsInvalid != false));
        Assert.False(last.Value.IsInvalid);
    }
}

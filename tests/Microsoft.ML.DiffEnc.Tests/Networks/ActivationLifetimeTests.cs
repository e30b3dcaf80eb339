using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
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

    [Avx2LinuxFact]
    public void Of_a_block_the_backward_pass_keeps_its_input_and_what_lies_between_its_convolutions()
    {
        const int images = 8, channels = 32, side = 64;
        const double megabytes = images * channels * side * side * sizeof(float) / (1024.0 * 1024);
        using var scope = NewDisposeScope();
        using var block = new ResNetBlock(channels, channels, 4 * channels, 8, new Initializer(1));
        var (x, embedding) = (randn(images, channels, side, side).requires_grad_(), randn(images, 4 * channels));
        Kept(inKernels: true); // and what libtorch keeps of first calls
        Assert.InRange(NativeMemory.Usual(() => Kept(inKernels: true)), 1.95 * megabytes, 2.1 * megabytes); // the result and one more
        Assert.InRange(NativeMemory.Usual(() => Kept(inKernels: false)), 6 * megabytes, 12 * megabytes);

        double Kept(bool inKernels)
        {
            block.SetFirstDerivativesOnly(inKernels);
            double before = NativeMemory.Held().Megabytes;
            using var y = block.Forward(new Dual(x), new Dual(embedding), new Dropout(0.1, 3)).Value;
            Assert.True(y.requires_grad);
            return NativeMemory.Held().Megabytes - before;
        }
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

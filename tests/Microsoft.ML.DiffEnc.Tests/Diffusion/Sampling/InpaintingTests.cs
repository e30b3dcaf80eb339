using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion.Sampling;

/// <summary>Inpainting of pairs of correlated pixels, where the one given the other is known.</summary>
public class InpaintingTests
{
    private const int Count = 10_000;
    private const double First = 0.4;

    /// <summary>
    /// Encoder, stretch, repeats, and the moments that 100 steps end at: from an own recursion of the means and covariances of (z, c), outside of this
    /// code, with the paper's formulas and no Monte-Carlo error. The truth is (0.14, 0.0225).
    /// </summary>
    public static TheoryData<EncoderKind, int, int, double, double> Limits => new()
    {
        { EncoderKind.None, 1, 1, 0.0457, 0.02961 },
        { EncoderKind.NonTrainable, 1, 1, 0.0437, 0.02979 },
        { EncoderKind.Trainable, 1, 1, 0.0444, 0.02980 },
        { EncoderKind.None, 10, 5, 0.1145, 0.02317 },
        { EncoderKind.Trainable, 10, 5, 0.1151, 0.02318 },
    };

    [Theory, MemberData(nameof(Limits))]
    public void Draws_have_the_moments_of_an_exact_recursion(EncoderKind encoder, int stretch, int repeats, double mean, double variance)
    {
        var drawn = Draw(encoder, stretch, repeats);
        // Four standard errors, s/√n and s² √(2/n), and the rounding of the numbers above.
        Assert.Equal(mean, drawn.Mean, 5e-5 + 4 * Math.Sqrt(variance / Count));
        Assert.Equal(variance, drawn.Variance, 5e-6 + 4 * variance * Math.Sqrt(2.0 / Count));
    }

    [Fact]
    public void With_a_mixing_encoder_too_repeats_bring_the_draws_to_the_conditional_distribution()
    {
        var truth = PairToy.Truth(First);
        Assert.Equal((0.14, 0.0225), (Math.Round(truth.Mean, 6), Math.Round(truth.Variance, 6)));
        double once = truth.Mean - Draw(EncoderKind.Trainable, 10, 1).Mean, often = truth.Mean - Draw(EncoderKind.Trainable, 10, 10).Mean;
        // What is missing falls as one over the repeats; four standard errors are 0.006. The mean of all pairs is 0.24 away.
        Assert.InRange(once, 0.08, 0.11);
        Assert.InRange(often, 0.0075, 0.0195);
    }

    private static (double Mean, double Variance) Draw(EncoderKind encoder, int stretch, int repeats)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        Tensor Noise() => randn([Count, 1, 1, 2], dtype: float64, generator: generator);
        var toy = new PairToy(encoder);
        var x = tensor(new[] { First, 99 }).reshape(1, 1, 1, 2).expand(Count, 1, 1, 2);
        using var inpainting = new Inpainting(toy.Process, toy.Encoding, x, tensor(new[] { false, true }).reshape(1, 1, 1, 2));
        var z0 = inpainting.Run(Noise(), TimeGrid.Uniform(100), stretch, repeats, Noise);
        var second = z0.select(3, 1) * Math.Sqrt(1 + Math.Exp(-8)); // /α_0
        return (second.mean().item<double>(), second.var().item<double>() - Math.Exp(-8));
    }
}

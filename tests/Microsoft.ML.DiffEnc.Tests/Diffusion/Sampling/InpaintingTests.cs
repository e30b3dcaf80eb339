using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion.Sampling;

/// <summary>Inpainting of pairs of correlated pixels, where the one given the other is known.</summary>
public class InpaintingTests
{
    private const int Count = 2500;
    private const double First = 0.4;

    /// <summary>
    /// Encoder, stretch, repeats, and the moments that 100 steps end at: from an own recursion of the means and covariances of (z, c), outside of
    /// this code, with the paper's formulas. The truth is (0.14, 0.0225).
    /// </summary>
    public static TheoryData<EncoderKind, int, int, double, double> Limits => new()
    {
        { EncoderKind.None, 1, 1, 0.0457, 0.02961 },
        { EncoderKind.NonTrainable, 1, 1, 0.0437, 0.02979 },
        { EncoderKind.Trainable, 1, 1, 0.0444, 0.02980 },
        { EncoderKind.None, 10, 5, 0.1145, 0.02317 },
        { EncoderKind.NonTrainable, 10, 5, 0.1141, 0.02322 },
        { EncoderKind.Trainable, 10, 5, 0.1151, 0.02318 },
    };

    [Theory, MemberData(nameof(Limits))]
    public void Draws_have_the_moments_of_another_recursion_exactly(EncoderKind encoder, int stretch, int repeats, double mean, double variance)
    {
        // The result is affine in the noise: without noise it is the mean, and the variance is the sum of the squares of what each number of noise
        // changes. One image of the batch for each of these numbers, and a first one without any. Small ones, so that no guess leaves [−1, 1].
        const double small = 1e-3;
        int calls = 1 + 2 * 100 * repeats + 100 / stretch * (repeats - 1), call = 0, count = 1 + 2 * calls;
        Tensor Unit()
        {
            var noise = zeros(count, 2, dtype: float64);
            noise[1 + 2 * call, 0] = noise[2 + 2 * call, 1] = tensor(small);
            call++;
            return noise.reshape(count, 1, 1, 2);
        }
        using var scope = NewDisposeScope();
        var second = Draw(encoder, stretch, repeats, count, Unit);
        Assert.Equal(calls, call);
        Assert.Equal(mean, second[0].item<double>(), 6e-5); // the numbers above are rounded
        Assert.Equal(variance, ((second - second[0]) / small).square().sum().item<double>() - Math.Exp(-8), 6e-6);
    }

    [Fact]
    public void With_a_mixing_encoder_too_repeats_bring_the_draws_to_the_conditional_distribution()
    {
        var truth = PairToy.Truth(First);
        Assert.Equal((0.14, 0.0225), (Math.Round(truth.Mean, 6), Math.Round(truth.Variance, 6)));
        double once = truth.Mean - Draw(EncoderKind.Trainable, 10, 1).Mean, often = truth.Mean - Draw(EncoderKind.Trainable, 10, 10).Mean;
        // By the recursion 0.096 and 0.014 are missing; four standard errors, 4 s/√n, are 0.012 for the conditional s = 0.15. The mean of all pairs
        // is 0.24 away.
        Assert.InRange(once, 0.08, 0.11);
        Assert.InRange(often, 0.0015, 0.0255);
    }

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    [InlineData(EncoderKind.Trainable)]
    public void Noising_goes_from_the_encoding_at_s_to_that_at_t(EncoderKind encoder)
    {
        using var scope = NewDisposeScope();
        var toy = new PairToy(encoder);
        var x = tensor(new[] { 0.4, -0.7 }).reshape(1, 1, 1, 2);
        using var inpainting = new Inpainting(toy.Process, toy.Encoding, x, tensor(false));
        var step = ProcessStep.Between(toy.Process.Schedule, 0.6, 0.3, x);
        var encodedS = toy.Encoding(x, step.GammaS, step.GammaS).Encoded; // [1, 1, 1, 2]
        var encodedT = toy.Encoding(x, step.GammaT, step.GammaT).Encoded;
        var mean = inpainting.Noised(step.LevelS.Alpha * encodedS, step, () => zeros_like(x));
        Assert.True(allclose(step.LevelT.Alpha * encodedT, mean, rtol: 1e-12, atol: 1e-14), Models.Compare(step.LevelT.Alpha * encodedT, mean));
        // The noise of z_s and the new one: σ_t² in all.
        var old = inpainting.Noised(step.LevelS.Alpha * encodedS + step.LevelS.Sigma, step, () => zeros_like(x)) - mean;
        var added = inpainting.Noised(step.LevelS.Alpha * encodedS, step, () => ones_like(x)) - mean;
        Assert.True(allclose(step.LevelT.SigmaSquared, old.square() + added.square(), rtol: 1e-12, atol: 0));
    }

    private static (double Mean, double Variance) Draw(EncoderKind encoder, int stretch, int repeats)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var second = Draw(encoder, stretch, repeats, Count, () => randn([Count, 1, 1, 2], dtype: float64, generator: generator));
        return (second.mean().item<double>(), second.var().item<double>() - Math.Exp(-8));
    }

    /// <summary>The second pixels of pairs of which the first is known, in 100 steps; [count].</summary>
    private static Tensor Draw(EncoderKind encoder, int stretch, int repeats, int count, Func<Tensor> noise)
    {
        var toy = new PairToy(encoder);
        var x = tensor(new[] { First, 99 }).reshape(1, 1, 1, 2).expand(count, 1, 1, 2);
        using var inpainting = new Inpainting(toy.Process, toy.Encoding, x, tensor(new[] { false, true }).reshape(1, 1, 1, 2));
        var z0 = inpainting.Run(noise(), TimeGrid.Uniform(100), stretch, repeats, noise);
        return z0.reshape(count, 2).select(1, 1) * Math.Sqrt(1 + Math.Exp(-8)); // /α_0
    }
}

using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion.Sampling;

/// <summary>The samplers on Gaussian data, where the best denoiser and the right answer are known.</summary>
public class SamplerStepTests
{
    /// <summary>Sampler, encoder, and whether there is a second head.</summary>
    public static TheoryData<SamplerKind, EncoderKind, bool> Exact => new()
    {
        { SamplerKind.Ancestral, EncoderKind.None, false },
        { SamplerKind.Ancestral, EncoderKind.NonTrainable, false },
        { SamplerKind.Ancestral, EncoderKind.Trainable, false },
        { SamplerKind.Sde, EncoderKind.None, false },
        { SamplerKind.Sde, EncoderKind.NonTrainable, false },
        { SamplerKind.Sde, EncoderKind.Trainable, false },
        { SamplerKind.Ode, EncoderKind.None, false },
        { SamplerKind.Ode, EncoderKind.NonTrainable, false },
        { SamplerKind.Deterministic, EncoderKind.None, false },
        { SamplerKind.Deterministic, EncoderKind.NonTrainable, false },
        { SamplerKind.Ode, EncoderKind.Trainable, true },
        { SamplerKind.Deterministic, EncoderKind.Trainable, true },
    };

    [Theory, MemberData(nameof(Exact))]
    public void Samples_tend_to_the_data_at_the_order_of_the_method(SamplerKind kind, EncoderKind encoder, bool head)
    {
        var toy = new GaussianToy(encoder, head);
        double order = kind is SamplerKind.Sde or SamplerKind.Ode ? 4 : 2; // errors divide by it when steps double
        var (coarse, fine) = (Error(toy, kind, 200), Error(toy, kind, 400));
        Assert.InRange(coarse.Variance / fine.Variance, 0.8 * order, 1.25 * order);
        Assert.InRange(fine.Mean, 0, 0.01);
        Assert.InRange(fine.Variance, 0, 0.01);
    }

    [Fact]
    public void Samples_of_the_ode_converge_in_the_mean_to_second_order_too()
    {
        var toy = new GaussianToy(EncoderKind.NonTrainable);
        Assert.InRange(Error(toy, SamplerKind.Ode, 200).Mean / Error(toy, SamplerKind.Ode, 400).Mean, 3.2, 5);
    }

    [Fact]
    public void With_a_trained_encoder_and_no_second_head_the_ode_has_the_known_bias_and_the_sde_has_none()
    {
        Assert.Equal((0.444, 0.305), Rounded(SamplerKind.Ode, head: false));
        Assert.Equal((0.300, 0.252), Rounded(SamplerKind.Sde, head: false));
        Assert.Equal((0.300, 0.252), Rounded(SamplerKind.Ode, head: true));

        static (double, double) Rounded(SamplerKind kind, bool head)
        {
            var (mean, variance) = new GaussianToy(EncoderKind.Trainable, head).Moments(kind, 1000);
            return (Math.Round(mean, 3), Math.Round(variance, 3));
        }
    }

    [Theory]
    [InlineData(SamplerKind.Sde, false)]
    [InlineData(SamplerKind.Ode, true)]
    public void With_a_trained_encoder_the_limit_is_the_truth_itself(SamplerKind kind, bool head)
    {
        var toy = new GaussianToy(EncoderKind.Trainable, head);
        var (mean, variance) = toy.Moments(kind, 1000);
        Assert.Equal(toy.Truth(0).Mean, mean, 1e-4);
        Assert.Equal(toy.Truth(0).Variance, variance, 1e-4);
    }

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    [InlineData(EncoderKind.Trainable)]
    [InlineData(EncoderKind.Trainable, true)]
    public void The_deterministic_sampler_tends_to_the_ode_image_by_image(EncoderKind encoder, bool head = false)
    {
        using var scope = NewDisposeScope();
        var z1 = linspace(-2, 2, 9, dtype: float64).reshape(9, 1, 1, 1);
        Tensor Sample(SamplerKind kind, int steps) => Sampler.Run(SamplerStep.Create(kind, new GaussianToy(encoder, head).Process), z1, steps, () => z1);
        var limit = Sample(SamplerKind.Ode, 1600);
        double Gap(int steps) => (Sample(SamplerKind.Deterministic, steps) - limit).abs().max().item<double>();
        Assert.InRange(Gap(800), 0, 0.01);
        Assert.InRange(Gap(400) / Gap(800), 1.8, 2.2);
    }

    [Theory]
    [InlineData(SamplerKind.Ancestral)]
    [InlineData(SamplerKind.Sde)]
    [InlineData(SamplerKind.Ode)]
    [InlineData(SamplerKind.Deterministic)]
    public void Drawn_samples_have_the_moments_of_the_data(SamplerKind kind)
    {
        const int count = 200_000;
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        Tensor Noise() => randn([count, 1, 1, 1], dtype: float64, generator: generator);
        var toy = new GaussianToy(EncoderKind.NonTrainable);
        var z = Sampler.Run(SamplerStep.Create(kind, toy.Process), Noise(), 100, Noise);
        var (mean, variance) = toy.Truth(0);

        // Four standard errors, s/√n and s² √(2/n), and the bias of 100 steps of a first-order method.
        double bias = kind is SamplerKind.Sde or SamplerKind.Ode ? 0.002 : 0.02;
        Assert.Equal(mean, z.mean().item<double>(), bias + 4 * Math.Sqrt(variance / count));
        Assert.Equal(variance, z.var().item<double>(), bias + 4 * variance * Math.Sqrt(2.0 / count));
    }

    [Fact]
    public void Random_samplers_ask_for_noise()
    {
        using var scope = NewDisposeScope();
        var z = zeros(1, 1, 1, 1, dtype: float64);
        var process = new GaussianToy(EncoderKind.None).Process;
        Assert.Throws<ArgumentNullException>(() => new SdeStep(process).Next(z, 1, 0.5));
        Assert.NotNull(new OdeStep(process).Next(z, 1, 0.5));
    }

    private static (double Mean, double Variance) Error(GaussianToy toy, SamplerKind kind, int steps)
    {
        var (mean, variance) = toy.Moments(kind, steps);
        var truth = toy.Truth(0);
        return (Math.Abs(mean - truth.Mean), Math.Abs(variance - truth.Variance));
    }
}

using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class MonotoneTrainingTests
{
    private const double GammaMin = -13.3, GammaMax = 5;

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    public void Expected_bound_does_not_depend_on_the_interior(EncoderKind encoder)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var linear = Waken(Schedules.Model(NoiseScheduleKind.FixedLinear, encoder));
        using var bent = Waken(Schedules.Model(NoiseScheduleKind.Monotone, encoder, bent: true));
        using (var slope = bent.Schedule.At(linspace(0, 1, 100, dtype: float64)).Slope)
            Assert.True((slope.max() / slope.min()).item<double>() > 10);
        var (expected, actual) = (Integral(linear), Integral(bent));
        Assert.Equal(expected.Reconstruction, actual.Reconstruction, 1e-9 * expected.Reconstruction);
        Assert.Equal(expected.Latent, actual.Latent, 1e-9 * expected.Latent);
        Assert.Equal(expected.Diffusion, actual.Diffusion, 1e-4 * expected.Diffusion);
    }

    [Fact]
    public void Training_takes_most_of_the_variance_away_and_leaves_the_expectation_and_the_end_points()
    {
        using var scope = NewDisposeScope();
        using var schedule = NoiseSchedule.Create(Models.Describe(EncoderKind.None) with { NoiseSchedule = NoiseScheduleKind.Monotone });
        using var optimizer = new AdamW(schedule.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter), weightDecay: 0);
        // ℓ = ½ γ' e(γ) with the error of a denoiser that is best where there is little or much noise: without variance only if γ' ∝ 1/e.
        static Tensor Loss((Tensor Gamma, Tensor Slope) at) => 0.5 * at.Slope * (0.1 + exp(-((at.Gamma + 4) / 3).square()));
        (double Mean, double Variance) Moments()
        {
            using var step = NewDisposeScope();
            using var noGradients = no_grad();
            var losses = Loss(schedule.At((arange(4000, dtype: float64) + 0.5) / 4000));
            return (losses.mean().item<double>(), losses.var(unbiased: false).item<double>());
        }

        var before = Moments();
        using var generator = new Generator(2);
        for (int i = 0; i < 400; i++)
        {
            using var step = NewDisposeScope();
            var variance = new VarianceGradient(schedule.At(LowDiscrepancy.Times(rand(1, dtype: float64, generator: generator), 16)));
            var losses = Loss(variance.Cut);
            losses.mean().backward();
            variance.Backward(losses);
            optimizer.Step(0.02);
        }
        var after = Moments();
        Assert.Equal(before.Mean, after.Mean, 1e-4 * before.Mean);
        Assert.True(after.Variance < 0.2 * before.Variance, $"variance {before.Variance} before, {after.Variance} after");
        Assert.Equal((GammaMin, GammaMax), (schedule.GammaAt(0, CPU).item<double>(), schedule.GammaAt(1, CPU).item<double>()));
        var ends = schedule.At(tensor(new[] { 0.0, 1.0 })).Gamma.data<double>().ToArray();
        Assert.Equal(GammaMin, ends[0], 1e-13);
        Assert.Equal(GammaMax, ends[1], 1e-13);
    }

    [Fact]
    public void Gradient_is_that_of_the_squared_losses_and_the_networks_keep_theirs()
    {
        using var scope = NewDisposeScope();
        using var model = Waken(Schedules.Model(NoiseScheduleKind.Monotone, EncoderKind.Trainable, bent: true));
        var x = model.Scale(Models.Images(model, 4));
        var (times, eps0, eps) = (tensor(new[] { 0.15, 0.4, 0.65, 0.9 }), Models.Noise(model, 4, 7), Models.Noise(model, 4, 8));
        var conditioning = zeros_like(times);
        Tensor Total(BoundParts parts) => (parts.Reconstruction + parts.Latent + parts.Diffusion).mean();

        var networks = model.NamedParameters.Where(p => !p.Key.StartsWith("schedule.", StringComparison.Ordinal)).Select(p => p.Value).ToArray();
        var straight = autograd.grad([Total(model.Bounds.All(x, times, eps0, eps, conditioning))], networks);
        var variance = new VarianceGradient(model.Schedule.At(times));
        var parts = model.Bounds.All(x, variance.Cut, eps0, eps, conditioning);
        Total(parts).backward();
        variance.Backward(parts.Diffusion);
        Assert.All(networks.Zip(straight), p => Assert.True(allclose(p.First.grad!, p.Second, rtol: 1e-10, atol: 1e-12)));

        foreach (string name in new[] { "l1.weight", "l1.bias", "l2.weight", "l2.bias", "l3.weight" })
        {
            var weight = model.NamedParameters[$"schedule.{name}"];
            double At(double shift)
            {
                using var noGradients = no_grad();
                weight.add_(shift);
                return model.Bounds.All(x, times, eps0, eps, conditioning).Diffusion.square().mean().item<double>();
            }
            const double h = 1e-7;
            double expected = (At(h) - At(-2 * h)) / (2 * h);
            At(h);
            Assert.Equal(expected, weight.grad!.sum().item<double>(), Math.Abs(expected) * 1e-3);
        }
    }

    [Fact]
    public void Reconstruction_and_latent_loss_do_not_reach_the_interior()
    {
        using var scope = NewDisposeScope();
        using var model = Waken(Schedules.Model(NoiseScheduleKind.Monotone, EncoderKind.Trainable));
        var (reconstruction, latent, _) = model.Bound(Models.Images(model, 2), full(2, 0.5, dtype: float64), Models.Noise(model, 2, 7), Models.Noise(model, 2, 8));
        (reconstruction + latent).sum().backward();
        Assert.All(model.NamedParameters.Where(p => p.Key.StartsWith("schedule.", StringComparison.Ordinal)), p => Assert.Null(p.Value.grad));
    }

    /// <summary>The same perturbation of both networks, whatever the schedule has.</summary>
    private static DiffEncModel Waken(DiffEncModel model)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var generator = new Generator(11);
        foreach (var (name, weight) in model.NamedParameters.OrderBy(p => p.Key, StringComparer.Ordinal))
            if (!name.StartsWith("schedule.", StringComparison.Ordinal))
                weight.add_(randn(weight.shape, dtype: weight.dtype, generator: generator) * 0.05);
        return model;
    }

    /// <summary>The mean bound over evenly spread times, on one image and one noise: the midpoint rule in t.</summary>
    private static (double Reconstruction, double Latent, double Diffusion) Integral(DiffEncModel model)
    {
        const int passes = 32, perPass = 256;
        var image = Models.Images(model, 1).expand(perPass, -1, -1, -1);
        var (eps0, eps) = (Models.Noise(model, 1, 7).expand(perPass, -1, -1, -1), Models.Noise(model, 1, 8).expand(perPass, -1, -1, -1));
        var sum = zeros(3, dtype: float64);
        for (int pass = 0; pass < passes; pass++)
        {
            using var scope = NewDisposeScope();
            var times = (arange(perPass, dtype: float64) + (pass * perPass + 0.5)) / (passes * perPass);
            var (reconstruction, latent, diffusion) = model.Bound(image, times, eps0, eps);
            sum.add_(stack([reconstruction.mean(), latent.mean(), diffusion.mean()]) / passes);
        }
        double[] values = [.. sum.data<double>()];
        return (values[0], values[1], values[2]);
    }
}

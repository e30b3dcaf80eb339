using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class FiniteDepthTests
{
    /// <summary>KL between two normals of diagonal covariance, by its textbook formula.</summary>
    private static Tensor KlOfNormals(Tensor meanQ, double varianceQ, Tensor meanP, double varianceP)
        => 0.5 * ((meanQ - meanP).square() / varianceP + varianceQ / varianceP - 1 - Math.Log(varianceQ / varianceP)).sum([1L, 2, 3]);

    [Theory]
    [InlineData(EncoderKind.None, 1.0)]
    [InlineData(EncoderKind.NonTrainable, 1.0)]
    [InlineData(EncoderKind.Trainable, 1.0)]
    [InlineData(EncoderKind.Trainable, 0.7)]
    public void Step_divergence_is_that_between_the_two_normals_of_the_step(EncoderKind kind, double w)
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(kind));
        const int steps = 5, i = 3;
        var images = Models.Images(model, 2);
        var x = model.Scale(images);
        var eps = Models.Noise(model, 2, 8);
        double Gamma(double t) => -13.3 + 18.3 * t;
        double Sigmoid(double v) => 1 / (1 + Math.Exp(-v));
        var (gammaT, gammaS) = (Gamma((double)i / steps), Gamma((i - 1.0) / steps));
        var (alphaT, alphaS, varT, varS) = (Math.Sqrt(Sigmoid(-gammaT)), Math.Sqrt(Sigmoid(-gammaS)), Sigmoid(gammaT), Sigmoid(gammaS));

        // q(z_s | z_t, x) from first principles: z_s ~ N(α_s x_s, σ_s²), and z_t | z_s is normal with slope a = α_t/α_s and variance σ_t² − a² σ_s²,
        // centred so that z_t ~ N(α_t x_t, σ_t²).
        var (xT, xS) = (model.Encode(x, full(2, gammaT, dtype: float64)), model.Encode(x, full(2, gammaS, dtype: float64)));
        var zT = alphaT * xT + Math.Sqrt(varT) * eps;
        double a = alphaT / alphaS, gain = varS * a / varT;
        var meanQ = alphaS * xS + gain * (zT - alphaT * xT);
        double varianceQ = varS - gain * gain * varT;

        // p(z_s | z_t): the ancestral step without its noise.
        var meanP = model.AncestralStep(zT, steps - i, steps, zeros_like(zT));
        var expected = KlOfNormals(meanQ, varianceQ, meanP, varianceQ / w);
        var actual = model.StepKl(images, i, steps, eps, w);
        Assert.True(allclose(expected, actual, rtol: 1e-9), Models.Compare(expected, actual));
    }

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    [InlineData(EncoderKind.Trainable)]
    public void Step_divergence_times_T_tends_to_the_diffusion_loss(EncoderKind kind)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Models.Create(Models.Describe(kind));
        var images = Models.Images(model, 2);
        var eps = Models.Noise(model, 2, 8);
        double Difference(int steps)
        {
            int i = steps * 6 / 10;
            var finite = steps * model.StepKl(images, i, steps, eps);
            var (_, _, infinite) = model.Bound(images, full(2, (double)i / steps, dtype: float64), eps, eps);
            return ((finite - infinite).abs() / infinite).max().item<double>();
        }

        double coarse = Difference(1000), fine = Difference(10_000);
        Assert.True(fine < 0.01, $"{fine}");
        Assert.True(fine < coarse / 5, $"The gap should fall like 1/T: {coarse} at T = 1000, {fine} at 10000.");
    }

    [Fact]
    public void Ancestral_step_has_the_noise_of_the_posterior()
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(EncoderKind.NonTrainable));
        var (z, eps) = (Models.Noise(model, 2, 8), Models.Noise(model, 2, 9));
        var noise = model.AncestralStep(z, 1, 4, eps) - model.AncestralStep(z, 1, 4, zeros_like(eps));
        double gammaT = -13.3 + 18.3 * 0.75, gammaS = -13.3 + 18.3 * 0.5;
        double expected = Math.Sqrt(1 / (1 + Math.Exp(-gammaS)) * -(Math.Exp(gammaS - gammaT) - 1));
        Assert.True(allclose(noise, expected * eps, rtol: 1e-9, atol: 1e-12));
    }

    [Fact]
    public void Steps_outside_of_the_process_are_refused()
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(EncoderKind.None));
        var eps = Models.Noise(model, 1, 8);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.StepKl(Models.Images(model, 1), 0, 4, eps));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.StepKl(Models.Images(model, 1), 5, 4, eps));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.StepKl(Models.Images(model, 1), 2, 4, eps, w: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.AncestralStep(eps, 4, 4, eps));
    }

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    [InlineData(EncoderKind.Trainable)]
    public void Images_of_a_batch_may_be_at_different_steps(EncoderKind kind)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Models.Create(Models.Describe(kind));
        var (images, eps) = (Models.Images(model, 3), Models.Noise(model, 3, 8));
        var (x, none) = (model.Scale(images), zeros(3, dtype: float64));
        var steps = TimeGrid.Uniform(10, 0.8).Steps(tensor(new[] { 0L, 9, 4 }));
        var together = model.Steps.StepKl(x, steps, eps, none);
        double[] alone = [.. new[] { 1, 10, 5 }.Select((i, k) =>
            model.StepKl(images.narrow(0, k, 1), i, 10, eps.narrow(0, k, 1), 0.8).item<double>())];
        Assert.True(allclose(tensor(alone), together, rtol: 1e-10), Models.Compare(tensor(alone), together));
    }

    [Theory]
    [InlineData(EncoderKind.None, 0)]
    [InlineData(EncoderKind.NonTrainable, 0)]
    [InlineData(EncoderKind.Trainable, 0)]
    [InlineData(EncoderKind.Trainable, 2)]
    public void All_steps_between_many_times_agree_with_single_ones(EncoderKind kind, int @class)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Models.Create(Models.Describe(kind) with { Classes = @class > 0 ? 3 : 0 });
        var x = model.Scale(Models.Images(model, 1));
        var times = tensor(new[] { 0, 0.1, 0.35, 0.6, 0.61, 1 });
        var eps = Models.Noise(model, 1, 8);
        var table = model.Steps.MeanErrorsBetween(x, @class, times, eps, together: 2);
        for (int s = 0; s < 6; s++)
        {
            for (int t = 0; t < 6; t++)
            {
                double found = table[s, t].item<double>();
                var step = StepTimes.Of(times[t].item<double>(), times[s].item<double>(), 1, 1, CPU);
                double expected = t <= s ? 0 : model.Steps.MeanError(x, step, eps, full(1, @class, dtype: float64)).item<double>();
                Assert.Equal(expected, found, 1e-9 * expected);
            }
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(1000)]
    public void Short_steps_keep_their_digits_in_single_precision(int steps)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var description = Models.Describe(EncoderKind.Trainable);
        using var exact = Models.Create(description);
        using var single = Models.Create(description);
        single.To(float32);
        var images = Models.Images(exact, 4);
        var eps = Models.Noise(single, 4, 8);
        foreach (int tenth in new[] { 1, 5, 10 })
        {
            int i = steps * tenth / 10;
            var expected = exact.StepKl(images, i, steps, eps);
            double error = ((single.StepKl(images, i, steps, eps).to(float64) - expected).abs() / expected).max().item<double>();
            Assert.True(error < 1e-4, $"relative error {error} of step {i} of {steps}");
        }
    }

    [Fact]
    public void Both_ends_of_a_step_see_the_same_dropout()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable));
        var (x, eps, none) = (model.Scale(Models.Images(model, 2)), Models.Noise(model, 2, 8), zeros(2, dtype: float64));
        double Loss(int depth) => depth * model.Steps.MeanError(
            x, StepTimes.Of(0.5, 0.5 - 1.0 / depth, 1, 2, CPU), eps, none, new Dropout(0.3, stepSeed: 5)).sum().item<double>();
        // With masks of their own, the difference of the two ends over the length of the step would grow like T².
        double expected = Loss(1000);
        Assert.Equal(expected, Loss(100_000), 0.05 * expected);
    }

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.Trainable)]
    public void Gradients_of_short_steps_are_those_of_continuous_time(EncoderKind kind)
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(kind));
        var (images, eps) = (Models.Images(model, 2), Models.Noise(model, 2, 8));
        var weights = model.NamedParameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Value).ToArray();
        Tensor Gradient(Tensor loss) => cat([.. autograd.grad([loss], weights, allow_unused: true)
            .Zip(weights, (g, w) => (g is null || g.IsInvalid ? zeros_like(w) : g).flatten())]);
        var continuous = Gradient(model.Bound(images, full(2, 0.6, dtype: float64), eps, eps).Diffusion.sum());
        double Difference(int depth)
        {
            var discrete = Gradient(depth * model.StepKl(images, depth * 6 / 10, depth, eps).sum());
            return ((discrete - continuous).norm() / continuous.norm()).item<double>();
        }

        double coarse = Difference(1000), fine = Difference(20_000);
        Assert.True(fine < 0.01 && fine < coarse / 5, $"{coarse} at T = 1000, {fine} at 20000");
    }

    [Fact]
    public void Ancestral_step_has_the_noise_of_its_weight()
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(EncoderKind.NonTrainable));
        var (z, eps) = (Models.Noise(model, 2, 8), Models.Noise(model, 2, 9));
        var sampler = new AncestralStep(model.Process());
        Tensor OfNoise(double weight) => sampler.Next(z, 0.75, 0.5, eps, weight) - sampler.Next(z, 0.75, 0.5, zeros_like(eps), weight);
        Assert.True(allclose(OfNoise(1) * 2, OfNoise(0.25), rtol: 1e-9, atol: 1e-12)); // σ_P = σ_Q/√w
    }
}

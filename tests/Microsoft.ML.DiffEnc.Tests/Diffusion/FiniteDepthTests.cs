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
}

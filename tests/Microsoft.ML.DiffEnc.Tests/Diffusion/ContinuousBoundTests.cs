using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class ContinuousBoundTests
{
    private const double GammaMin = -13.3, GammaMax = 5;

    public static TheoryData<string> Shapes => EncoderShapes.Names;

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    [InlineData(EncoderKind.Trainable)]
    public void Diffusion_loss_is_the_papers_integrand_in_x(EncoderKind kind) => IntegrandAgrees(Models.Describe(kind, channels: 3));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Diffusion_loss_is_the_papers_integrand_whatever_the_shape_of_the_encoder(string shape)
        => IntegrandAgrees(EncoderShapes.Named(shape).Description);

    private static void IntegrandAgrees(ModelDescription description)
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(description);
        var images = Models.Images(model, 4);
        var x = model.Scale(images);
        var times = tensor(new[] { 0.3, 0.5, 0.7, 0.95 });
        var eps = Models.Noise(model, 4, 8);
        var (_, _, actual) = model.Bound(images, times, Models.Noise(model, 4, 7), eps);

        // ½ γ' e^{−γ} ‖x̂ + σ² x̂ − x_t − dx_t/dλ‖², with the drift by central differences of the encoding in λ = −γ.
        var gamma = GammaMin + (GammaMax - GammaMin) * times;
        Tensor Over(Tensor t) => t.reshape(-1, 1, 1, 1);
        var (alpha, sigma) = (Over(sigmoid(-gamma)).sqrt(), Over(sigmoid(gamma)).sqrt());
        var encoded = model.Encode(x, gamma);
        var z = alpha * encoded + sigma * eps;
        var xHat = alpha * z - sigma * model.Denoise(z, gamma);
        const double h = 1e-5;
        var drift = (model.Encode(x, gamma - h) - model.Encode(x, gamma + h)) / (2 * h);
        var inside = description.Encoder == EncoderKind.None ? xHat - encoded : xHat + sigma.square() * xHat - encoded - drift;
        var expected = 0.5 * (GammaMax - GammaMin) * exp(-gamma) * inside.square().sum([1L, 2, 3]);
        Assert.True(((actual - expected).abs() / expected).max().item<double>() < 1e-6, Models.Compare(expected, actual));
    }

    [Fact]
    public void Noise_prediction_gives_half_the_slope_times_the_squared_error()
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(EncoderKind.None) with { Parameterization = Parameterization.Epsilon });
        var images = Models.Images(model, 3);
        var times = tensor(new[] { 0.1, 0.4, 0.9 });
        var eps = Models.Noise(model, 3, 8);
        var (_, _, actual) = model.Bound(images, times, Models.Noise(model, 3, 7), eps);
        var gamma = model.Gamma(times);
        var z = sigmoid(-gamma).sqrt().reshape(-1, 1, 1, 1) * model.Scale(images) + sigmoid(gamma).sqrt().reshape(-1, 1, 1, 1) * eps;
        var expected = 0.5 * (GammaMax - GammaMin) * (eps - model.Denoise(z, gamma)).square().sum([1L, 2, 3]);
        Assert.True(allclose(expected, actual, rtol: 1e-12));
    }

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    [InlineData(EncoderKind.Trainable)]
    public void Latent_loss_is_the_divergence_from_a_standard_normal(EncoderKind kind)
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(kind));
        var images = Models.Images(model, 3);
        var (_, actual, _) = model.Bound(images, full(3, 0.5, dtype: float64), Models.Noise(model, 3, 7), Models.Noise(model, 3, 8));
        double variance = 1 / (1 + Math.Exp(-GammaMax));
        var mean = Math.Sqrt(1 - variance) * model.Encode(model.Scale(images), full(3, GammaMax, dtype: float64));
        var expected = 0.5 * (mean.square() + variance - Math.Log(variance) - 1).sum([1L, 2, 3]);
        Assert.True(allclose(expected, actual, rtol: 1e-9));
    }

    [Fact]
    public void Latent_loss_keeps_its_digits_in_single_precision()
    {
        using var scope = NewDisposeScope();
        var description = Models.Describe(EncoderKind.NonTrainable);
        using var exact = Models.Create(description);
        using var single = Models.Create(description, dtype: float32);
        var images = Models.Images(exact, 4);
        Tensor Latent(DiffEncModel m) => m.Bound(images, full(4, 0.5), Models.Noise(m, 4, 7), Models.Noise(m, 4, 8)).Latent.to(float64);
        var expected = Latent(exact);
        Assert.True(((Latent(single) - expected).abs() / expected).max().item<double>() < 2e-6);
    }

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    [InlineData(EncoderKind.Trainable)]
    public void Gradient_of_the_bound_agrees_with_differences_along_a_random_direction(EncoderKind kind)
        => GradientAgrees(Models.Describe(kind));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Gradient_of_the_bound_agrees_whatever_the_shape_of_the_encoder(string shape) => GradientAgrees(EncoderShapes.Named(shape).Description);

    private static void GradientAgrees(ModelDescription description)
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(description);
        var images = Models.Images(model, 4);
        var (times, eps0, eps) = (tensor(new[] { 0.15, 0.4, 0.65, 0.9 }), Models.Noise(model, 4, 7), Models.Noise(model, 4, 8));
        Tensor Total()
        {
            var (reconstruction, latent, diffusion) = model.Bound(images, times, eps0, eps);
            return (reconstruction + latent + diffusion).mean();
        }

        var weights = model.NamedParameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Value).ToArray();
        var gradients = autograd.grad([Total()], weights);
        using var generator = new Generator(9);
        var directions = weights.Select(w => randn(w.shape, dtype: float64, generator: generator)).ToArray();
        double actual = gradients.Zip(directions).Sum(p => (p.First * p.Second).sum().item<double>());

        const double h = 1e-7; // small, for the kinks of the max-pooling
        double At(double shift)
        {
            using var noGradients = no_grad();
            foreach (var (weight, direction) in weights.Zip(directions))
                weight.add_(direction * shift);
            return Total().item<double>();
        }
        double expected = (At(h) - At(-2 * h)) / (2 * h);
        Assert.Equal(expected, actual, Math.Abs(expected) * 1e-4);
    }

    [Fact]
    public void Encoder_starts_as_the_non_trainable_one()
    {
        using var scope = NewDisposeScope();
        using var trainable = Models.Create(Models.Describe(EncoderKind.Trainable), perturbed: false);
        using var fading = Models.Create(Models.Describe(EncoderKind.NonTrainable), perturbed: false);
        var images = Models.Images(trainable, 2);
        var gamma = tensor(new[] { -3.0, 2.0 });
        Assert.True(allclose(trainable.Encode(trainable.Scale(images), gamma), fading.Encode(fading.Scale(images), gamma), rtol: 1e-14));
    }

    [Fact]
    public void Norm_groups_of_a_narrow_network_leave_the_time_visible()
    {
        Assert.All(new[] { 4, 8, 16, 24, 32, 48, 64, 128, 256 }, width =>
        {
            var size = NetworkSize.Of(width, 1, 32);
            Assert.True(width / size.BlockGroups >= 2 && width % size.BlockGroups == 0 && size.BlockGroups % size.OutputGroups == 0, $"{size}");
        });
        Assert.Equal(new NetworkSize(128, 8, 32, 32), NetworkSize.Of(128, 8, 32));
        Assert.Equal(new NetworkSize(64, 2, 16, 32), NetworkSize.Of(64, 2, 16));
    }
}

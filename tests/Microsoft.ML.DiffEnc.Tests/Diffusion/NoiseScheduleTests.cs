using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class NoiseScheduleTests
{
    private const double GammaMin = -13.3, GammaMax = 5;

    public static TheoryData<NoiseScheduleKind> All => [.. Enum.GetValues<NoiseScheduleKind>()];

    [Theory]
    [MemberData(nameof(All))]
    public void Gamma_increases_between_the_configured_end_points(NoiseScheduleKind kind)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Schedules.Model(kind, bent: kind == NoiseScheduleKind.Monotone);
        double[] gamma = [.. model.Gamma(linspace(0, 1, 1001, dtype: float64)).data<double>()];
        Assert.All(gamma.Zip(gamma.Skip(1)), pair => Assert.True(pair.Second > pair.First));
        // Trained end points start as float32.
        double tolerance = kind == NoiseScheduleKind.TrainedEndPoints ? 1e-6 : 1e-13;
        Assert.Equal(GammaMin, gamma[0], tolerance);
        Assert.Equal(GammaMax, gamma[^1], tolerance);
        var (first, last) = (model.Schedule.GammaAt(0, CPU).item<double>(), model.Schedule.GammaAt(1, CPU).item<double>());
        Assert.Equal(gamma[0], first, 1e-13);
        Assert.Equal(gamma[^1], last, 1e-13);
        Assert.True(model.Schedule.LeastGamma <= first);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Slope_is_the_derivative_by_differences_and_by_autograd(NoiseScheduleKind kind)
    {
        using var scope = NewDisposeScope();
        using var model = Schedules.Model(kind, bent: true);
        var t = linspace(0.01, 0.99, 50, dtype: float64).requires_grad_();
        var (gamma, slope) = model.Schedule.At(t);
        if (kind != NoiseScheduleKind.Polynomial)
            Assert.True(slope.min().item<double>() > 0);
        Assert.True(allclose(autograd.grad([gamma.sum()], [t])[0], slope, rtol: 1e-12));
        const double h = 1e-5;
        var differences = (model.Schedule.At(t + h).Gamma - model.Schedule.At(t - h).Gamma) / (2 * h);
        Assert.True(allclose(differences, slope, rtol: 1e-6), Models.Compare(differences, slope));
    }

    [Fact]
    public void Polynomial_is_the_authors()
    {
        using var scope = NewDisposeScope();
        using var model = Schedules.Model(NoiseScheduleKind.Polynomial);
        var t = linspace(0, 1, 21, dtype: float64);
        var expected = GammaMax / 2 * t.pow(10) + (GammaMax / 2 - GammaMin) * t + GammaMin;
        Assert.True(allclose(expected, model.Gamma(t), rtol: 1e-13, atol: 1e-13));
    }

    [Fact]
    public void Monotone_schedule_starts_within_a_few_per_cent_of_a_straight_line()
    {
        using var scope = NewDisposeScope();
        using var model = Schedules.Model(NoiseScheduleKind.Monotone);
        var slope = model.Schedule.At(linspace(0, 1, 101, dtype: float64)).Slope / (GammaMax - GammaMin);
        Assert.InRange(slope.min().item<double>(), 0.95, 1);
        Assert.InRange(slope.max().item<double>(), 1, 1.05);
    }

    [Fact]
    public void Least_gamma_follows_a_trained_end_point()
    {
        using var scope = NewDisposeScope();
        using var model = Schedules.Model(NoiseScheduleKind.TrainedEndPoints);
        using (no_grad())
            model.NamedParameters["schedule.b"].fill_(-9.5);
        Assert.Equal(-9.5, model.Schedule.LeastGamma);
    }

    [Fact]
    public void Single_and_double_precision_models_have_the_same_schedule()
    {
        using var scope = NewDisposeScope();
        using var model = Schedules.Model(NoiseScheduleKind.Monotone, dtype: ScalarType.Float32);
        var t = linspace(0, 1, 33, dtype: float64);
        var single = model.Schedule.At(t);
        model.To(float64);
        var exact = model.Schedule.At(t);
        Assert.Equal(exact.Gamma.data<double>().ToArray(), single.Gamma.data<double>().ToArray());
        Assert.Equal(exact.Slope.data<double>().ToArray(), single.Slope.data<double>().ToArray());
    }

    [Theory]
    [InlineData("schedule.w", false)]
    [InlineData("schedule.w", true)]
    [InlineData("schedule.b", false)]
    public void Gradient_of_the_whole_bound_reaches_the_end_points(string name, bool negative)
    {
        using var scope = NewDisposeScope();
        using var model = Schedules.Model(NoiseScheduleKind.TrainedEndPoints, EncoderKind.Trainable);
        Models.Perturb(model);
        if (negative)
            using (no_grad())
                model.NamedParameters["schedule.w"].neg_();
        var images = Models.Images(model, 4);
        var (times, eps0, eps) = (tensor(new[] { 0.15, 0.4, 0.65, 0.9 }), Models.Noise(model, 4, 7), Models.Noise(model, 4, 8));
        var weight = model.NamedParameters[name];
        foreach (int part in new[] { 0, 1, 2 })
        {
            Tensor Loss()
            {
                var (reconstruction, latent, diffusion) = model.Bound(images, times, eps0, eps);
                return (part switch { 0 => reconstruction, 1 => latent, _ => diffusion }).mean();
            }
            double actual = autograd.grad([Loss()], [weight])[0].item<double>();
            const double h = 1e-7; // small, for the kinks of the max-pooling
            double At(double shift)
            {
                using var noGradients = no_grad();
                weight.add_(shift);
                return Loss().item<double>();
            }
            double expected = (At(h) - At(-2 * h)) / (2 * h);
            At(h);
            Assert.Equal(expected, actual, Math.Max(1e-5, Math.Abs(expected) * 1e-4));
        }
    }
}

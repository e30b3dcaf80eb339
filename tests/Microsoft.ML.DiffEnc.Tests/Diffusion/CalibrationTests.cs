using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class CalibrationTests
{
    private const int Dimensions = 64;

    private static byte[][] Images(int count) => [.. Enumerable.Range(0, count).Select(i => Pictures.Pixels(i))];

    private static double MeanSquare(byte[] image) => image.Average(v => Math.Pow(2 * (v + 0.5) / 256 - 1, 2));

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    [InlineData(EncoderKind.Trainable)] // starts as the non-trainable one
    public void Mean_errors_of_a_linear_network_are_those_of_the_closed_form(EncoderKind kind)
    {
        using var model = LinearDenoiser.Model(kind);
        byte[][] images = Images(5);
        var grid = new TimeGrid([0, 0.1, 0.3, 0.35, 0.7, 1]);
        double[] found = new Calibration(model, images, draws: 12, seed: 1).MeanErrors(grid);
        double x2 = images.Average(MeanSquare);
        for (int i = 1; i <= grid.Depth; i++)
        {
            double expected = LinearDenoiser.MeanError(kind, x2, grid.Times[i], grid.Times[i - 1]);
            Assert.Equal(expected, found[i - 1], 0.08 * expected); // 60 draws of 64 values: about 2 %
        }
    }

    [Theory]
    [InlineData(EncoderKind.None, 1.0)]
    [InlineData(EncoderKind.NonTrainable, 1.0)]
    [InlineData(EncoderKind.NonTrainable, 0.6)]
    public void Scored_loss_of_a_linear_network_is_that_of_the_closed_form(EncoderKind kind, double weight)
    {
        using var model = LinearDenoiser.Model(kind);
        byte[] image = Pictures.Pixels(3);
        var grid = new TimeGrid([0, 0.2, 0.5, 0.9, 1], [weight, 1, weight, 0.9]);
        var results = new Likelihood[1];
        var draws = new ScoringDraws(64, 4, Seed: 1); // each set visits each of the four steps once
        new LikelihoodScorer(model, draws, diffusion: model.DiffusionLoss(grid)).Score(image, 1, results);
        double expected = LinearDenoiser.Loss(kind, MeanSquare(image), grid, Dimensions) / (Dimensions * Math.Log(2));
        Assert.True(results[0].StandardError < 0.02 * expected, $"{results[0]}");
        Assert.Equal(expected, results[0].DiffusionLoss, 4 * results[0].StandardError);
    }

    [Fact]
    public void On_their_own_data_optimal_variances_give_half_d_ln_one_plus_M_and_are_never_worse()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable));
        var grid = TimeGrid.Uniform(6);
        var (x, eps) = (model.Scale(Models.Images(model, 12)), Models.Noise(model, 12, 8));
        for (int i = 0; i < grid.Depth; i++)
        {
            StepTimes Step(double w) => StepTimes.Of(grid.Times[i + 1], grid.Times[i], w, 12, CPU);
            Tensor Divergence(double w) => model.Steps.StepKl(x, Step(w), eps, zeros(12, dtype: float64));
            double m = model.Steps.MeanError(x, Step(1), eps, zeros(12, dtype: float64)).mean().item<double>();
            double best = StepDivergence.OptimalWeight(m), optimal = Divergence(best).mean().item<double>();
            Assert.Equal(StepDivergence.AtOptimum(m, Dimensions), optimal, 1e-9 * optimal);
            Assert.All(new[] { 1, 0.9 * best, 1.1 * best }, w => Assert.True(Divergence(w).mean().item<double>() > optimal));
        }
    }

    [Fact]
    public void Optimal_weights_tend_to_one_as_steps_get_short()
    {
        using var model = LinearDenoiser.Model(EncoderKind.NonTrainable);
        double Furthest(int depth)
            => 1 - new Calibration(model, Images(1), draws: 1, seed: 1).WithOptimalVariance(TimeGrid.Uniform(depth)).Weights.Min();
        double coarse = Furthest(160), fine = Furthest(640);
        Assert.InRange(fine, 0.001, 0.06);
        Assert.InRange(coarse / fine, 3, 4.2); // M falls like 1/T
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(null)]
    public void The_best_grid_has_a_smaller_loss_in_closed_form_than_a_uniform_one(double? weight)
    {
        using var model = LinearDenoiser.Model(EncoderKind.NonTrainable);
        byte[][] images = Images(4);
        double x2 = images.Average(MeanSquare);
        var errors = new Calibration(model, images, draws: 1, seed: 1).MeanErrorsBetween(60);
        foreach (int depth in new[] { 3, 10 })
        {
            var best = Calibration.Best(errors, depth, Dimensions, weight);
            double Loss(TimeGrid grid) => LinearDenoiser.Loss(EncoderKind.NonTrainable, x2, grid, Dimensions);
            var uniform = TimeGrid.Uniform(depth);
            if (weight is null)
                uniform = uniform.WithWeights([.. Enumerable.Range(1, depth).Select(i => StepDivergence.OptimalWeight(
                    LinearDenoiser.MeanError(EncoderKind.NonTrainable, x2, uniform.Times[i], uniform.Times[i - 1])))]);
            Assert.True(Loss(best) < 0.97 * Loss(uniform), $"T = {depth}: {Loss(best)}, uniform {Loss(uniform)}");
            Assert.Equal(weight is not null, best.Weights.All(w => w == 1));
        }
    }

    [Fact]
    public void Images_are_given_their_classes()
    {
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable) with { Classes = 3 });
        byte[][] images = Images(2);
        var grid = TimeGrid.Uniform(3);
        double[] Of(byte[][] some, params int[]? classes) => new Calibration(model, some, draws: 2, seed: 1) { Classes = classes }.MeanErrors(grid);
        double[] together = Of(images, 1, 3), one = Of(images[..1], 1), other = Of(images[1..], 3), none = Of(images, null);
        for (int i = 0; i < grid.Depth; i++)
        {
            Assert.Equal((one[i] + other[i]) / 2, together[i], 1e-9 * together[i]);
            Assert.True(Math.Abs(none[i] - together[i]) > 1e-3 * together[i], $"step {i}: {none[i]} without classes, {together[i]} with them");
        }
        Assert.Equal(none, Of(images, 0, 0));
    }

    [Fact]
    public void Draws_of_an_image_do_not_depend_on_the_others_and_cancelling_stops_between_images()
    {
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable));
        var grid = TimeGrid.Uniform(4);
        double[] Of(params byte[][] images) => new Calibration(model, images, draws: 2, seed: 1).MeanErrors(grid);
        byte[][] both = Images(2);
        var (first, second, together) = (Of(both[0]), Of(both[1]), Of(both));
        for (int i = 0; i < 4; i++)
            Assert.Equal((first[i] + second[i]) / 2, together[i], 1e-12);

        using var cancel = new CancellationTokenSource();
        var stopped = new Calibration(model, both, 1, 1) { Done = _ => cancel.Cancel(), CancellationToken = cancel.Token };
        Assert.Throws<OperationCanceledException>(() => stopped.MeanErrors(grid));
    }
}

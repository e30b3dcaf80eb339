using System.Text.Json;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public sealed class FiniteDepthTrainingTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 5);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-depth");

    public static TheoryData<StepVariance> Variances => [.. Enum.GetValues<StepVariance>()];

    public void Dispose() => _folder.Delete(recursive: true);

    private static DiffEncTrainer.Options Options(StepVariance variance, int steps, int depth = 10)
    {
        var options = TrainingRuns.Options(steps);
        (options.Depth, options.Variance) = (depth, variance);
        options.VarianceWeight = variance == StepVariance.Fixed ? 0.8 : null;
        return options;
    }

    private DiffEncTransformer Train(DiffEncTrainer.Options options) => _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, 30));

    private static TrainingSettings Settings(int? depth, StepVariance variance = default, double? weight = null) => new()
    {
        BatchSize = 4,
        LearningRate = 1,
        WarmUpSteps = 0,
        WeightDecay = 0,
        EmaDecay = 0,
        EmaRamp = false,
        Dropout = 0,
        Seed = 1,
        Depth = depth,
        Variance = variance,
        VarianceWeight = weight,
    };

    [Theory]
    [MemberData(nameof(Variances))]
    public void Training_lowers_the_bound_in_its_own_steps(StepVariance variance)
    {
        var heldOut = TrainingRuns.Discs(_ml, 10, seed: 2);
        double Bits(int steps)
        {
            var options = Options(variance, steps);
            options.LearningRate = 5e-3;
            using var model = Train(options);
            Assert.Equal(10, model.Grid!.Depth);
            Assert.All(model.Grid.Weights, w => Assert.True(variance switch
            {
                StepVariance.Posterior => w == 1,
                StepVariance.Fixed => w == 0.8,
                _ => w is > 0 and < 1,
            }));
            return _ml.Generative().Evaluate(model.Transform(heldOut)).BitsPerDimension;
        }
        double untrained = Bits(1), trained = Bits(60);
        Assert.True(trained < 0.8 * untrained, $"{trained} bits/dim after training, {untrained} before");
    }

    [Fact]
    public void An_interrupted_training_goes_on_to_the_same_bits_and_another_depth_is_another_training()
    {
        using var straight = Train(Options(StepVariance.Optimal, steps: 8));
        var options = Options(StepVariance.Optimal, steps: 8);
        options.CheckpointFolder = _folder.FullName;
        options.CheckpointEverySteps = 4;
        using (Train(options))
            File.Delete(Path.Combine(_folder.FullName, "checkpoint-000000008.safetensors"));
        using var resumed = Train(options);
        Assert.Equal(TrainingRuns.Weights(straight), TrainingRuns.Weights(resumed));
        Assert.Equal(straight.Grid, resumed.Grid);

        options.Depth = 11;
        Assert.Contains("Depth is 11", Assert.Throws<InvalidOperationException>(() => Train(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_from_before_there_was_a_depth_is_of_a_training_in_continuous_time()
    {
        string json = JsonSerializer.Serialize(Settings(depth: null));
        string old = json[..json.IndexOf(",\"Depth\"", StringComparison.Ordinal)] + "}";
        Assert.Equal(Settings(depth: null), JsonSerializer.Deserialize<TrainingSettings>(old));
    }

    [Fact]
    public void Validation_reports_the_bound_in_the_same_steps()
    {
        double Reported(int? depth)
        {
            double last = 0;
            var options = Options(StepVariance.Posterior, steps: 2);
            options.Depth = depth;
            options.ValidationSet = TrainingRuns.Discs(_ml, 8, seed: 3);
            options.Progress = new TrainingRuns.Callback(p => last = p.ValidationBitsPerDimension ?? last);
            Train(options).Dispose();
            return last;
        }
        Assert.True(Reported(2) > 1.2 * Reported(null), $"{Reported(2)} in 2 steps, {Reported(null)} in continuous time");
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.7)]
    public void The_loss_is_T_times_the_divergence_of_each_image_s_step(double weight)
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable));
        var images = Models.Images(model, 4);
        var (eps0, eps, none) = (Models.Noise(model, 4, 7), Models.Noise(model, 4, 8), zeros(4, dtype: float64));
        var objective = TrainingObjective.Create(model, weight == 1 ? Settings(depth: 5) : Settings(depth: 5, StepVariance.Fixed, weight));
        var parts = objective.Of(model.Scale(images), tensor(new[] { 0.05, 0.3, 0.55, 0.9 }), eps0, eps, none, null).Parts;
        double[] expected = [.. new[] { 1, 2, 3, 5 }.Select((i, k) =>
            5 * model.StepKl(images.narrow(0, k, 1), i, 5, eps.narrow(0, k, 1), weight).item<double>())];
        Assert.True(allclose(tensor(expected), parts.Diffusion, rtol: 1e-9), Models.Compare(tensor(expected), parts.Diffusion));
        var (reconstruction, latent, _) = model.Bound(images, full(4, 0.5, dtype: float64), eps0, eps);
        Assert.True(allclose(reconstruction, parts.Reconstruction) && allclose(latent, parts.Latent));
    }

    [Fact]
    public void The_loss_with_the_optimal_variance_is_that_of_the_mean_over_images_at_the_same_step()
    {
        using var scope = NewDisposeScope();
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable));
        var (images, eps, none) = (Models.Images(model, 4), Models.Noise(model, 4, 8), zeros(4, dtype: float64));
        var x = model.Scale(images);
        Tensor Loss(params double[] uniform)
            => TrainingObjective.Create(model, Settings(depth: 2, StepVariance.Optimal)).Of(x, tensor(uniform), eps, eps, none, null).Parts.Diffusion;
        double[] m = [.. Enumerable.Range(0, 4).Select(k => model.Steps.MeanError(
            x.narrow(0, k, 1), StepTimes.Of(k < 3 ? 0.5 : 1, k < 3 ? 0 : 0.5, 1, 1, CPU), eps.narrow(0, k, 1), none.narrow(0, 0, 1)).item<double>())];
        double first = 2 * 32 * Math.Log(1 + (m[0] + m[1] + m[2]) / 3), second = 2 * 32 * Math.Log(1 + m[3]); // T (d/2) ln(1 + M)
        var expected = tensor(new[] { first, first, first, second });
        var found = Loss(0.1, 0.2, 0.4, 0.6);
        Assert.True(allclose(expected, found, rtol: 1e-9), Models.Compare(expected, found));
    }

    [Theory]
    [InlineData(NoiseScheduleKind.TrainedEndPoints)]
    [InlineData(NoiseScheduleKind.Monotone)]
    public void A_learned_schedule_is_trained_on_the_loss_in_T_steps_itself(NoiseScheduleKind kind)
    {
        using var scope = NewDisposeScope();
        using var model = Schedules.Model(kind, bent: true);
        var (images, eps, none) = (Models.Images(model, 4), Models.Noise(model, 4, 8), zeros(4, dtype: float64));
        var objective = TrainingObjective.Create(model, Settings(depth: 3));
        Tensor Loss() => objective.Of(model.Scale(images), tensor(new[] { 0.1, 0.4, 0.5, 0.9 }), eps, eps, none, null).Parts.Diffusion.sum();
        var weights = model.NamedParameters.Where(p => p.Key.StartsWith("schedule.", StringComparison.Ordinal)).Select(p => p.Value).ToArray();
        var gradients = autograd.grad([Loss()], weights);
        using var generator = new Generator(9);
        var directions = weights.Select(w => w.detach() * randn(w.shape, dtype: float64, generator: generator)).ToArray();
        double actual = gradients.Zip(directions, (g, d) => (g * d).sum().item<double>()).Sum();
        double At(double shift)
        {
            using var noGradients = no_grad();
            foreach (var (weight, direction) in weights.Zip(directions))
                weight.add_(direction * shift);
            return Loss().item<double>();
        }
        const double h = 1e-5;
        double expected = (At(h) - At(-2 * h)) / (2 * h);
        Assert.Equal(expected, actual, 1e-4 * Math.Abs(expected));
    }
}

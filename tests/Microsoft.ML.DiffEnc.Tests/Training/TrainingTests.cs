using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public sealed class TrainingTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 5);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-training");

    public void Dispose() => _folder.Delete(recursive: true);

    private DiffEncTransformer Train(DiffEncTrainer.Options options, int images = 200) => _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, images));

    [Theory]
    [InlineData(EncoderKind.None)]
    [InlineData(EncoderKind.NonTrainable)]
    [InlineData(EncoderKind.Trainable)]
    public void Training_lowers_the_bound_of_held_out_images_below_five_bits(EncoderKind encoder)
    {
        var options = TrainingRuns.Options(steps: 400);
        options.Encoder = encoder;
        options.LearningRate = 5e-3;
        var heldOut = TrainingRuns.Discs(_ml, 50, seed: 2);
        double Bits(int steps)
        {
            options.Steps = steps;
            using var model = Train(options);
            return _ml.Generative().Evaluate(model.Transform(heldOut)).BitsPerDimension;
        }
        double untrained = Bits(1), trained = Bits(400);
        Assert.True(untrained > 8, $"{untrained} bits/dim without training.");
        Assert.True(trained < 5, $"{trained} bits/dim after training.");
    }

    [Fact]
    public void The_seed_decides_the_weights()
    {
        var options = TrainingRuns.Options(steps: 3);
        using var first = Train(options);
        using var again = Train(options);
        Assert.Equal(TrainingRuns.Weights(first), TrainingRuns.Weights(again));
        options.Seed = 6;
        using var other = Train(options);
        Assert.NotEqual(TrainingRuns.Weights(first)["denoiser.conv_in.weight"], TrainingRuns.Weights(other)["denoiser.conv_in.weight"]);
        using var sameSeed = new MLContext(seed: 6).Generative().DiffEnc(TrainingRuns.Options(steps: 3)).Fit(TrainingRuns.Discs(_ml, 200));
        Assert.Equal(TrainingRuns.Weights(other), TrainingRuns.Weights(sameSeed));
    }

    [Fact]
    public void An_interrupted_training_goes_on_to_the_bits_of_an_uninterrupted_one()
    {
        using var straight = Train(TrainingRuns.Options(steps: 12));

        var options = TrainingRuns.Options(steps: 12);
        options.CheckpointFolder = _folder.FullName;
        options.CheckpointEverySteps = 5;
        using var cancel = new CancellationTokenSource();
        options.CancellationToken = cancel.Token;
        options.Progress = new TrainingRuns.Callback(p => cancel.Cancel()); // after the first step, which is always reported
        Assert.Throws<OperationCanceledException>(() => Train(options));
        Assert.Equal("checkpoint-000000001.safetensors", Assert.Single(_folder.GetFiles()).Name);

        // Killed without warning at step 12: what is there is the checkpoint of step 10.
        options.CancellationToken = default;
        options.Progress = null;
        using (Train(options))
            File.Delete(Path.Combine(_folder.FullName, "checkpoint-000000012.safetensors"));
        Assert.Equal("checkpoint-000000010.safetensors", Assert.Single(_folder.GetFiles()).Name);
        using var resumed = Train(options);
        Assert.Equal(TrainingRuns.Weights(straight), TrainingRuns.Weights(resumed));
    }

    [Fact]
    public void Progress_reports_the_parts_of_the_bound_and_the_validation()
    {
        var reports = new List<TrainingProgress>();
        var messages = new List<string>();
        var options = TrainingRuns.Options(steps: 20);
        options.Progress = new TrainingRuns.Callback(reports.Add);
        options.ValidationSet = TrainingRuns.Discs(_ml, 10, seed: 3);
        options.ValidateEverySteps = 10;
        _ml.Log += (_, e) => messages.Add(e.Message);
        using var model = Train(options);

        Assert.Equal(1, reports[0].Step);
        Assert.Equal([10, 20], reports.Where(r => r.ValidationBitsPerDimension is > 0).Select(r => r.Step));
        Assert.All(reports, r =>
        {
            Assert.Equal(20, r.Steps);
            Assert.Equal(r.ReconstructionLoss + r.LatentLoss + r.DiffusionLoss, r.BitsPerDimension, 1e-9);
            Assert.InRange(r.ReconstructionLoss, 0.001, 0.1);
            Assert.Equal(16 * r.StepsPerSecond, r.ImagesPerSecond, 1e-6 * r.ImagesPerSecond);
        });
        Assert.Equal(TimeSpan.Zero, reports[^1].Remaining);
        Assert.Contains(messages, m => m.Contains("Step 20/20", StringComparison.Ordinal) && m.Contains("validation", StringComparison.Ordinal));
        Assert.Contains(messages, m => m.Contains("200 images of 8×8×1", StringComparison.Ordinal));
    }

    [Fact]
    public void A_training_that_diverges_says_so()
    {
        var options = TrainingRuns.Options(steps: 100);
        options.LearningRate = 1e12;
        options.WarmUpSteps = 0;
        var error = Assert.Throws<InvalidOperationException>(() => Train(options));
        Assert.Contains("diverged", error.Message, StringComparison.Ordinal);
        Assert.Contains("LearningRate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_leave_no_tensors_behind_and_a_training_frees_what_it_took()
    {
        var counts = new Dictionary<int, long>();
        var options = TrainingRuns.Options(steps: 40);
        options.Progress = new TrainingRuns.Callback(p => counts[p.Step] = Tensor.TotalCount);
        options.ValidationSet = TrainingRuns.Discs(_ml, 4, seed: 3);
        options.ValidateEverySteps = 5;
        using (Train(options)) // warms up what is made once
            counts.Clear();
        long before = Tensor.TotalCount;
        int weights;
        using (var model = Train(options))
        {
            Assert.Equal(counts[10], counts[35]);
            weights = model.Model.NamedParameters.Count;
        }
        // TorchSharp counts a tensor that became a Parameter twice, for ever: once for each weight of the model and of its average.
        Assert.Equal(before + 2 * weights, Tensor.TotalCount);
    }

    [Fact]
    public void Without_a_seed_anywhere_two_trainings_differ()
    {
        using var first = new MLContext().Generative().DiffEnc(TrainingRuns.Options(steps: 1)).Fit(TrainingRuns.Discs(_ml, 20));
        using var second = new MLContext().Generative().DiffEnc(TrainingRuns.Options(steps: 1)).Fit(TrainingRuns.Discs(_ml, 20));
        Assert.NotEqual(TrainingRuns.Weights(first)["denoiser.conv_in.weight"], TrainingRuns.Weights(second)["denoiser.conv_in.weight"]);
    }

    [Fact]
    public void Without_a_seed_an_interrupted_training_still_goes_on()
    {
        var options = TrainingRuns.Options(steps: 2);
        options.CheckpointFolder = _folder.FullName;
        var data = TrainingRuns.Discs(_ml, 20);
        float[] First(int steps)
        {
            options.Steps = steps;
            using var model = new MLContext().Generative().DiffEnc(options).Fit(data);
            return TrainingRuns.Weights(model)["denoiser.conv_in.weight"];
        }
        var two = First(2);
        Assert.NotEqual(two, First(4));
        Assert.Equal(["checkpoint-000000002.safetensors", "checkpoint-000000004.safetensors"], _folder.GetFiles().Select(f => f.Name).Order());
    }

    [Fact]
    public void A_validation_set_that_does_not_fit_is_said_to_be_the_validation_set()
    {
        var options = TrainingRuns.Options(steps: 2);
        options.ValidationSet = _ml.Data.LoadFromEnumerable([new { Other = 1f }]);
        Assert.Contains("ValidationSet", Assert.Throws<ArgumentOutOfRangeException>(() => Train(options, 20)).Message, StringComparison.Ordinal);
        options.ValidationSet = TrainingRuns.Discs(_ml, 0);
        Assert.Contains("ValidationSet", Assert.Throws<InvalidOperationException>(() => Train(options, 20)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_changed_after_the_trainer_was_made_change_nothing()
    {
        var options = TrainingRuns.Options(steps: 1);
        var trainer = _ml.Generative().DiffEnc(options);
        options.InputColumnName = "Other";
        options.CheckpointEverySteps = 0;
        using var model = trainer.Fit(TrainingRuns.Discs(_ml, 20));
        Assert.Equal("Image", model.Settings.InputColumnName);
    }

    [Fact]
    public void Training_works_where_the_caller_has_switched_gradients_off()
    {
        using var noGradients = no_grad();
        using var model = Train(TrainingRuns.Options(steps: 2), 20);
        using var other = Train(TrainingRuns.Options(steps: 1), 20);
        Assert.NotEqual(TrainingRuns.Weights(other)["denoiser.conv_in.weight"], TrainingRuns.Weights(model)["denoiser.conv_in.weight"]);
    }

    [Fact]
    public void Without_warm_up_the_first_step_already_counts()
    {
        float[] First(int warmUp)
        {
            var options = TrainingRuns.Options(steps: 1);
            options.WarmUpSteps = warmUp;
            options.EmaDecay = 0;
            using var model = Train(options, 20);
            return TrainingRuns.Weights(model)["denoiser.conv_out.bias"];
        }
        Assert.All(First(warmUp: 10), v => Assert.Equal(0, v)); // as the reference: the first step has rate 0
        Assert.Contains(First(warmUp: 0), v => v != 0);
    }
}

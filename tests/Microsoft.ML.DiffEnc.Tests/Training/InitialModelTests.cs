using System.Text.Json;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Trainers;
using Microsoft.ML.DiffEnc.Training;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public sealed class InitialModelTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-initial-");

    public void Dispose() => _folder.Delete(recursive: true);

    private DiffEncTransformer Fit(DiffEncModel? initial, int steps, int seed = 1, string? folder = null)
    {
        var options = TrainingRuns.Options(steps);
        (options.InitialModel, options.Seed, options.CheckpointFolder) = (initial, seed, folder);
        return _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, 20));
    }

    [Fact]
    public void A_training_starts_at_the_given_weights_with_a_warm_up_of_its_own()
    {
        using var first = Fit(null, steps: 3);
        var before = TrainingRuns.Weights(first);
        using var untouched = Fit(first.Model, steps: 1, seed: 2); // the first step of a warm-up has rate 0
        Assert.Equal(before, TrainingRuns.Weights(untouched));
        using var further = Fit(first.Model, steps: 3, seed: 2);
        Assert.NotEqual(before, TrainingRuns.Weights(further));
        Assert.Equal(before, TrainingRuns.Weights(first));
    }

    [Fact]
    public void A_checkpoint_knows_the_weights_that_its_training_started_from()
    {
        using var first = Fit(null, steps: 2, seed: 5);
        using var second = Fit(null, steps: 2, seed: 6);
        Fit(first.Model, steps: 2, folder: _folder.FullName).Dispose();
        using var whole = Fit(first.Model, steps: 3);
        using var resumed = Fit(first.Model, steps: 3, folder: _folder.FullName);
        Assert.Equal(TrainingRuns.Weights(whole), TrainingRuns.Weights(resumed));
        foreach (var other in new[] { second.Model, null })
        {
            string message = Assert.Throws<InvalidOperationException>(() => Fit(other, steps: 4, folder: _folder.FullName)).Message;
            Assert.Contains("starts from", message, StringComparison.Ordinal);
            Assert.Contains(other is null ? "fresh weights" : "given weights", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Checkpoints_from_before_there_were_starts_are_those_of_fresh_weights()
    {
        var identity = new TrainingIdentity("{}", TrainingRuns.Settings, 10, 77);
        string json = JsonSerializer.Serialize(identity).Replace(",\"Start\":null", "", StringComparison.Ordinal);
        Assert.DoesNotContain("Start", json, StringComparison.Ordinal);
        Assert.Null(identity.DifferenceFrom(JsonSerializer.Deserialize<TrainingIdentity>(json)!));
    }

    [Fact]
    public void A_model_of_another_kind_is_refused_saying_in_what_it_differs()
    {
        void Refused(string says, Func<ModelDescription, ModelDescription> change)
        {
            var options = TrainingRuns.Options(steps: 1);
            var described = OptionsCheck.Describe(options);
            using var model = DiffEncModel.Create(change(described));
            options.InitialModel = model;
            var error = Assert.Throws<ArgumentException>(() => _ml.Generative().DiffEnc(options));
            Assert.Contains("InitialModel", error.Message, StringComparison.Ordinal);
            Assert.Contains(says, error.Message, StringComparison.Ordinal);
        }
        Refused("GammaMin is -12.5, not -13.3", d => d with { GammaMin = -12.5 });
        Refused("DenoiserWidth is 32, not 16", d => d with { Denoiser = d.Denoiser with { Width = 32 } });
        Refused("Width is 16, not 8", d => d with { Width = 16, Height = 16 });
        Refused("Encoder is None, not Trainable", d => d with { Encoder = EncoderKind.None, EncoderNetwork = null });
    }

    [Fact]
    public void A_disposed_model_is_refused()
    {
        var first = Fit(null, steps: 1);
        var model = first.Model;
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Fit(model, steps: 1));
    }
}

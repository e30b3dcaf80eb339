using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Tests.Support;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Training;

/// <summary>Trainings that go on from checkpoints in the authors' form, written here with moments and counters of every kind.</summary>
public sealed class ReferenceContinuationTests : IDisposable
{
    private const int Side = 8, Step = 7, Updates = 5, Seed = 3;
    private const double Rate = 1e-3, Decay = 0.01;
    private readonly MLContext _ml = new(seed: 1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-continue-");
    private readonly DisposeScope _scope = NewDisposeScope();

    private string Checkpoint => Path.Combine(_folder.FullName, "checkpoint");

    private string Config => Path.Combine(_folder.FullName, "config.json");

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.9)]
    public void The_next_step_is_AdamWs_with_the_checkpoints_moments_and_count(double emaDecay)
    {
        var trees = Write();
        using var model = Fit(emaDecay: emaDecay);

        var (gradients, weights) = Gradients();
        foreach (var (name, actual) in model.Model.NamedParameters)
        {
            double[] w = Doubles(weights[name]), g = Doubles(gradients[name]), m = Doubles(trees.Mean[name]), v = Doubles(trees.Square[name]);
            double[] average = Doubles(trees.Average[name]), found = Doubles(actual);
            for (int i = 0; i < w.Length; i++)
            {
                double mean = 0.9 * m[i] + 0.1 * g[i], square = 0.99 * v[i] + 0.01 * g[i] * g[i];
                double update = mean / (1 - Math.Pow(0.9, Updates + 1)) / (Math.Sqrt(square / (1 - Math.Pow(0.99, Updates + 1))) + 1e-8);
                double next = w[i] - Rate * (update + (name.EndsWith(".bias", StringComparison.Ordinal) ? 0 : Decay * w[i]));
                Assert.Equal(average[i] + (1 - emaDecay) * (next - average[i]), found[i], 1e-6);
            }
        }
    }

    [Fact]
    public void The_state_is_found_below_gradient_clipping_and_plain_counters_are_read()
    {
        Write();
        var plain = ReferenceTraining.Load(Checkpoint, Config, Description());
        Write(clipped: true, counter: value => value);
        var clipped = ReferenceTraining.Load(Checkpoint, Config, Description());
        Assert.Equal((Step, Updates), (plain.Step, plain.Updates));
        Assert.Equal((Step, Updates), (clipped.Step, clipped.Updates));
        Assert.All(plain.Square, tensor => Assert.True(tensor.Value.equal(clipped.Square[tensor.Key]).all().item<bool>()));
    }

    [SharedDataFact]
    public void A_checkpoint_of_the_authors_code_has_all_that_its_training_goes_on_with()
    {
        string config = SharedData.Path("fixtures", "configs", "vdm_v.json"), file = SharedData.Path("fixtures", "ckpt", "score32_c1.ckpt.gz");
        var training = ReferenceTraining.Load(file, config, ReferenceConfig.Read(config, 28, 28, 1));
        Assert.Equal((800_000, 800_000), (training.Step, training.Updates));
        Assert.Equal(training.Weights.Keys.Order(), training.Square.Keys.Order());
        Assert.All(training.Square.Values, square => Assert.True((square >= 0).all().item<bool>()));

        string wide = SharedData.Path("fixtures", "configs", "diffenc_unet_wide.json"); // its checkpoint keeps moments of one layer only
        string partial = SharedData.Path("fixtures", "ckpt", "diffenc_unet_wide_c1.ckpt.gz");
        var error = Assert.Throws<InvalidDataException>(() => ReferenceTraining.Load(partial, wide, ReferenceConfig.Read(wide, 28, 28, 1)));
        Assert.Contains("opt_state/0/mu", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_continuation_ends_like_one_that_was_not()
    {
        Write();
        using var whole = Fit(steps: Step + 2);
        string checkpoints = Path.Combine(_folder.FullName, "checkpoints");
        Fit(steps: Step + 1, folder: checkpoints).Dispose();
        using var resumed = Fit(steps: Step + 2, folder: checkpoints);
        Assert.Equal(TrainingRuns.Weights(whole), TrainingRuns.Weights(resumed));

        Write(seed: 99); // another start
        var error = Assert.Throws<InvalidOperationException>(() => Fit(steps: Step + 3, folder: checkpoints));
        Assert.Contains("starts from", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_stands_where_the_training_is_to_end_is_refused()
    {
        Write();
        string message = Assert.Throws<InvalidOperationException>(() => Fit(steps: Step)).Message;
        Assert.Contains("stands at step 7", message, StringComparison.Ordinal);
        Assert.Contains("Steps", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_without_a_whole_optimiser_state_is_refused_with_what_is_missing()
    {
        var missing = new FlaxPath("score_model", "conv_in", "bias");
        Write(alterMean: mean => mean.Remove(missing));
        string message = Assert.Throws<InvalidDataException>(() => Fit()).Message;
        Assert.Contains("opt_state/0/mu", message, StringComparison.Ordinal);
        Assert.Contains("'score_model/conv_in/bias' is missing", message, StringComparison.Ordinal);

        Write(counter: value => -value);
        Assert.Contains("'step'", Assert.Throws<InvalidDataException>(() => Fit()).Message, StringComparison.Ordinal);
        Write(withOptimizer: false);
        Assert.Contains("'opt_state/0/mu'", Assert.Throws<InvalidDataException>(() => Fit()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_describe_another_model_are_refused_by_their_names()
    {
        Write();
        void Refused(string option, Action<DiffEncTrainer.Options> change)
        {
            var options = Options(Step + 1);
            change(options);
            var error = Assert.ThrowsAny<ArgumentException>(() => _ml.Generative().DiffEnc(options));
            Assert.Contains(option, error.Message, StringComparison.Ordinal);
        }
        Refused("DenoiserWidth is 64", o => o.DenoiserWidth = 64);
        Refused("DenoiserWidth is 128", o => o.Preset = DiffEncPreset.DiffEnc8_2);
        Refused("Encoder is None", o => o.Encoder = EncoderKind.None);
        Refused("EncoderLayout is MultiResolution", o => o.EncoderLayout = EncoderLayout.MultiResolution);
        Refused("EncoderBlocks is 1", o => o.EncoderBlocks = 1);
        Refused("GammaMin is -12.5", o => o.GammaMin = -12.5f);
        Refused("NoiseSchedule", o => o.NoiseSchedule = NoiseScheduleKind.Monotone);
        Refused("ReferenceConfigPath", o => o.ReferenceConfigPath = null);
        Refused("ReferenceCheckpointPath", o => o.ReferenceCheckpointPath = " ");
        using var model = DiffEncModel.Create(Description());
        Refused("InitialModel", o => o.InitialModel = model);
        _ml.Generative().DiffEnc(Agreeing(Options(Step + 1)));
    }

    private static DiffEncTrainer.Options Agreeing(DiffEncTrainer.Options options)
    {
        (options.Encoder, options.DenoiserWidth, options.EncoderWidth, options.EncoderBlocks) = (EncoderKind.Trainable, 32, 32, 2);
        return options;
    }

    private DiffEncTrainer.Options Options(int steps) => new()
    {
        Width = Side,
        Height = Side,
        Channels = 1,
        ReferenceCheckpointPath = Checkpoint,
        ReferenceConfigPath = Config,
        Steps = steps,
        BatchSize = 2,
        LearningRate = Rate,
        WarmUpSteps = Step, // over: with a second warm-up the rate would be 0
        Dropout = 0,
        Seed = Seed,
    };

    private DiffEncTransformer Fit(int steps = Step + 1, double emaDecay = 0.9, string? folder = null)
    {
        var options = Options(steps);
        (options.EmaDecay, options.CheckpointFolder) = (emaDecay, folder);
        return _ml.Generative().DiffEnc(options).Fit(Images());
    }

    /// <summary>The same picture several times, so that a batch is the same whatever the order.</summary>
    private IDataView Images() => _ml.Data.LoadFromEnumerable(Enumerable.Repeat(TrainingRuns.Rows(1)[0], 3));

    /// <summary>The loss's gradients at the checkpoint's weights, by the public bound with the draws of step <see cref="Step"/>.</summary>
    private (Dictionary<string, Tensor> Gradients, Dictionary<string, Tensor> Weights) Gradients()
    {
        using var model = ReferenceCheckpoint.Load(Checkpoint, Config, Side, Side, "params");
        var pixels = tensor(TrainingRuns.Rows(1)[0].Image).reshape(1, 1, Side, Side).expand(2, 1, Side, Side);
        using var generator = new Generator(Seeds.Mix(Seed, 1, Step));
        var times = LowDiscrepancy.Times(rand(1, dtype: float64, generator: generator), 2);
        var (eps0, eps) = (randn([2, 1, Side, Side], generator: generator), randn([2, 1, Side, Side], generator: generator));
        using var asInTraining = model.TakeFirstDerivativesOnly(); // the same kernels: AdamW enlarges the rounding of small gradients
        var (reconstruction, latent, diffusion) = model.Bound(pixels, times, eps0, eps);
        ((reconstruction + latent + diffusion).mean() / (Side * Side * Math.Log(2))).backward();
        var parameters = model.NamedParameters;
        return (parameters.ToDictionary(p => p.Key, p => p.Value.grad!.clone()), parameters.ToDictionary(p => p.Key, p => p.Value.detach().clone()));
    }

    private ModelDescription Description() => ReferenceConfig.Read(Config, Side, Side, 1);

    /// <summary>Writes configuration and checkpoint: a DiffEnc with a trainable encoder, so that weights of every layout occur.</summary>
    private (Dictionary<string, Tensor> Average, Dictionary<string, Tensor> Mean, Dictionary<string, Tensor> Square) Write(
        bool clipped = false, bool withOptimizer = true, ulong seed = 17, Func<int, object>? counter = null,
        Action<Dictionary<FlaxPath, FlaxDocument.Array>>? alterMean = null)
    {
        counter ??= value => new FlaxDocument.Array("int32", [], BitConverter.GetBytes(value));
        File.WriteAllText(Config, ReferenceConfigs.Of("S3VA").ToJsonString());
        using var model = Models.Create(Description(), dtype: float32);
        using var generator = new Generator(seed);
        Dictionary<string, Tensor> Like(Func<Tensor, Tensor, Tensor> make) => model.NamedParameters.OrderBy(p => p.Key, StringComparer.Ordinal)
            .ToDictionary(p => p.Key, p => make(p.Value.detach(), randn(p.Value.shape, generator: generator)));
        var (average, mean) = (Like((w, noise) => w + 0.01 * noise), Like((_, noise) => 0.1 * noise));
        var square = Like((_, noise) => 0.01 * (0.5 + noise * noise));

        object Tree(IReadOnlyDictionary<string, Tensor> tensors, Action<Dictionary<FlaxPath, FlaxDocument.Array>>? alter = null)
        {
            var tree = FlaxTrees.Of(model.Description, tensors);
            alter?.Invoke(tree);
            return FlaxTrees.Nest(tree);
        }
        Dictionary<string, object?> none = [];
        Dictionary<string, object?> adamw = new()
        {
            ["0"] = new Dictionary<string, object?> { ["count"] = counter(Updates), ["mu"] = Tree(mean, alterMean), ["nu"] = Tree(square) },
            ["1"] = new Dictionary<string, object?> { ["inner_state"] = none },
            ["2"] = none,
        };
        File.WriteAllBytes(Checkpoint, FlaxDocument.Write(new Dictionary<string, object?>
        {
            ["ema_params"] = Tree(average),
            ["opt_state"] = !withOptimizer ? none : clipped ? new Dictionary<string, object?> { ["0"] = none, ["1"] = adamw } : adamw,
            ["params"] = Tree(model.NamedParameters),
            ["step"] = counter(Step),
        }));
        return (average, mean, square);
    }

    private static double[] Doubles(Tensor tensor)
    {
        using var doubles = tensor.detach().to(float64);
        return doubles.data<double>().ToArray();
    }
}
